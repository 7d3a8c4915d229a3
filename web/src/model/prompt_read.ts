/** How does a prompt (API format) become a graph that can be edited? Its nodes are laid out afresh. */

import { t } from "../words";
import type { Definitions } from "./definitions";
import { shownInputs, socketOf } from "./dynamic_inputs";
import { naturalSize } from "./geometry";
import { createNode, Graph } from "./graph";
import { connect } from "./operations";
import { applyEdit } from "./edits";
import { tidyPositions } from "./tidy";
import type { GraphNode, Json, JsonObject } from "./types";
import { isObject, type ReadResult } from "./workflow_read";

const isLink = (value: Json | undefined): value is [string | number, number] =>
  Array.isArray(value) && value.length === 2 && (typeof value[0] === "string" || typeof value[0] === "number") && typeof value[1] === "number";

const literal = (value: Json): Json => (isObject(value) && Array.isArray(value.__value__) ? value.__value__ : value);

/** True for `{id: {class_type, inputs}}`. */
export function isPrompt(data: unknown): data is JsonObject {
  return isObject(data) && Object.keys(data).length > 0 && Object.values(data).every((node) => isObject(node) && typeof node.class_type === "string");
}

/** A node whose type is not installed, with the sockets and values that the prompt speaks of. */
function placeholder(graph: Graph, id: string, type: string, inputs: JsonObject): GraphNode {
  return {
    id, type, title: null, pos: [0, 0], size: [260, 80], mode: 0, collapsed: false, pinned: false,
    inputs: Object.keys(inputs).filter((name) => isLink(inputs[name])).map((name) => ({ name, type: "*", link: null, widget: false })),
    outputs: [], values: {}, known: false, properties: {}, rank: graph.nextRank(),
    raw: { widgets_values: Object.fromEntries(Object.entries(inputs).filter(([, value]) => !isLink(value)).map(([name, value]) => [name, literal(value)])) },
  };
}

/** A node with the inputs that apply to what the prompt sets and links, and any others that it links. */
function knownNode(graph: Graph, id: string, type: string, inputs: JsonObject): GraphNode {
  const node = createNode(graph, type, [0, 0], id);
  const { parts } = graph.definition(type)!;
  const shown = parts && shownInputs(parts, { value: (name) => inputs[name], isLinked: (name) => name in inputs });
  if (shown) node.inputs = shown.inputs.map(socketOf);
  for (const { name, kind, defaultValue } of shown?.widgets ?? graph.widgets(node)) {
    const value = inputs[name];
    node.values[name] = kind !== "control" && value !== undefined && !isLink(value) ? literal(value) : defaultValue;
  }
  for (const [name, value] of Object.entries(inputs))
    if (isLink(value) && !node.inputs.some((socket) => socket.name === name)) node.inputs.push({ name, type: "*", link: null, widget: false });
  return node;
}

function addNode(graph: Graph, id: string, entry: JsonObject): void {
  const type = String(entry.class_type);
  const inputs = isObject(entry.inputs) ? entry.inputs : {};
  const node = graph.definition(type) ? knownNode(graph, id, type, inputs) : placeholder(graph, id, type, inputs);
  const title = isObject(entry._meta) ? entry._meta.title : undefined;
  if (typeof title === "string" && title !== graph.title(node)) node.title = title;
  graph.nodes.set(id, node);
}

/** A placeholder's outputs are known only by the links that leave it. */
function ensureOutput(node: GraphNode, slot: number): void {
  if (node.known || slot > 64) return;
  while (node.outputs.length <= slot) node.outputs.push({ name: `output ${node.outputs.length}`, type: "*", links: [] });
}

function addLinks(graph: Graph, id: string, entry: JsonObject, problems: string[]): void {
  for (const [name, value] of Object.entries(isObject(entry.inputs) ? entry.inputs : {})) {
    if (!isLink(value)) continue;
    const source = graph.nodes.get(String(value[0]));
    if (source) ensureOutput(source, value[1]);
    const edits = source && graph.input(id, name) ? connect(graph, { node: source.id, slot: value[1] }, { node: id, input: name }) : [];
    if (edits.length === 0) problems.push(t("notices.noOutput", { name, id, slot: value[1], from: value[0] }));
    for (const edit of edits) applyEdit(graph, edit);
  }
}

/** A literal at an input without a widget comes from a primitive; one at no input at all has no place in a graph. */
function addPrimitives(graph: Graph, id: string, entry: JsonObject, problems: string[]): void {
  const node = graph.node(id);
  const widgets = new Set(graph.widgets(node).map((spec) => spec.name));
  for (const [name, value] of Object.entries(isObject(entry.inputs) ? entry.inputs : {})) {
    if (!node.known || isLink(value) || widgets.has(name)) continue;
    if (!graph.input(id, name)) {
      problems.push(t("notices.noInput", { id, type: node.type, name }));
      continue;
    }
    const primitive = createNode(graph, "PrimitiveNode", [0, 0]);
    primitive.values.value = literal(value);
    graph.nodes.set(primitive.id, primitive);
    for (const edit of connect(graph, { node: primitive.id, slot: 0 }, { node: id, input: name })) applyEdit(graph, edit);
  }
}

/** Reads a prompt and lays it out. Raises where it is none. */
export function readPrompt(data: unknown, definitions: Definitions, hasMedia: (node: GraphNode) => boolean): ReadResult {
  if (!isPrompt(data)) throw new Error(t("notices.noPrompt"));
  const graph = new Graph(definitions);
  const problems: string[] = [];
  const entries = Object.entries(data).filter((entry): entry is [string, JsonObject] => isObject(entry[1]));
  for (const [id, entry] of entries) addNode(graph, id, entry);
  for (const [id, entry] of entries) addLinks(graph, id, entry, problems);
  for (const [id, entry] of entries) addPrimitives(graph, id, entry, problems);
  for (const node of graph.nodes.values()) node.size = naturalSize(graph, node, hasMedia(node));
  for (const [id, place] of tidyPositions(graph, hasMedia)) graph.node(id).pos = place;
  const missing = new Set([...graph.nodes.values()].filter((node) => !node.known).map((node) => node.type));
  return { graph, problems, missingTypes: [...missing] };
}
