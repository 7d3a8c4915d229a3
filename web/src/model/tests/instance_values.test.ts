/** Inputs of a subgraph that lead to a widget inside: each node of the subgraph has a value of its own for it. */

import { describe, expect, it } from "vitest";
import { openDocument } from "../../fixtures/definitions";
import { ofNode, pack } from "../../fixtures/subgraphs";
import type { Document } from "../document";
import { toJson } from "../exact_json";
import { createNode } from "../graph";
import { connect, cutOut, fragmentFromText, fragmentToText, insertFragment } from "../operations";
import { buildPrompt } from "../prompt";
import { SUBGRAPH_INPUT } from "../subgraph_type";
import { unpackSubgraph } from "../unpack";
import { writeWorkflow } from "../workflow_write";

const text = (document: Document): string => toJson(writeWorkflow(document.root));
const steps = (document: Document): unknown[] => Object.values(buildPrompt(document.root)).filter((node) => node.class_type === "KSampler").map((node) => node.inputs.steps);

/** The sampler in a subgraph whose new input leads to its steps, and a second node of that subgraph. */
function twoOfOne(): { document: Document; first: string; second: string } {
  const document = openDocument();
  const first = pack(document, ["5"]);
  document.enter(first);
  const slot = document.graph.node(SUBGRAPH_INPUT).outputs.length;
  document.edit("new input", connect(document.graph, { node: SUBGRAPH_INPUT, slot }, { node: "5", input: "steps" }));
  document.leave();
  const node = createNode(document.graph, document.graph.node(first).type, [900, 900]);
  document.edit("add", [{ kind: "addNode", node }]);
  return { document, first, second: node.id };
}

describe("an input that leads to a widget inside", () => {
  it("is a widget of every node of the subgraph, with the value inside until it gets its own", () => {
    const { document, first, second } = twoOfOne();
    for (const id of [first, second]) expect(document.graph.widgets(document.graph.node(id)).map((spec) => spec.name)).toEqual(["steps"]);
    expect(steps(document)).toEqual([20, 20]);
    document.edit("t", [{ kind: "value", id: first, name: "steps", value: 7 }]);
    document.edit("t", [{ kind: "value", id: second, name: "steps", value: 9 }]);
    expect(steps(document)).toEqual([7, 9]);
    expect(ofNode(document, first).node("5").values.steps).toBe(20);
  });

  it("is written with each node's value and read again, and by then changed at its place", () => {
    const { document, first, second } = twoOfOne();
    document.edit("t", [{ kind: "value", id: first, name: "steps", value: 7 }]);
    const again = openDocument(writeWorkflow(document.root));
    expect(steps(again)).toEqual([7, 20]);
    expect(text(again)).toBe(text(document));
    again.edit("t", [{ kind: "value", id: second, name: "steps", value: 3 }]);
    expect(steps(openDocument(writeWorkflow(again.root)))).toEqual([7, 3]);
    expect(openDocument(writeWorkflow(again.root)).graph.node(second).inputs.at(-1)).toMatchObject({ name: "steps", widget: true, link: null });
  });

  it("goes along with copies, and with the nodes when the subgraph is unpacked", () => {
    const { document, first } = twoOfOne();
    document.edit("t", [{ kind: "value", id: first, name: "steps", value: 7 }]);
    for (const from of [document, openDocument(writeWorkflow(document.root))]) {
      const target = openDocument();
      const fragment = fragmentFromText(fragmentToText(cutOut(from.graph, [first])))!;
      const { edits, ids } = insertFragment(target.graph, fragment, [0, 0]);
      target.edit("paste", edits);
      expect(steps(openDocument(writeWorkflow(target.root)))).toEqual([20, 7]);
      target.edit("unpack", unpackSubgraph(target.graph, ids[0]!).edits);
      expect(steps(openDocument(writeWorkflow(target.root)))).toEqual([20, 7]);
    }
  });

  it("comes to nodes of a file as well, and undo takes all of it back to the same bytes", () => {
    const made = openDocument();
    const id = pack(made, ["5"]);
    const document = openDocument(writeWorkflow(made.root));
    const before = text(document);
    document.enter(id);
    document.edit("new input", connect(document.graph, { node: SUBGRAPH_INPUT, slot: document.graph.node(SUBGRAPH_INPUT).outputs.length }, { node: "5", input: "cfg" }));
    document.leave();
    document.edit("t", [{ kind: "value", id, name: "cfg", value: 2 }]);
    const again = openDocument(writeWorkflow(document.root));
    expect(Object.values(buildPrompt(again.root)).find((node) => node.class_type === "KSampler")!.inputs.cfg).toBe(2);
    while (document.history.canUndo) document.undo();
    expect(text(document)).toBe(before);
  });

  it("a link from outside takes its place; without it the node's value counts again", () => {
    const { document, second } = twoOfOne();
    document.edit("t", [{ kind: "value", id: second, name: "steps", value: 9 }]);
    const primitive = createNode(document.graph, "PrimitiveNode", [0, 0]);
    document.edit("add", [{ kind: "addNode", node: { ...primitive, values: { value: 31 } } }]);
    document.edit("connect", connect(document.graph, { node: primitive.id, slot: 0 }, { node: second, input: "steps" }));
    expect(steps(openDocument(writeWorkflow(document.root)))).toEqual([20, 31]);
    document.edit("cut", [{ kind: "removeLink", id: document.graph.linkInto(second, "steps")!.id }]);
    expect(steps(openDocument(writeWorkflow(document.root)))).toEqual([20, 9]);
  });
});
