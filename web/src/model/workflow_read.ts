/** How does a workflow file (schema 0.4 or 1) become a graph? Nothing of the file is lost: unknown fields stay in `raw`. */

import type { Definitions } from "./definitions";
import { Graph } from "./graph";
import type { Group, GraphNode, InputSocket, Json, JsonObject, LinkId, NodeDefinition, NodeId, OutputSocket, Point } from "./types";
import { readValues } from "./widget_values";

/** Pseudo nodes at the border of a subgraph. */
export const SUBGRAPH_INPUT = "-10";
export const SUBGRAPH_OUTPUT = "-20";

export interface ReadResult {
  readonly graph: Graph;
  /** In words, what could not be taken over as it stands. */
  readonly problems: readonly string[];
  readonly missingTypes: readonly string[];
}

export const isObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);
const list = (value: Json | undefined): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);
const text = (value: Json | undefined, otherwise: string): string => (typeof value === "string" ? value : otherwise);

/** `[x, y]` or `{"0": x, "1": y}` -> point. */
export function readPoint(value: Json | undefined, otherwise: Point): Point {
  if (!Array.isArray(value) && !isObject(value)) return otherwise;
  const [x, y] = Array.isArray(value) ? value : [value["0"], value["1"]];
  return typeof x === "number" && typeof y === "number" && Number.isFinite(x) && Number.isFinite(y) ? [x, y] : otherwise;
}

interface RawLink {
  id: LinkId;
  from: NodeId;
  fromSlot: number;
  to: NodeId;
  toSlot: number;
  type: string;
  raw?: JsonObject;
}

function readLink(entry: Json): RawLink | null {
  if (Array.isArray(entry) && entry.length >= 5) {
    const [id, from, fromSlot, to, toSlot, type] = entry;
    return { id: Number(id), from: String(from), fromSlot: Number(fromSlot), to: String(to), toSlot: Number(toSlot), type: text(type, "*") };
  }
  if (!isObject(entry)) return null;
  return {
    id: Number(entry.id), from: String(entry.origin_id), fromSlot: Number(entry.origin_slot), to: String(entry.target_id),
    toSlot: Number(entry.target_slot), type: text(entry.type, "*"), raw: entry,
  };
}

function inputFromFile(slot: JsonObject, definition: NodeDefinition | undefined): InputSocket {
  const name = text(slot.name, "");
  const declared = definition?.inputs.find((input) => input.name === name);
  return {
    name, type: declared?.type ?? (typeof slot.type === "string" ? slot.type : "*"), link: null, widget: declared ? declared.widget !== null : false,
    label: text(slot.label, "") || undefined, optional: declared?.optional, tooltip: declared?.tooltip, raw: slot,
  };
}

function readInputSockets(raw: JsonObject, definition: NodeDefinition | undefined): InputSocket[] {
  const inFile = list(raw.inputs).map((slot) => inputFromFile(slot, definition));
  const declared = (definition?.inputs ?? []).map((input): InputSocket => {
    const found = inFile.find((socket) => socket.name === input.name);
    return found ?? { name: input.name, type: input.type, link: null, widget: input.widget !== null, optional: input.optional, tooltip: input.tooltip };
  });
  return [...declared, ...inFile.filter((socket) => !declared.includes(socket))];
}

function readOutputSockets(raw: JsonObject, definition: NodeDefinition | undefined): OutputSocket[] {
  const slots = list(raw.outputs);
  const count = Math.max(slots.length, definition?.outputs.length ?? 0);
  return Array.from({ length: count }, (_, index) => {
    const slot = slots[index];
    const declared = definition?.outputs[index];
    return {
      name: declared?.name ?? text(slot?.name, ""), type: declared?.type ?? text(slot?.type, "*"), links: [],
      label: text(slot?.label, "") || undefined, tooltip: declared?.tooltip, raw: slot,
    };
  });
}

function readNode(graph: Graph, raw: JsonObject, rank: number): GraphNode {
  const type = text(raw.type, "");
  const definition = graph.definition(type);
  const flags = isObject(raw.flags) ? raw.flags : {};
  const node: GraphNode = {
    id: String(raw.id), type, title: text(raw.title, "") || null, pos: readPoint(raw.pos, [0, 0]), size: readPoint(raw.size, [0, 0]),
    mode: typeof raw.mode === "number" ? raw.mode : 0, collapsed: flags.collapsed === true, pinned: flags.pinned === true,
    inputs: readInputSockets(raw, definition), outputs: readOutputSockets(raw, definition), values: {}, known: definition !== undefined,
    properties: isObject(raw.properties) ? raw.properties : {}, rank, raw,
  };
  node.values = readValues(definition?.widgets ?? [], raw.widgets_values);
  return node;
}

/** The name of the input that a link enters: by the slot that names the link, else by the slot's index. */
function enteredInput(node: GraphNode, link: RawLink): InputSocket | undefined {
  const slots = list(node.raw.inputs);
  const byId = slots.findIndex((slot) => slot.link === link.id);
  const slot = slots[byId >= 0 ? byId : link.toSlot];
  return slot ? node.inputs.find((socket) => socket.raw === slot) : node.inputs[link.toSlot];
}

function addLinks(graph: Graph, entries: Json | undefined, problems: string[]): void {
  if (!Array.isArray(entries)) return;
  entries.forEach((entry, rank) => {
    const link = readLink(entry);
    if (!link) return;
    const target = graph.nodes.get(link.to);
    const input = target && enteredInput(target, link);
    const output = graph.nodes.get(link.from)?.outputs[link.fromSlot];
    const present = input && input.link !== null ? graph.links.get(input.link) : undefined;
    if (present?.from === link.from && present.fromSlot === link.fromSlot) return; // the same link twice
    if (!input || !output || present || graph.links.has(link.id)) {
      problems.push(`Link ${link.id} from node ${link.from} to node ${link.to} leads nowhere and was left out.`);
      return;
    }
    input.link = link.id;
    output.links.push(link.id);
    graph.links.set(link.id, { id: link.id, from: link.from, fromSlot: link.fromSlot, to: link.to, toInput: input.name, type: link.type, rank, raw: link.raw });
  });
}

/** Restores the order in which each output lists its links. */
function orderOutputLinks(graph: Graph): void {
  for (const node of graph.nodes.values())
    for (const output of node.outputs) {
      const order = Array.isArray(output.raw?.links) ? output.raw.links : [];
      output.links.sort((a, b) => order.indexOf(a) - order.indexOf(b));
    }
}

/** A primitive's widgets depend on its links, so its values are read once these are there. */
function readPrimitives(graph: Graph): void {
  for (const node of graph.nodes.values())
    if (node.type === "PrimitiveNode" && Array.isArray(node.raw.widgets_values)) {
      const [value, control] = node.raw.widgets_values;
      if (value !== undefined) node.values.value = value;
      if (control !== undefined) node.values["value:control_after_generate"] = control;
    }
}

export function readGroup(raw: JsonObject, index: number): Group {
  const [x = 0, y = 0, width = 200, height = 100] = (Array.isArray(raw.bounding) ? raw.bounding : []).map(Number);
  return { id: index + 1, title: text(raw.title, "Group"), bounds: { x, y, width, height }, color: text(raw.color, "") || null, raw };
}

/** The node type that a subgraph's definition makes. */
function subgraphDefinition(raw: JsonObject): NodeDefinition {
  return {
    type: String(raw.id), displayName: text(raw.name, "Subgraph"), description: text(raw.description, ""), category: "subgraphs", pack: "workflow",
    inputs: list(raw.inputs).map((slot) => ({ name: text(slot.name, ""), type: text(slot.type, "*"), optional: true, widget: null })),
    outputs: list(raw.outputs).map((slot) => ({ name: text(slot.name, ""), type: text(slot.type, "*"), isList: false })),
    widgets: [], isTarget: false, isVirtual: false, deprecated: false, experimental: false,
  };
}

function borderNode(id: NodeId, slots: JsonObject[]): GraphNode {
  const named = slots.map((slot, index) => ({ name: String(index), type: text(slot.type, "*") }));
  const isInput = id === SUBGRAPH_INPUT;
  return {
    id, type: isInput ? "@subgraph-input" : "@subgraph-output", title: null, pos: [0, 0], size: [0, 0], mode: 0, collapsed: false, pinned: false,
    inputs: isInput ? [] : named.map((slot) => ({ ...slot, link: null, widget: false })),
    outputs: isInput ? named.map((slot) => ({ ...slot, links: [] })) : [],
    values: {}, known: true, properties: {}, rank: -1, raw: {},
  };
}

function readSubgraphs(graph: Graph, raw: JsonObject, problems: string[]): void {
  const entries = list(isObject(raw.definitions) ? raw.definitions.subgraphs : undefined);
  graph.localDefinitions = new Map(entries.map((entry) => [String(entry.id), subgraphDefinition(entry)]));
  for (const entry of entries) {
    const inner = new Graph(graph.definitions);
    inner.localDefinitions = graph.localDefinitions;
    for (const id of [SUBGRAPH_INPUT, SUBGRAPH_OUTPUT])
      inner.nodes.set(id, borderNode(id, list(id === SUBGRAPH_INPUT ? entry.inputs : entry.outputs)));
    fill(inner, entry, problems);
    graph.subgraphs.set(String(entry.id), inner);
  }
}

function fill(graph: Graph, raw: JsonObject, problems: string[]): void {
  list(raw.nodes).forEach((entry, rank) => {
    const node = readNode(graph, entry, rank);
    if (graph.nodes.has(node.id)) problems.push(`Two nodes have the id ${node.id}; the first one is kept.`);
    else graph.nodes.set(node.id, node);
  });
  addLinks(graph, raw.links, problems);
  orderOutputLinks(graph);
  readPrimitives(graph);
}

/** True for a file of the editor, false for a prompt in the API format or anything else. */
export const isWorkflow = (data: unknown): data is JsonObject => isObject(data) && Array.isArray(data.nodes);

/** Reads a workflow file. Raises where it is none; whatever is odd inside one is reported in `problems`. */
export function readWorkflow(data: unknown, definitions: Definitions): ReadResult {
  if (!isWorkflow(data)) throw new Error("expected a workflow (an object with a list of nodes), found something else");
  const graph = new Graph(definitions);
  const problems: string[] = [];
  graph.raw = data;
  readSubgraphs(graph, data, problems);
  fill(graph, data, problems);
  list(data.groups).map(readGroup).forEach((group) => graph.groups.set(group.id, group));
  const missing = new Set([...graph.nodes.values()].filter((node) => !node.known).map((node) => node.type));
  return { graph, problems, missingTypes: [...missing] };
}
