import { describe, expect, it } from "vitest";
import { copy, definitions } from "../../fixtures/definitions";
import { DEFAULT_WORKFLOW } from "../default_workflow";
import { readDefinition } from "../definitions";
import { Document } from "../document";
import { createNode } from "../graph";
import { connect } from "../operations";
import { areaEdits, fitted, pictureSize, regionsOf } from "../regions";
import { readWorkflow } from "../workflow_read";

const SIDES = ["width", "height", "x", "y"];
const areaType = (type: string, unit: string) =>
  readDefinition(type, { input: { required: { conditioning: ["CONDITIONING", {}], ...Object.fromEntries(SIDES.map((side) => [side, [unit, { default: 0 }]])) } }, output: ["CONDITIONING"] });
const known = new Map([...definitions, ["ConditioningSetArea", areaType("ConditioningSetArea", "INT")], ["ConditioningSetAreaPercentage", areaType("ConditioningSetAreaPercentage", "FLOAT")]] as const);

function withAreas() {
  const document = new Document("test", "Test", readWorkflow(copy(DEFAULT_WORKFLOW), known).graph);
  const { graph } = document;
  const add = (type: string, values: Record<string, number>) => {
    const node = createNode(graph, type, [0, 0]);
    document.edit("t", [{ kind: "addNode", node }]);
    document.edit("t", Object.entries(values).map(([name, value]) => ({ kind: "value", id: node.id, name, value })));
    return node.id;
  };
  const pixels = add("ConditioningSetArea", { x: 64, y: 0, width: 64, height: 128 });
  const shares = add("ConditioningSetAreaPercentage", { x: 0.5, y: 0.25, width: 0.5, height: 0.5 });
  document.edit("t", connect(graph, { node: "2", slot: 0 }, { node: pixels, input: "conditioning" }));
  return { document, graph, pixels, shares };
}

describe("areas of prompts", () => {
  it("are read in pixels, with the prompt that counts there", () => {
    const { graph, pixels, shares } = withAreas();
    const size = pictureSize(graph);
    const [width, height] = [size.width, size.height];
    expect(regionsOf(graph, size)).toEqual([
      { id: pixels, label: graph.node("2").values.text, rect: { x: 64, y: 0, width: 64, height: 128 }, isFixed: false },
      { id: shares, label: graph.title(graph.node(shares)), rect: { x: width / 2, y: height / 4, width: width / 2, height: height / 2 }, isFixed: false },
    ]);
  });

  it("are set in the node's own unit, as one step", () => {
    const { document, graph, pixels, shares } = withAreas();
    const size = { width: 256, height: 512 };
    document.edit("areas", [...areaEdits(graph, pixels, { x: 8, y: 16, width: 64, height: 72 }, size), ...areaEdits(graph, shares, { x: 64, y: 128, width: 128, height: 256 }, size)]);
    expect(graph.node(pixels).values).toMatchObject({ x: 8, y: 16, width: 64, height: 72 });
    expect(graph.node(shares).values).toMatchObject({ x: 0.25, y: 0.25, width: 0.5, height: 0.5 });
    document.undo();
    expect(graph.node(shares).values).toMatchObject({ x: 0.5, y: 0.25 });
  });

  it("stay on cells and in the picture", () => {
    const size = { width: 512, height: 256 };
    expect(fitted({ x: 13, y: -20, width: 101, height: 3 }, size)).toEqual({ x: 16, y: 0, width: 104, height: 64 });
    expect(fitted({ x: 500, y: 250, width: 900, height: 100 }, size)).toEqual({ x: 0, y: 152, width: 512, height: 104 });
  });
});
