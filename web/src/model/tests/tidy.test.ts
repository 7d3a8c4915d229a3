import { describe, expect, it } from "vitest";
import { openDocument } from "../../fixtures/definitions";
import { createNode } from "../graph";
import { connect } from "../operations";
import { tidyEdits } from "../tidy";

describe("tidying up", () => {
  it("puts the chosen nodes in columns by depth, from their corner, and leaves the others", () => {
    const document = openDocument();
    document.edit("move", [{ kind: "field", id: "6", field: "pos", value: [700, 40] }]);
    const others = ["1", "2", "3", "4", "7"].map((id) => document.graph.node(id).pos);
    document.edit("tidy", tidyEdits(document.graph, new Set(["5", "6"]), () => false));
    const [sampler, decode] = [document.bounds("5"), document.bounds("6")];
    expect(document.graph.node("5").pos).toEqual([700, 34]);
    expect(decode.x).toBeGreaterThan(sampler.x + sampler.width);
    expect(["1", "2", "3", "4", "7"].map((id) => document.graph.node(id).pos)).toEqual(others);
  });
});

describe("a primitive", () => {
  it("takes the value of the first widget it feeds, and keeps its own after that", () => {
    const document = openDocument();
    document.edit("add", [{ kind: "addNode", node: createNode(document.graph, "PrimitiveNode", [0, 0]) }]);
    document.edit("connect", connect(document.graph, { node: "8", slot: 0 }, { node: "5", input: "steps" }));
    expect(document.graph.node("8").values.value).toBe(20);
    document.edit("value", [{ kind: "value", id: "8", name: "value", value: 9 }]);
    document.edit("connect", connect(document.graph, { node: "8", slot: 0 }, { node: "4", input: "batch_size" }));
    expect(document.graph.node("8").values.value).toBe(9);
  });
});
