import { describe, expect, it } from "vitest";
import { openDynamic, openDynamicPrompt } from "../../fixtures/dynamic";
import type { Document } from "../document";
import { toJson } from "../exact_json";
import { createNode } from "../graph";
import { connect, cutOut, fragmentFromText, fragmentToText, insertFragment, removeNodes } from "../operations";
import { valueEdit } from "../promoted";
import { buildPrompt } from "../prompt";
import type { JsonObject } from "../types";
import { writeWorkflow } from "../workflow_write";

const text = (document: Document): string => toJson(writeWorkflow(document.root));
const names = (document: Document, id: string): string[] => document.graph.node(id).inputs.map((socket) => socket.name);
const widgets = (document: Document, id: string): string[] => document.graph.widgets(document.graph.node(id)).map((spec) => spec.name);
const join = (document: Document, from: string, to: string, input: string): void => document.edit("connect", connect(document.graph, { node: from, slot: 0 }, { node: to, input }));
const add = (document: Document, type: string): string => {
  const node = createNode(document.graph, type, [0, 0]);
  document.edit("add", [{ kind: "addNode", node }]);
  return node.id;
};
const choose = (document: Document, id: string, name: string, value: string): void => {
  const node = document.graph.node(id);
  document.edit("choose", [valueEdit(document.graph, node, document.graph.widgets(node).find((spec) => spec.name === name)!, value)]);
};

/** Two pictures into a batch, as the ecosystem writes it. */
const BATCH: JsonObject = {
  last_node_id: 5, last_link_id: 2, version: 0.4, groups: [], config: {}, extra: {},
  nodes: [
    { id: 1, type: "LoadImage", pos: [0, 0], size: [1, 1], flags: {}, order: 0, mode: 0, outputs: [{ name: "IMAGE", type: "IMAGE", links: [1, 2] }, { name: "MASK", type: "MASK", links: null }], properties: {}, widgets_values: ["a.png", "image"] },
    {
      id: 5, type: "BatchImages", pos: [9, 9], size: [200, 80], flags: {}, order: 1, mode: 0, properties: { theirs: 1 }, widgets_values: [7, "fixed"],
      inputs: [
        { label: "image0", name: "images.image0", type: "IMAGE", link: 1 }, { label: "image1", name: "images.image1", type: "IMAGE", link: 2 },
        { label: "image2", name: "images.image2", shape: 7, type: "IMAGE", link: null }, { name: "seed", type: "INT", widget: { name: "seed" }, link: null },
      ],
      outputs: [{ name: "IMAGE", type: "IMAGE", links: null }],
    },
  ],
  links: [[1, 1, 0, 5, 0, "IMAGE"], [2, 1, 0, 5, 1, "IMAGE"]],
};
/** A choice with the inputs of its third option, in widgets_values right after it. */
const RESIZE: JsonObject = {
  last_node_id: 2, last_link_id: 0, links: [], version: 0.4, groups: [], config: {}, extra: {},
  nodes: [{
    id: 2, type: "ResizeBy", pos: [0, 0], size: [1, 1], flags: {}, order: 0, mode: 0, properties: {}, widgets_values: ["scale", 2.5, "lanczos"],
    inputs: [
      { name: "input", type: "IMAGE", link: null }, { name: "resize_type", type: "COMFY_DYNAMICCOMBO_V3", widget: { name: "resize_type" }, link: null },
      { name: "resize_type.multiplier", type: "FLOAT", widget: { name: "resize_type.multiplier" }, link: null }, { name: "resize_type.guide", type: "IMAGE", link: null },
    ],
    outputs: [{ name: "IMAGE", type: "IMAGE", links: [] }],
  }],
};

describe("inputs that grow", () => {
  it("shows the least number and one more; a further one comes with each link, up to the most", () => {
    const document = openDynamic(BATCH);
    const id = add(document, "BatchImages");
    expect(names(document, id)).toEqual(["images.image0", "images.image1", "images.image2", "seed"]);
    join(document, "1", id, "images.image2");
    expect(names(document, id)).toEqual(["images.image0", "images.image1", "images.image2", "images.image3", "seed"]);
    join(document, "1", id, "images.image3");
    expect(names(document, id)).toHaveLength(5);
    expect(document.graph.node(id).inputs.map((socket) => socket.optional)).toEqual([false, false, true, true, false]);
    document.edit("cut", [{ kind: "removeLink", id: document.graph.linkInto(id, "images.image3")!.id }]);
    document.edit("cut", [{ kind: "removeLink", id: document.graph.linkInto(id, "images.image2")!.id }]);
    expect(names(document, id)).toEqual(["images.image0", "images.image1", "images.image2", "seed"]);
  });

  it("named ones come one after the other", () => {
    const document = openDynamic(BATCH);
    const id = add(document, "Many");
    expect(names(document, id)).toEqual(["words.first"]);
  });

  it("are read from a file and written as they came; a further link stands at its place, and undo brings the bytes back", () => {
    const document = openDynamic(BATCH);
    const before = text(document);
    expect(before).toBe(toJson(BATCH));
    join(document, "1", "5", "images.image2");
    const [, node] = document.toWorkflow().nodes as { inputs: { name: string; link: number | null }[] }[];
    expect(node!.inputs.map(({ name, link }) => [name, link])).toEqual([["images.image0", 1], ["images.image1", 2], ["images.image2", 3], ["seed", null]]);
    join(document, "1", "5", "images.image3");
    const [, later] = document.toWorkflow().nodes as { inputs: { name: string }[] }[];
    expect(later!.inputs.map(({ name }) => name)).toEqual(["images.image0", "images.image1", "images.image2", "images.image3", "seed"]);
    const again = openDynamic(document.toWorkflow());
    expect(buildPrompt(again.graph)).toEqual(buildPrompt(document.graph));
    document.undo();
    document.undo();
    expect(text(document)).toBe(before);
  });

  it("give a prompt with the names that the node takes", () => {
    expect(buildPrompt(openDynamic(BATCH).graph)["5"]!.inputs).toEqual({ "images.image0": ["1", 0], "images.image1": ["1", 0], seed: 7 });
  });

  const linked = (document: Document, id: string): (string | undefined)[] =>
    document.graph.node(id).inputs.filter(({ name }) => name.startsWith("images.")).map(({ name }) => document.graph.linkInto(id, name)?.from);

  it("close up when one in the middle is unlinked or its node goes; undo brings the same bytes back", () => {
    const document = openDynamic(BATCH);
    const third = add(document, "LoadImage");
    const fourth = add(document, "LoadImage");
    join(document, third, "5", "images.image2");
    join(document, fourth, "5", "images.image3");
    const before = text(document);
    document.edit("cut", [{ kind: "removeLink", id: document.graph.linkInto("5", "images.image1")!.id }]);
    expect(linked(document, "5")).toEqual(["1", third, fourth, undefined]);
    expect(Object.keys(buildPrompt(document.graph)["5"]!.inputs).sort()).toEqual(["images.image0", "images.image1", "images.image2", "seed"]);
    document.edit("delete", removeNodes(document.graph, ["1"]));
    expect(linked(document, "5")).toEqual([third, fourth, undefined]);
    document.undo();
    document.undo();
    expect(text(document)).toBe(before);
    document.redo();
    expect(linked(document, "5")).toEqual(["1", third, fourth, undefined]);
  });

  it("stay where they are when another link comes in its place, and when their names mean something", () => {
    const document = openDynamic(BATCH);
    const other = add(document, "LoadImage");
    join(document, "1", "5", "images.image2");
    const swapped = connect(document.graph, { node: other, slot: 0 }, { node: "5", input: "images.image1" });
    document.edit("connect", swapped);
    expect(linked(document, "5")).toEqual(["1", other, "1", undefined]);
    const id = add(document, "Many");
    const texts = add(document, "Many");
    for (const input of ["words.first", "words.second"]) document.edit("connect", connect(document.graph, { node: texts, slot: 0 }, { node: id, input }));
    document.edit("cut", [{ kind: "removeLink", id: document.graph.linkInto(id, "words.first")!.id }]);
    expect(document.graph.linkInto(id, "words.second")?.from).toBe(texts);
  });

  it("keep a hole that was left on purpose while other things are done, and in a file", () => {
    const document = openDynamic(BATCH);
    const id = add(document, "BatchImages");
    join(document, "1", id, "images.image2");
    document.edit("value", [{ kind: "value", id, name: "seed", value: 8 }]);
    join(document, "1", id, "images.image0");
    expect(linked(document, id)).toEqual(["1", undefined, "1", undefined]);
    expect(linked(openDynamic(document.toWorkflow()), id)).toEqual(["1", undefined, "1", undefined]);
  });

  it("are pasted with their links", () => {
    const document = openDynamic(BATCH);
    const { edits, ids } = insertFragment(document.graph, fragmentFromText(fragmentToText(cutOut(document.graph, ["1", "5"])))!, [0, 0]);
    document.edit("paste", edits);
    expect(document.graph.linkInto(ids[1]!, "images.image1")?.from).toBe(ids[0]);
    document.edit("delete", removeNodes(document.graph, [ids[0]!]));
    expect(names(document, ids[1]!)).toEqual(["images.image0", "images.image1", "images.image2", "seed"]);
  });
});

describe("a choice that brings inputs", () => {
  it("is read and written as the ecosystem does: its inputs' values right after it", () => {
    const document = openDynamic(RESIZE);
    expect(text(document)).toBe(toJson(RESIZE));
    expect(document.graph.node("2").values).toMatchObject({ resize_type: "scale", "resize_type.multiplier": 2.5, method: "lanczos" });
    expect(buildPrompt(document.graph)["2"]!.inputs).toEqual({ resize_type: "scale", "resize_type.multiplier": 2.5, method: "lanczos" });
  });

  it("another option shows its own inputs, drops the links of those that go, and writes its own values", () => {
    const document = openDynamic(RESIZE);
    const picture = add(document, "LoadImage");
    join(document, picture, "2", "resize_type.guide");
    const before = text(document);
    choose(document, "2", "resize_type", "longer");
    expect(names(document, "2")).toEqual(["input", "resize_type", "resize_type.longer_size", "method"]);
    expect(widgets(document, "2")).toEqual(["resize_type", "resize_type.longer_size", "method"]);
    expect(document.graph.node(picture).outputs[0]!.links).toEqual([]);
    expect((document.toWorkflow().nodes as { widgets_values: unknown }[])[0]!.widgets_values).toEqual(["longer", 512, "lanczos"]);
    expect(text(openDynamic(writeWorkflow(document.root)))).toBe(text(document));
    document.undo();
    expect(text(document)).toBe(before);
    document.redo();
    choose(document, "2", "resize_type", "none");
    expect(widgets(document, "2")).toEqual(["resize_type", "method"]);
  });

  it("a value of another kind under the same name gives way to the default", () => {
    const document = openDynamic(RESIZE);
    choose(document, "2", "resize_type", "longer");
    document.edit("t", [{ kind: "value", id: "2", name: "resize_type.longer_size", value: 99 }]);
    choose(document, "2", "resize_type", "text");
    expect(buildPrompt(document.graph)["2"]!.inputs["resize_type.longer_size"]).toBe("as it is");
    document.undo();
    expect(buildPrompt(document.graph)["2"]!.inputs["resize_type.longer_size"]).toBe(99);
  });

  it("chosen twice in one gesture is taken back whole", () => {
    const document = openDynamic(RESIZE);
    join(document, add(document, "LoadImage"), "2", "resize_type.guide");
    const before = text(document);
    for (const value of ["longer", "scale", "none"]) document.edit("choose", [{ kind: "value", id: "2", name: "resize_type", value }], "value 2 resize_type");
    document.undo();
    expect(text(document)).toBe(before);
  });
});

describe("a slot that brings inputs", () => {
  it("shows them once it is linked", () => {
    const document = openDynamic(BATCH);
    const id = add(document, "Attached");
    expect(names(document, id)).toEqual(["mask"]);
    document.edit("connect", connect(document.graph, { node: "1", slot: 1 }, { node: id, input: "mask" }));
    expect(widgets(document, id)).toEqual(["mask.grow"]);
    expect(buildPrompt(document.graph)[id]!.inputs).toEqual({ mask: ["1", 1], "mask.grow": 3 });
  });
});

describe("a prompt with dynamic inputs that is opened", () => {
  it("gives the same prompt again; a literal at a socket comes from a primitive", () => {
    const meta = (title: string) => ({ _meta: { title } });
    const prompt = {
      "1": { class_type: "LoadImage", inputs: { image: "a.png" }, ...meta("Load Image") },
      "2": { class_type: "ResizeBy", inputs: { input: ["1", 0], resize_type: "scale", "resize_type.multiplier": 3, "resize_type.guide": ["1", 0], method: "area" }, ...meta("ResizeBy") },
      "3": { class_type: "BatchImages", inputs: { "images.image0": ["1", 0], "images.image1": ["2", 0], "images.image3": ["1", 0], seed: 4 }, ...meta("BatchImages") },
      "4": { class_type: "Many", inputs: { "words.first": "literal", "words.second": ["4x", 0] }, ...meta("Many") },
      "4x": { class_type: "Many", inputs: {}, ...meta("Many") },
      "5": { class_type: "Attached", inputs: { mask: ["1", 1], "mask.grow": 8 }, ...meta("Attached") },
    };
    const { graph, problems } = openDynamicPrompt(prompt as unknown as JsonObject);
    expect(problems).toEqual([]);
    expect(buildPrompt(graph)).toEqual(prompt);
  });

  it("says what has no place", () => {
    expect(openDynamicPrompt({ "1": { class_type: "LoadImage", inputs: { image: "a", odd: 3 } } }).problems).toEqual(["Node 1 (LoadImage) has no input odd; its value was left out."]);
  });
});
