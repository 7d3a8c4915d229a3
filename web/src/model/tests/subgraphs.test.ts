import { describe, expect, it } from "vitest";
import { copy, definitions, openDocument } from "../../fixtures/definitions";
import { DEFAULT_WORKFLOW } from "../default_workflow";
import type { Document } from "../document";
import { toJson } from "../exact_json";
import { createNode } from "../graph";
import { connect, cutOut, fragmentFromText, fragmentToText, insertFragment, mayConnect, removeNodes } from "../operations";
import { addPort, labelPort, movePort, NEW_PORT, removePort } from "../ports";
import { isLinked, promote, promotionsOf, valueEdit } from "../promoted";
import { buildPrompt, type Prompt } from "../prompt";
import { advanceSeeds } from "../seeds";
import { isBorder, portsOf, SUBGRAPH_INPUT, SUBGRAPH_OUTPUT, type Side } from "../subgraph_type";
import { createSubgraph, makeUnique } from "../subgraphs";
import type { GraphNode, Json, JsonObject, NodeId } from "../types";
import { unpackSubgraph } from "../unpack";
import { readWorkflow } from "../workflow_read";
import { writeWorkflow } from "../workflow_write";

const text = (document: Document): string => toJson(writeWorkflow(document.root));

function pack(document: Document, ids: readonly NodeId[], name = "Sampling"): NodeId {
  const made = createSubgraph(document.graph, ids, name, (id) => document.bounds(id));
  document.edit("make a subgraph", made.edits);
  return made.id;
}

const ofNode = (document: Document, id: NodeId) => document.graph.subgraphs.get(document.graph.node(id).type)!;
const names = (document: Document, id: NodeId, side: Side): string[] => portsOf(ofNode(document, id), side).map((port) => port.label ?? port.name);

/** The prompt without ids: each link is the node that it comes from, up to where it comes round. */
function shape(prompt: Prompt): string[] {
  const seen = (id: string, trail: readonly string[]): Json => {
    const node = prompt[id]!;
    if (trail.includes(id)) return "round";
    const inputs = Object.entries(node.inputs).map(([name, value]) => [name, Array.isArray(value) ? [seen(String(value[0]), [...trail, id]), value[1]!] : value]);
    return { type: node.class_type, inputs: Object.fromEntries(inputs) };
  };
  return Object.keys(prompt).map((id) => toJson(seen(id, []))).sort();
}

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

/** A file of subgraphs with fields that nobody here knows. */
function foreign(): JsonObject {
  const document = openDocument();
  const id = pack(document, ["5", "6"]);
  document.edit("promote", promote(document.root, document.graph.node(id).type, ["5", "steps"], true));
  const data = copy(document.toWorkflow());
  const [entry] = (data.definitions as { subgraphs: JsonObject[] }).subgraphs;
  Object.assign(entry!, { category: "theirs", extra: { reroutes: [1] }, odd: { deep: [null] } });
  (entry!.inputs as JsonObject[])[0]!.shape = 7;
  (entry!.nodes as JsonObject[])[0]!.theirs = true;
  return data;
}

describe("a file with subgraphs", () => {
  it("is written as it was read, and after an edit inside keeps what we do not know", () => {
    const data = foreign();
    const document = openDocument(data);
    expect(text(document)).toBe(toJson(data));
    const id = [...document.graph.nodes.values()].find((node) => document.graph.subgraphs.has(node.type))!.id;
    document.enter(id);
    document.edit("steps", [{ kind: "value", id: "5", name: "steps", value: 3 }]);
    const [entry] = (document.toWorkflow().definitions as { subgraphs: JsonObject[] }).subgraphs;
    expect(entry).toMatchObject({ category: "theirs", extra: { reroutes: [1] }, odd: { deep: [null] } });
    expect((entry!.inputs as JsonObject[])[0]!.shape).toBe(7);
    expect((entry!.nodes as JsonObject[])[0]!).toMatchObject({ theirs: true, widgets_values: [1, "fixed", 3, 4, "dpmpp_2m", "karras", 1] });
    document.undo();
    expect(text(document)).toBe(toJson(data));
  });

  it.each<[string, (data: JsonObject, entry: JsonObject) => void, RegExp]>([
    ["a missing definition", (data) => { data.definitions = { subgraphs: [] }; }, /is a subgraph that the file does not define/],
    ["no definitions at all", (data) => { delete data.definitions; }, /is a subgraph that the file does not define/],
    ["a dangling link inside", (_, entry) => { (entry.links as JsonObject[]).push({ id: 99, origin_id: 5, origin_slot: 0, target_id: 404, target_slot: 0, type: "LATENT" }); }, /Link 99 .* in the subgraph Sampling leads nowhere/],
    ["a dangling link", (data) => { (data.links as Json[]).push([99, 1, 0, 404, 0, "MODEL"]); }, /Link 99 .* leads nowhere/],
    ["the same definition id twice", (data, entry) => { (data.definitions as { subgraphs: Json[] }).subgraphs.push({ ...copy(entry), name: "Other" }); }, /Two subgraphs have the id/],
    ["no border nodes", (_, entry) => { delete entry.inputNode; delete entry.outputNode; }, /^$/],
    ["links that are no links", (_, entry) => { (entry.links as Json[]).push(null, "x", 7); }, /^$/],
  ])("with %s opens with a notice and loses nothing", (_, damage, notice) => {
    const data = foreign();
    damage(data, (data.definitions as { subgraphs: JsonObject[] }).subgraphs[0]!);
    const { graph, problems } = readWorkflow(copy(data), definitions);
    expect(problems.join("\n")).toMatch(notice);
    expect(() => buildPrompt(graph)).not.toThrow();
    const document = openDocument(data);
    expect(text(document)).toBe(toJson(data));
    document.edit("move", [{ kind: "field", id: "4", field: "pos", value: [1, 1] }]);
    document.undo();
    expect(text(document)).toBe(toJson(data));
  });

  it("with two nodes of one id keeps both", () => {
    const data = foreign();
    const [entry] = (data.definitions as { subgraphs: { nodes: JsonObject[] }[] }).subgraphs;
    entry!.nodes.push({ ...copy(entry!.nodes[0]!), title: "again" });
    const { graph, problems } = readWorkflow(copy(data), definitions);
    expect(problems[0]).toMatch(/Two nodes in the subgraph Sampling have the id 5/);
    expect([...graph.subgraphs.values()][0]!.nodes.size).toBe(2 + 3);
  });

  it("with two links of one id keeps both", () => {
    const data = copy(DEFAULT_WORKFLOW) as JsonObject & { links: Json[][]; nodes: JsonObject[] };
    data.links[8]![0] = 8;
    (data.nodes[6]!.inputs as JsonObject[])[0]!.link = 8;
    const { graph, problems } = readWorkflow(data, definitions);
    expect(problems[0]).toMatch(/Two links have the id 8/);
    expect(graph.linkInto("7", "images")?.from).toBe("6");
    expect(graph.linkInto("6", "samples")?.from).toBe("5");
  });
});

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

const TYPES = ["KSampler", "CLIPTextEncode", "VAEDecode", "Reroute", "LatentUpscaleBy", "PrimitiveNode"];

function randomStep(document: Document, next: () => number): void {
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(next() * list.length)];
  const { graph } = document;
  const nodes = [...graph.nodes.values()].filter((node) => !isBorder(node.id));
  const node = pick(nodes);
  const holder = pick(nodes.filter((entry) => graph.subgraphs.has(entry.type)));
  const side: Side = next() < 0.5 ? "input" : "output";
  const inside = graph.id === null ? null : graph;
  const steps: (() => void)[] = [
    () => document.edit("add", [{ kind: "addNode", node: createNode(graph, pick(TYPES)!, [next() * 500, 0]) }]),
    () => node && document.edit("remove", removeNodes(graph, [node.id])),
    () => node && document.edit("move", [{ kind: "field", id: node.id, field: "pos", value: [next() * 100, 5] }], "move"),
    () => nodes.length > 0 && pack(document, nodes.filter(() => next() < 0.4).concat(node!).map((entry) => entry.id), `S${Math.floor(next() * 99)}`),
    () => holder && document.edit("unpack", unpackSubgraph(graph, holder.id).edits),
    () => holder && document.enter(holder.id),
    () => holder && document.enter(holder.id),
    () => void document.leave(),
    () => holder && document.edit("unique", makeUnique(graph, holder.id)),
    () => inside && document.edit("port", addPort(inside, side, "p", "LATENT")),
    () => inside && document.edit("port", removePort(inside, side, Math.floor(next() * portsOf(inside, side).length))),
    () => inside && document.edit("port", movePort(inside, side, Math.floor(next() * portsOf(inside, side).length), next() < 0.5 ? 1 : -1)),
    () => inside && document.edit("port", labelPort(inside, side, 0, next() < 0.5 ? "" : "label")),
    () => holder && document.edit("rename", [{ kind: "definitionName", id: holder.type, name: `N${Math.floor(next() * 99)}` }]),
    () => {
      const spec = node && pick(graph.widgets(node));
      if (inside && node && spec) document.edit("promote", promote(document.root, inside.id!, [node.id, spec.name], next() < 0.8));
    },
    () => {
      const spec = node && pick(graph.widgets(node).filter((entry) => entry.kind === "number"));
      if (node && spec) document.edit("value", [valueEdit(graph, node, spec, Math.floor(next() * 99))]);
    },
    () => {
      const fragment = node && cutOut(document.root, document.root.nodes.has(node.id) && graph === document.root ? [node.id] : []);
      if (fragment && fragment.nodes.length > 0) document.edit("paste", insertFragment(graph, fragment, [0, 0], true).edits);
    },
    () => connectSome(document, pick([...graph.nodes.values()]), pick([...graph.nodes.values()]), next),
    () => connectSome(document, pick([...graph.nodes.values()]), pick([...graph.nodes.values()]), next),
  ];
  pick(steps)!();
}

function connectSome(document: Document, from: GraphNode | undefined, to: GraphNode | undefined, next: () => number): void {
  if (!from || !to) return;
  const slot = Math.floor(next() * (from.outputs.length + (from.id === SUBGRAPH_INPUT ? 1 : 0)));
  const input = to.id === SUBGRAPH_OUTPUT && next() < 0.5 ? NEW_PORT : to.inputs[Math.floor(next() * to.inputs.length)]?.name;
  if (input !== undefined && mayConnect(document.graph, { node: from.id, slot }, { node: to.id, input }))
    document.edit("connect", connect(document.graph, { node: from.id, slot }, { node: to.id, input }));
}

describe("any series of edits", () => {
  it.each(Array.from({ length: 12 }, (_, index) => index + 1))("over all levels is undone to the same bytes, done again, and reads as it was written (series %i)", (seed) => {
    const document = openDocument(seed % 2 === 0 ? foreign() : DEFAULT_WORKFLOW);
    const next = random(seed);
    const before = text(document);
    for (let step = 0; step < 150; step++) randomStep(document, next);
    const after = text(document);
    const prompt = shape(buildPrompt(document.root));
    expect(shape(buildPrompt(openDocument(writeWorkflow(document.root)).root))).toEqual(prompt);
    while (document.history.canUndo) document.undo();
    expect(text(document)).toBe(before);
    while (document.history.canRedo) document.redo();
    expect(text(document)).toBe(after);
  });
});
