import { describe, expect, it } from "vitest";
import { copy, definitions, openDocument } from "../../fixtures/definitions";
import { foreign, pack, shape, text } from "../../fixtures/subgraphs";
import { DEFAULT_WORKFLOW } from "../default_workflow";
import type { Document } from "../document";
import { toJson } from "../exact_json";
import { createNode } from "../graph";
import { connect, cutOut, insertFragment, mayConnect, removeNodes } from "../operations";
import { addPort, labelPort, movePort, NEW_PORT, removePort } from "../ports";
import { promote, valueEdit } from "../promoted";
import { buildPrompt } from "../prompt";
import { isBorder, portsOf, SUBGRAPH_INPUT, SUBGRAPH_OUTPUT, type Side } from "../subgraph_type";
import { makeUnique } from "../subgraphs";
import type { GraphNode, Json, JsonObject } from "../types";
import { unpackSubgraph } from "../unpack";
import { readWorkflow } from "../workflow_read";
import { writeWorkflow } from "../workflow_write";

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

  it("of version 1 is written with links as objects at all levels", () => {
    const data = copy(DEFAULT_WORKFLOW) as JsonObject & { links: Json[] };
    data.version = 1;
    data.state = { lastNodeId: 7, lastLinkId: 9, lastGroupId: 0, lastRerouteId: 0 };
    data.links = data.links.map((link) => {
      const [id, origin_id, origin_slot, target_id, target_slot, type] = link as Json[];
      return { id, origin_id, origin_slot, target_id, target_slot, type } as JsonObject;
    });
    delete data.last_node_id;
    delete data.last_link_id;
    const document = openDocument(data);
    const before = text(document);
    expect(before).toBe(toJson(data));
    pack(document, ["5", "6"]);
    const written = writeWorkflow(document.root);
    expect(written).toMatchObject({ version: 1, state: { lastNodeId: 8 } });
    expect((written.links as Json[]).every((link) => !Array.isArray(link))).toBe(true);
    expect(shape(buildPrompt(openDocument(written).root))).toEqual(shape(buildPrompt(openDocument().root)));
    document.undo();
    expect(text(document)).toBe(before);
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

describe("an input with a widget of its own on each node", () => {
  /** As other editors write it: the input is marked, its value stands on the subgraph's node. */
  function marked(values: Json[], shown: Json[]): JsonObject {
    const document = openDocument();
    const id = pack(document, ["5"]);
    document.enter(id);
    document.edit("connect", connect(document.graph, { node: SUBGRAPH_INPUT, slot: 4 }, { node: "5", input: "steps" }));
    document.goTo([]);
    const data = copy(writeWorkflow(document.root)) as JsonObject & { nodes: JsonObject[] };
    const node = data.nodes.find((entry) => String(entry.id) === id)!;
    (node.inputs as JsonObject[]).at(-1)!.widget = { name: "steps" };
    Object.assign(node, { widgets_values: values, properties: { proxyWidgets: shown } });
    return data;
  }

  it.each([[[31], []], [[7.5, 31], [["5", "cfg"], ["-1", "steps"]]]])("gives %j with %j shown to the prompt, and is written back where it stood", (values, shown) => {
    const data = marked(values, shown);
    const document = openDocument(data);
    expect(text(document)).toBe(toJson(data));
    const node = [...document.graph.nodes.values()].find((entry) => document.graph.subgraphs.has(entry.type))!;
    const spec = document.graph.widgets(node)[0]!;
    expect([spec.name, document.graph.value(node, spec)]).toEqual(["steps", 31]);
    expect(buildPrompt(document.root)[`${node.id}:5`]!.inputs.steps).toBe(31);
    document.edit("steps", [valueEdit(document.graph, node, spec, 9)]);
    const reopened = openDocument(writeWorkflow(document.root));
    expect(buildPrompt(reopened.root)[`${node.id}:5`]!.inputs.steps).toBe(9);
    document.undo();
    expect(text(document)).toBe(toJson(data));
  });
});
