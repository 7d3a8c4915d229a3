import { describe, expect, it } from "vitest";
import { openDocument } from "../../fixtures/definitions";
import { createNode } from "../graph";
import { connect } from "../operations";
import { runTargets } from "../targets";

describe("a run up to some nodes", () => {
  it("takes the nearest output, the chosen outputs, or none", () => {
    const document = openDocument();
    const preview = createNode(document.graph, "PreviewImage", [0, 0]);
    document.edit("add", [{ kind: "addNode", node: preview }]);
    document.edit("connect", connect(document.graph, { node: "6", slot: 0 }, { node: preview.id, input: "images" }));
    expect(runTargets(document.graph, ["5"]).sort()).toEqual(["7", preview.id].sort());
    expect(runTargets(document.graph, ["5", preview.id])).toEqual([preview.id]);
    document.edit("mute", [{ kind: "field", id: preview.id, field: "mode", value: 2 }]);
    expect(runTargets(document.graph, [preview.id])).toEqual([]);
    expect(runTargets(document.graph, ["1"])).toEqual(["7"]);
  });
});
