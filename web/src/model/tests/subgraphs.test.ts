import { describe, expect, it } from "vitest";
import { copy, definitions, openDocument } from "../../fixtures/definitions";
import { names, ofNode, pack, shape, text } from "../../fixtures/subgraphs";
import type { Document } from "../document";
import { toJson } from "../exact_json";
import { connect, cutOut, fragmentFromText, fragmentToText, insertFragment, mayConnect, removeNodes } from "../operations";
import { addPort, labelPort, movePort, NEW_PORT, removePort } from "../ports";
import { isLinked, promote, promotionsOf, valueEdit } from "../promoted";
import { buildPrompt } from "../prompt";
import { advanceSeeds } from "../seeds";
import { SUBGRAPH_INPUT, SUBGRAPH_OUTPUT } from "../subgraph_type";
import { createSubgraph, makeUnique } from "../subgraphs";
import type { JsonObject, NodeId } from "../types";
import { unpackSubgraph } from "../unpack";
import { readWorkflow } from "../workflow_read";
import { writeWorkflow } from "../workflow_write";

describe("making a subgraph", () => {
  it("runs as before, through inputs and outputs named after what they lead to, and is undone to the same bytes", () => {
    const document = openDocument();
    const before = text(document);
    const prompt = shape(buildPrompt(document.root));
    const id = pack(document, ["5", "6"]);
    expect(names(document, id, "input")).toEqual(["model", "positive", "negative", "latent_image", "vae"]);
    expect(names(document, id, "output")).toEqual(["IMAGE"]);
    expect(Object.keys(buildPrompt(document.root)).filter((key) => key.includes(":"))).toEqual([`${id}:5`, `${id}:6`]);
    expect(shape(buildPrompt(document.root))).toEqual(prompt);
    expect(ofNode(document, id).node("5").pos).toEqual([704, 34]);
    const reopened = openDocument(writeWorkflow(document.root));
    expect(buildPrompt(reopened.root)).toEqual(buildPrompt(document.root));
    expect(text(reopened)).toBe(text(document));
    document.undo();
    expect(text(document)).toBe(before);
    document.redo();
    expect(text(document)).toBe(text(reopened));
  });

  it("has one input for a source that feeds several nodes, and one output for several targets", () => {
    const document = openDocument();
    const texts = pack(document, ["2", "3"]);
    expect(names(document, texts, "input")).toEqual(["clip"]);
    const loader = pack(document, ["1"], "Loader");
    expect(names(document, loader, "output")).toEqual(["MODEL", "CLIP", "VAE"]);
    expect(shape(buildPrompt(document.root))).toEqual(shape(buildPrompt(openDocument().root)));
  });

  it("writes the format of section 2 of the protocol", () => {
    const document = openDocument();
    const id = pack(document, ["5"]);
    const written = document.toWorkflow();
    const [entry] = (written.definitions as { subgraphs: JsonObject[] }).subgraphs;
    const ids = (entry!.links as JsonObject[]).map((link) => link.id);
    expect(entry).toMatchObject({
      id: document.graph.node(id).type, version: 1, name: "Sampling", inputNode: { id: -10 }, outputNode: { id: -20 }, widgets: [], groups: [],
      inputs: [{ name: "model", type: "MODEL" }, { name: "positive" }, { name: "negative" }, { name: "latent_image" }], outputs: [{ name: "LATENT", type: "LATENT" }],
    });
    expect((entry!.nodes as JsonObject[]).map((node) => node.id)).toEqual([5]);
    expect((entry!.inputs as JsonObject[])[0]!.linkIds).toEqual([ids[0]]);
    expect((entry!.links as JsonObject[])[0]).toMatchObject({ origin_id: -10, origin_slot: 0, target_id: 5, target_slot: 0, type: "MODEL" });
    expect((written.nodes as JsonObject[]).find((node) => String(node.id) === id)).toMatchObject({ properties: { proxyWidgets: [] }, widgets_values: [] });
  });

  it("can be nested, and unpacks level by level", () => {
    const document = openDocument();
    const prompt = shape(buildPrompt(document.root));
    const outer = pack(document, ["4", "5", "6"], "Outer");
    document.enter(outer);
    const inner = pack(document, ["5", "6"], "Inner");
    document.goTo([]);
    expect(Object.keys(buildPrompt(document.root))).toContain(`${outer}:${inner}:5`);
    expect(shape(buildPrompt(document.root))).toEqual(prompt);
    document.enter(outer);
    document.edit("unpack", unpackSubgraph(document.graph, inner).edits);
    expect(shape(buildPrompt(document.root))).toEqual(prompt);
    document.leave();
    document.edit("unpack", unpackSubgraph(document.graph, outer).edits);
    expect(shape(buildPrompt(document.root))).toEqual(prompt);
  });

  it("refuses where nothing is chosen", () => {
    const { graph } = openDocument();
    expect(() => createSubgraph(graph, [], "x", () => ({ x: 0, y: 0, width: 1, height: 1 }))).toThrow(/Select the nodes/);
  });
});

describe("levels", () => {
  it("undo goes to where the step was made", () => {
    const document = openDocument();
    const id = pack(document, ["5"]);
    document.enter(id);
    document.edit("steps", [{ kind: "value", id: "5", name: "steps", value: 7 }]);
    document.leave();
    expect([...document.selection.value]).toEqual([id]);
    document.edit("move", [{ kind: "field", id: "4", field: "pos", value: [1, 1] }]);
    expect(buildPrompt(document.root)[`${id}:5`]!.inputs.steps).toBe(7);
    document.undo();
    expect(document.path.value).toEqual([]);
    document.undo();
    expect(document.path.value).toEqual([id]);
    expect(document.graph.node("5").values.steps).toBe(20);
    document.undo();
    expect(document.path.value).toEqual([]);
    expect(document.graph.node("5").type).toBe("KSampler");
    document.redo();
    document.redo();
    expect(document.path.value).toEqual([id]);
    expect(document.graph.node("5").values.steps).toBe(7);
  });

  it("each remembers its camera, and the file has that of the workflow", () => {
    const document = openDocument();
    const id = pack(document, ["5"]);
    document.camera.value = { x: 1, y: 2, scale: 0.5 };
    document.isPlaced = true;
    document.enter(id);
    expect(document.isPlaced).toBe(false);
    document.camera.value = { x: 9, y: 9, scale: 1 };
    document.isPlaced = true;
    expect((document.toWorkflow().extra as JsonObject).ds).toEqual({ scale: 0.5, offset: [2, 4] });
    document.leave();
    expect(document.camera.value.scale).toBe(0.5);
    document.enter(id);
    expect(document.camera.value).toEqual({ x: 9, y: 9, scale: 1 });
  });

  it("seeds inside move on with each run", () => {
    const document = openDocument();
    const id = pack(document, ["5"]);
    document.enter(id);
    document.edit("t", [{ kind: "value", id: "5", name: "seed:control_after_generate", value: "increment" }]);
    document.goTo([]);
    document.edit("next seed", advanceSeeds(document.root));
    expect(buildPrompt(document.root)[`${id}:5`]!.inputs.seed).toBe(2);
  });
});

describe("inputs and outputs", () => {
  const packed = (): { document: Document; id: NodeId } => {
    const document = openDocument();
    return { document, id: pack(document, ["5", "6"]) };
  };

  it("move with their links", () => {
    const { document, id } = packed();
    const prompt = shape(buildPrompt(document.root));
    document.edit("move", movePort(ofNode(document, id), "input", 0, 1));
    expect(names(document, id, "input").slice(0, 2)).toEqual(["positive", "model"]);
    expect(document.graph.node(id).inputs.map((socket) => socket.name).slice(0, 2)).toEqual(["positive", "model"]);
    expect(shape(buildPrompt(document.root))).toEqual(prompt);
    expect(shape(buildPrompt(openDocument(writeWorkflow(document.root)).root))).toEqual(prompt);
  });

  it("outputs as well, also on a node that came from a file", () => {
    const first = openDocument();
    const id = pack(first, ["1"], "Loader");
    const document = openDocument(first.toWorkflow());
    const prompt = shape(buildPrompt(document.root));
    const before = text(document);
    document.edit("move", movePort(ofNode(document, id), "output", 0, 1));
    document.edit("move", movePort(ofNode(document, id), "output", 1, 1));
    expect(names(document, id, "output")).toEqual(["CLIP", "VAE", "MODEL"]);
    expect(shape(buildPrompt(document.root))).toEqual(prompt);
    const reopened = openDocument(writeWorkflow(document.root));
    expect(reopened.graph.node(id).outputs.map((socket) => socket.name)).toEqual(["CLIP", "VAE", "MODEL"]);
    expect(shape(buildPrompt(reopened.root))).toEqual(prompt);
    document.undo();
    document.undo();
    expect(text(document)).toBe(before);
  });

  it("get labels, which every node shows, and are removed with their links", () => {
    const { document, id } = packed();
    document.edit("label", labelPort(ofNode(document, id), "input", 1, "what to show"));
    expect(document.graph.input(id, "positive")?.label).toBe("what to show");
    expect(openDocument(writeWorkflow(document.root)).graph.input(id, "positive")?.label).toBe("what to show");
    document.edit("remove", removePort(ofNode(document, id), "input", 0));
    expect(document.graph.input(id, "model")).toBeUndefined();
    const sampler = buildPrompt(document.root)[`${id}:5`]!;
    expect(sampler.inputs.model).toBeUndefined();
    expect(sampler.inputs.positive).toEqual(["2", 0]);
    document.undo();
    document.undo();
    expect(document.graph.input(id, "positive")?.label).toBeUndefined();
  });

  it("are made by a link to the border's empty socket, as its other end is named", () => {
    const { document, id } = packed();
    document.enter(id);
    const slot = document.graph.node(SUBGRAPH_INPUT).outputs.length;
    expect(mayConnect(document.graph, { node: SUBGRAPH_INPUT, slot }, { node: SUBGRAPH_OUTPUT, input: NEW_PORT })).toBe(false);
    document.edit("connect", connect(document.graph, { node: SUBGRAPH_INPUT, slot }, { node: "5", input: "steps" }));
    document.edit("connect", connect(document.graph, { node: "5", slot: 0 }, { node: SUBGRAPH_OUTPUT, input: NEW_PORT }));
    document.leave();
    expect(names(document, id, "input").at(-1)).toBe("steps");
    expect(document.graph.node(id).outputs.map((socket) => socket.type)).toEqual(["IMAGE", "LATENT"]);
    expect(document.graph.input(id, "steps")?.type).toBe("INT");
    expect(buildPrompt(document.root)[`${id}:5`]!.inputs.steps).toBe(20);
  });

  it("that are added get a name of their own", () => {
    const { document, id } = packed();
    document.edit("add", addPort(ofNode(document, id), "input", "model", "MODEL"));
    expect(names(document, id, "input").at(-1)).toBe("model_1");
  });
});

describe("promoted widgets", () => {
  it("show and set the value inside, on every node of the subgraph, at any depth", () => {
    const document = openDocument();
    const outer = pack(document, ["5", "6"], "Outer");
    document.enter(outer);
    const inner = pack(document, ["5"], "Inner");
    document.edit("promote", promote(document.root, document.graph.node(inner).type, ["5", "steps"], true));
    const [shown] = document.graph.widgets(document.graph.node(inner));
    expect(shown).toMatchObject({ label: "steps", kind: "number" });
    document.edit("promote", promote(document.root, document.graph.id!, [inner, shown!.name], true));
    document.leave();
    const node = document.graph.node(outer);
    const [spec] = document.graph.widgets(node);
    expect(document.graph.value(node, spec!)).toBe(20);
    document.edit("steps", [valueEdit(document.graph, node, spec!, 33)]);
    expect(buildPrompt(document.root)[`${outer}:${inner}:5`]!.inputs.steps).toBe(33);
    const reopened = openDocument(writeWorkflow(document.root));
    expect(reopened.graph.value(reopened.graph.node(outer), reopened.graph.widgets(reopened.graph.node(outer))[0]!)).toBe(33);
    expect(promotionsOf(node)).toEqual([[inner, "5: steps"]]);
    expect(isLinked(document.graph, node, spec!)).toBe(false);
    document.edit("demote", promote(document.root, node.type, [inner, "5: steps"], false));
    expect(document.graph.widgets(document.graph.node(outer))).toEqual([]);
  });

  it("of one name say whose they are", () => {
    const document = openDocument();
    const id = pack(document, ["2", "3"]);
    for (const inner of ["2", "3"]) document.edit("promote", promote(document.root, document.graph.node(id).type, [inner, "text"], true));
    expect(document.graph.widgets(document.graph.node(id)).map((spec) => spec.label)).toEqual(["What to show: text", "What to avoid: text"]);
  });

  it("of a node that is gone show nothing and stay in the file", () => {
    const document = openDocument();
    const id = pack(document, ["5"]);
    document.edit("promote", promote(document.root, document.graph.node(id).type, ["5", "steps"], true));
    document.enter(id);
    document.edit("delete", removeNodes(document.graph, ["5"]));
    document.leave();
    expect(document.graph.widgets(document.graph.node(id))).toEqual([]);
    expect(promotionsOf(document.graph.node(id))).toEqual([["5", "steps"]]);
  });
});

describe("several nodes of one subgraph", () => {
  const twice = (): { document: Document; first: NodeId; second: NodeId } => {
    const document = openDocument();
    const first = pack(document, ["5"]);
    const inserted = insertFragment(document.graph, cutOut(document.graph, [first]), [0, 900], true);
    document.edit("duplicate", inserted.edits);
    return { document, first, second: inserted.ids[0]! };
  };

  it("stay in step", () => {
    const { document, first, second } = twice();
    expect(document.root.subgraphs.size).toBe(1);
    document.enter(second);
    document.edit("steps", [{ kind: "value", id: "5", name: "steps", value: 3 }]);
    document.edit("port", addPort(document.graph, "input", "extra", "INT"));
    const prompt = buildPrompt(document.root);
    expect([prompt[`${first}:5`]!.inputs.steps, prompt[`${second}:5`]!.inputs.steps]).toEqual([3, 3]);
    document.leave();
    for (const id of [first, second]) expect(document.graph.node(id).inputs.at(-1)?.name).toBe("extra");
  });

  it("go their own ways once one is made unique", () => {
    const { document, first, second } = twice();
    const prompt = buildPrompt(document.root);
    document.edit("unique", makeUnique(document.graph, second));
    expect(buildPrompt(document.root)).toEqual(prompt);
    expect(document.graph.title(document.graph.node(second))).toBe("Sampling copy");
    document.enter(second);
    document.edit("steps", [{ kind: "value", id: "5", name: "steps", value: 3 }]);
    expect(buildPrompt(document.root)[`${first}:5`]!.inputs.steps).toBe(20);
    while (document.history.canUndo) document.undo();
    expect(text(document)).toBe(text(openDocument()));
  });

  it("are renamed together", () => {
    const { document, first, second } = twice();
    document.edit("rename", [{ kind: "definitionName", id: document.graph.node(first).type, name: "Mine" }]);
    expect(document.graph.title(document.graph.node(second))).toBe("Mine");
    document.undo();
    expect(document.graph.title(document.graph.node(second))).toBe("Sampling");
  });
});

describe("a subgraph can't be inside itself", () => {
  it("not by pasting it, however deep", () => {
    const document = openDocument();
    const outer = pack(document, ["5", "6"], "Outer");
    const fragment = cutOut(document.graph, [outer]);
    document.enter(outer);
    expect(() => insertFragment(document.graph, fragment, [0, 0])).toThrow("Outer can't be put into itself");
    const inner = pack(document, ["5"], "Inner");
    document.enter(inner);
    expect(() => insertFragment(document.graph, cutOut(document.root, [outer]), [0, 0])).toThrow("Outer can't be put into Inner, because Inner is inside it");
  });

  it("a file where it is opens with a word, is kept, and does not run", () => {
    const document = openDocument();
    const id = pack(document, ["5"]);
    const data = document.toWorkflow();
    const [entry] = (data.definitions as { subgraphs: { id: string; nodes: JsonObject[] }[] }).subgraphs;
    entry!.nodes.push({ id: 70, type: entry!.id, pos: [0, 0] }, { id: 71, type: entry!.id, pos: [0, 0] });
    const { graph, problems } = readWorkflow(copy(data), definitions);
    expect(problems).toEqual(["The subgraph Sampling is inside itself, so it can't run. Open it and delete the node that stands for it."]);
    expect(() => buildPrompt(graph)).toThrow(/Sampling is inside itself/);
    const opened = openDocument(data);
    expect(text(opened)).toBe(toJson(data));
    opened.enter(id);
    opened.edit("delete", removeNodes(opened.graph, ["70", "71"]));
    expect(Object.keys(buildPrompt(opened.root))).toContain(`${id}:5`);
  });
});

describe("the clipboard", () => {
  it("carries definitions to another workflow, nested ones as well", () => {
    const from = openDocument();
    const outer = pack(from, ["5", "6"], "Outer");
    from.enter(outer);
    pack(from, ["5"], "Inner");
    from.leave();
    const fragment = fragmentFromText(fragmentToText(cutOut(from.graph, [outer])))!;
    const into = openDocument();
    const before = text(into);
    const first = insertFragment(into.graph, fragment, [0, 0]);
    into.edit("paste", first.edits);
    expect([...into.root.subgraphs.values()].map((subgraph) => subgraph.name).sort()).toEqual(["Inner", "Outer"]);
    into.edit("paste", insertFragment(into.graph, fragment, [0, 0]).edits);
    expect(into.root.subgraphs.size).toBe(2);
    expect(text(openDocument(writeWorkflow(into.root)))).toBe(text(into));
    while (into.history.canUndo) into.undo();
    expect(text(into)).toBe(before);
  });

  it("keeps both where the workflow has another definition under the same id", () => {
    const from = openDocument();
    const id = pack(from, ["5"]);
    const into = openDocument(from.toWorkflow());
    from.enter(id);
    from.edit("steps", [{ kind: "value", id: "5", name: "steps", value: 3 }]);
    const { edits, ids } = insertFragment(into.graph, cutOut(from.root, [id]), [0, 0]);
    into.edit("paste", edits);
    const prompt = buildPrompt(into.root);
    expect([prompt[`${id}:5`]!.inputs.steps, prompt[`${ids[0]}:5`]!.inputs.steps]).toEqual([20, 3]);
  });
});

describe("where the user is", () => {
  it("is told and restored: the level and the camera of each, as far as they are there", () => {
    const document = openDocument();
    const outer = pack(document, ["5", "6"], "Outer");
    document.enter(outer);
    const inner = pack(document, ["5"], "Inner");
    document.leave();
    document.isPlaced = true;
    document.camera.value = { x: 1, y: 2, scale: 1 };
    document.enter(outer);
    document.isPlaced = true;
    document.camera.value = { x: 3, y: 4, scale: 2 };
    document.enter(inner);
    document.isPlaced = true;
    document.camera.value = { x: 5, y: 6, scale: 0.5 };
    const view = structuredClone(document.view);
    const again = openDocument(document.toWorkflow());
    again.restoreView(view);
    expect([again.path.value, again.camera.value, again.graph.name]).toEqual([[outer, inner], { x: 5, y: 6, scale: 0.5 }, "Inner"]);
    again.leave();
    expect(again.camera.value).toEqual({ x: 3, y: 4, scale: 2 });
    const other = openDocument();
    other.restoreView(view);
    expect(other.path.value).toEqual([]);
  });
});
