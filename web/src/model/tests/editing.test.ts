import { describe, expect, it } from "vitest";
import { definitions, openDocument } from "../../fixtures/definitions";
import type { Document } from "../document";
import { createNode } from "../graph";
import { connect, cutOut, dependsOn, dissolveNode, fragmentFromText, fragmentToText, insertFragment, mayConnect, removeNodes } from "../operations";
import { advanceSeeds } from "../seeds";
import { accepts } from "../sockets";
import { fits, searchDefinitions } from "../fuzzy";
import { writeWorkflow } from "../workflow_write";

const text = (document: Document): string => JSON.stringify(writeWorkflow(document.graph));

/** A small repeatable source of random numbers (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function randomEdit(document: Document, next: () => number): void {
  const { graph } = document;
  const nodes = [...graph.nodes.values()];
  const node = nodes[Math.floor(next() * nodes.length)];
  const types = ["KSampler", "CLIPTextEncode", "VAEDecode", "Reroute", "Note", "LoadImage"];
  const choice = Math.floor(next() * 8);
  if (choice === 0 || !node) return document.edit("add", [{ kind: "addNode", node: createNode(graph, types[Math.floor(next() * types.length)]!, [next() * 500, 0]) }]);
  if (choice === 1) return document.edit("remove", removeNodes(graph, [node.id]));
  if (choice === 2) return document.edit("move", [{ kind: "field", id: node.id, field: "pos", value: [next() * 100, 5] }], "move");
  if (choice === 3) return document.edit("dissolve", dissolveNode(graph, node.id));
  if (choice === 4) return document.edit("paste", insertFragment(graph, cutOut(graph, [node.id]), [0, 0], true).edits);
  const widget = graph.widgets(node)[0];
  if (choice === 5 && widget) return document.edit("value", [{ kind: "value", id: node.id, name: widget.name, value: Math.floor(next() * 99) }]);
  const source = nodes[Math.floor(next() * nodes.length)]!;
  const input = node.inputs[Math.floor(next() * node.inputs.length)];
  if (input && source.outputs.length > 0 && mayConnect(graph, { node: source.id, slot: 0 }, { node: node.id, input: input.name }))
    document.edit("connect", connect(graph, { node: source.id, slot: 0 }, { node: node.id, input: input.name }));
}

describe("undo", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])("takes any series of edits back to the same bytes, and redo does them again (series %i)", (seed) => {
    const document = openDocument();
    const next = random(seed);
    const before = text(document);
    for (let step = 0; step < 120; step++) randomEdit(document, next);
    const after = text(document);
    expect(after).not.toBe(before);
    while (document.history.canUndo) document.undo();
    expect(text(document)).toBe(before);
    while (document.history.canRedo) document.redo();
    expect(text(document)).toBe(after);
  });

  it("makes one step of a gesture and separate steps of two", () => {
    const document = openDocument();
    const move = (x: number): void => document.edit("move", [{ kind: "field", id: "5", field: "pos", value: [x, 0] }], "move");
    [1, 2, 3].forEach(move);
    document.endGesture();
    [7, 8].forEach(move);
    document.undo();
    expect(document.graph.node("5").pos).toEqual([3, 0]);
    document.undo();
    expect(document.graph.node("5").pos).toEqual([704, 34]);
    expect(document.history.canUndo).toBe(false);
  });

  it("records nothing when an edit can't be applied", () => {
    const document = openDocument();
    const before = text(document);
    expect(() => document.edit("bad", [{ kind: "field", id: "5", field: "pos", value: [9, 9] }, { kind: "removeNode", id: "5" }])).toThrow(/unlinked/);
    expect(text(document)).toBe(before);
    expect(document.history.canUndo).toBe(false);
  });
});

describe("connecting", () => {
  it.each([
    ["MODEL", "MODEL", true], ["MODEL", "CLIP", false], ["*", "CLIP", true], ["IMAGE,MASK", "MASK", true], ["IMAGE", "IMAGE,MASK", false],
    ["IMAGE,MASK", "IMAGE,MASK", true], ["image", "IMAGE", true],
  ])("an input %s takes an output %s: %s", (input, output, expected) => expect(accepts(input, output)).toBe(expected));

  it("replaces the link that was there, and refuses a circle", () => {
    const { graph } = openDocument();
    expect(connect(graph, { node: "3", slot: 0 }, { node: "5", input: "positive" }).map((edit) => edit.kind)).toEqual(["removeLink", "addLink"]);
    expect(connect(graph, { node: "2", slot: 0 }, { node: "5", input: "positive" })).toEqual([]);
    expect(dependsOn(graph, "5", "1")).toBe(true);
    expect(mayConnect(graph, { node: "5", slot: 0 }, { node: "5", input: "latent_image" })).toBe(false);
  });

  it("dissolving a node joins what it stood between", () => {
    const document = openDocument();
    document.edit("add", [{ kind: "addNode", node: createNode(document.graph, "LatentUpscaleBy", [0, 0]) }]);
    document.edit("in", connect(document.graph, { node: "5", slot: 0 }, { node: "8", input: "samples" }));
    document.edit("out", connect(document.graph, { node: "8", slot: 0 }, { node: "6", input: "samples" }));
    document.edit("dissolve", dissolveNode(document.graph, "8"));
    expect(document.graph.linkInto("6", "samples")?.from).toBe("5");
  });
});

describe("the clipboard", () => {
  it("carries nodes with the links between them", () => {
    const document = openDocument();
    const fragment = fragmentFromText(fragmentToText(cutOut(document.graph, ["2", "5"])));
    const { edits, ids } = insertFragment(document.graph, fragment!, [1000, 1000]);
    document.edit("paste", edits);
    expect(ids).toEqual(["8", "9"]);
    expect(document.graph.linkInto("9", "positive")?.from).toBe("8");
    expect(document.graph.linkInto("9", "model")).toBeUndefined();
  });

  it.each(["", "hello", "{}", '{"weft":"fragment","nodes":[{}],"links":[]}'])("ignores other text: %j", (other) => expect(fragmentFromText(other)).toBeNull());
});

describe("seeds", () => {
  it.each([["fixed", 7], ["increment", 8], ["decrement", 6]])("%s gives %i", (mode, expected) => {
    const document = openDocument();
    document.edit("t", [
      { kind: "value", id: "5", name: "seed", value: 7 },
      { kind: "value", id: "5", name: "seed:control_after_generate", value: mode },
    ]);
    document.edit("t", advanceSeeds(document.graph));
    expect(document.graph.node("5").values.seed).toBe(expected);
  });

  it("randomize draws a whole number that a browser can hold", () => {
    const document = openDocument();
    document.edit("t", [{ kind: "value", id: "5", name: "seed:control_after_generate", value: "randomize" }]);
    document.edit("t", advanceSeeds(document.graph, () => 0.999999));
    expect(Number.isSafeInteger(document.graph.node("5").values.seed)).toBe(true);
  });
});

describe("the search", () => {
  it.each([["ksam", "KSampler"], ["load check", "CheckpointLoaderSimple"], ["empty", "EmptyLatentImage"], ["vaed", "VAEDecode"], ["clip text", "CLIPTextEncode"]])("%j finds %s first", (query, type) =>
    expect(searchDefinitions(definitions, query, null)[0]?.type).toBe(type));

  it("offers only what fits a dropped link", () => {
    const found = searchDefinitions(definitions, "", { side: "input", type: "LATENT" });
    expect(found.map((definition) => definition.type)).toContain("VAEDecode");
    expect(found.every((definition) => fits(definition, { side: "input", type: "LATENT" }))).toBe(true);
    expect(found.map((definition) => definition.type)).not.toContain("CLIPTextEncode");
  });
});
