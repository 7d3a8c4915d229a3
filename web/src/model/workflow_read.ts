/** How does a workflow file (schema 0.4 or 1) become a graph? Nothing of the file is lost: unknown fields stay in `raw`. */

import { t } from "../words";
import type { Definitions } from "./definitions";
import { shownInputs, socketOf, type Shown } from "./dynamic_inputs";
import { Graph } from "./graph";
import { groupName, readGroupNodes } from "./group_nodes";
import { readInstanceValues } from "./instance_values";
import { readSubgraphs } from "./subgraph_file";
import type { Group, GraphNode, InputSocket, Json, JsonObject, LinkId, NodeDefinition, NodeId, OutputSocket, Point } from "./types";
import { readValues } from "./widget_values";

export interface ReadResult {
  readonly graph: Graph;
  /** In words, what could not be taken over as it stands. */
  readonly problems: readonly string[];
  readonly missingTypes: readonly string[];
}

export const isObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);
export const list = (value: Json | undefined): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);
export const text = (value: Json | undefined, otherwise: string): string => (typeof value === "string" ? value : otherwise);

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

type Declared = Pick<Shown, "widgets"> & Pick<NodeDefinition, "inputs">;

/** The inputs and widgets that a node has by what its file says is set and linked. */
export function shownInFile(definition: NodeDefinition, raw: JsonObject): Declared {
  if (!definition.parts) return { inputs: definition.inputs, widgets: [...definition.widgets] };
  const linked = new Set(list(raw.inputs).filter((slot) => typeof slot.link === "number").map((slot) => slot.name));
  let values: Record<string, Json> = {};
  // where a value stands depends on the choices before it: each round finds one more of them
  for (let before: string | null = null; ; ) {
    const shown = shownInputs(definition.parts, { value: (name) => values[name], isLinked: (name) => linked.has(name) });
    const names = shown.widgets.map((spec) => spec.name).join("\n");
    if (names === before) return shown;
    before = names;
    values = readValues(shown.widgets, raw.widgets_values);
  }
}

function inputFromFile(slot: JsonObject, definition: Declared | undefined): InputSocket {
  const name = text(slot.name, "");
  const declared = definition?.inputs.find((input) => input.name === name);
  return {
    name, type: declared?.type ?? (typeof slot.type === "string" ? slot.type : "*"), link: null, widget: declared ? declared.widget !== null : false,
    label: text(slot.label, "") || declared?.label, optional: declared?.optional, tooltip: declared?.tooltip, raw: slot,
  };
}

function readInputSockets(raw: JsonObject, definition: Declared | undefined): InputSocket[] {
  const inFile = list(raw.inputs).map((slot) => inputFromFile(slot, definition));
  const declared = (definition?.inputs ?? []).map((input): InputSocket => {
    const found = inFile.find((socket) => socket.name === input.name);
    return found ?? socketOf(input);
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
      label: text(slot?.label, "") || declared?.label, tooltip: declared?.tooltip, raw: slot,
    };
  });
}

function readNode(graph: Graph, raw: JsonObject, rank: number): GraphNode {
  const type = text(raw.type, "");
  const definition = graph.definition(type);
  const shown = definition && shownInFile(definition, raw);
  const flags = isObject(raw.flags) ? raw.flags : {};
  const node: GraphNode = {
    id: String(raw.id), type, title: text(raw.title, "") || null, pos: readPoint(raw.pos, [0, 0]), size: readPoint(raw.size, [0, 0]),
    mode: typeof raw.mode === "number" ? raw.mode : 0, collapsed: flags.collapsed === true, pinned: flags.pinned === true,
    inputs: readInputSockets(raw, shown), outputs: readOutputSockets(raw, definition), values: {}, known: definition !== undefined,
    properties: isObject(raw.properties) ? raw.properties : {}, rank, raw,
  };
  node.values = readValues(shown?.widgets ?? [], raw.widgets_values);
  return node;
}

/** The name of the input that a link enters: by the slot that names the link, else by the slot's index. */
function enteredInput(node: GraphNode, link: RawLink): InputSocket | undefined {
  const slots = list(node.raw.inputs);
  const byId = slots.findIndex((slot) => slot.link === link.id);
  const slot = slots[byId >= 0 ? byId : link.toSlot];
  return slot ? node.inputs.find((socket) => socket.raw === slot) : node.inputs[link.toSlot];
}

/** A link of an id that was given before gets another one, where it is a link; one that leads nowhere is kept for the file. */
function addLinks(graph: Graph, entries: Json | undefined, problems: string[]): void {
  if (!Array.isArray(entries)) return;
  const strays: { rank: number; raw: Json }[] = [];
  const twice: (() => void)[] = [];
  entries.forEach((entry, rank) => {
    const link = readLink(entry);
    if (!link) return void strays.push({ rank, raw: entry });
    const target = graph.nodes.get(link.to);
    const input = target && enteredInput(target, link);
    const output = graph.nodes.get(link.from)?.outputs[link.fromSlot];
    const present = input && input.link !== null ? graph.links.get(input.link) : undefined;
    if (present?.from === link.from && present.fromSlot === link.fromSlot) return; // the same link twice
    if (!input || !output || present) {
      problems.push(t("notices.looseLink", { id: link.id, from: link.from, to: link.to, within: within(graph) }));
      return void strays.push({ rank, raw: entry });
    }
    const add = (id: LinkId): void => {
      input.link = id;
      output.links.push(id);
      graph.links.set(id, { id, from: link.from, fromSlot: link.fromSlot, to: link.to, toInput: input.name, type: link.type, rank, raw: link.raw });
    };
    if (Number.isFinite(link.id) && !graph.links.has(link.id)) return add(link.id);
    problems.push(t("notices.twoLinks", { within: within(graph), id: link.id }));
    twice.push(() => add(graph.freeLinkId()));
  });
  for (const add of twice) add();
  graph.strayLinks = strays;
}

/** Says in which subgraph something is odd. */
const within = (graph: Graph): string => (graph.id === null ? "" : ` ${t("notices.within", { name: graph.name || graph.id })}`);

/** Restores the order in which each output lists its links. */
function orderOutputLinks(graph: Graph): void {
  for (const node of graph.nodes.values())
    for (const output of node.outputs) {
      const listed = output.raw?.links ?? output.raw?.linkIds;
      const order = Array.isArray(listed) ? listed : [];
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

/** Fills a graph with the nodes, links and groups of a workflow or a subgraph. */
export function fill(graph: Graph, raw: JsonObject, problems: string[]): void {
  const twice: GraphNode[] = [];
  list(raw.nodes).forEach((entry, rank) => {
    const node = readNode(graph, entry, rank);
    if (graph.nodes.has(node.id)) twice.push(node);
    else graph.nodes.set(node.id, node);
  });
  for (const node of twice) {
    const id = graph.freeNodeId();
    problems.push(t("notices.twoNodes", { within: within(graph), id: node.id, fresh: id }));
    graph.nodes.set(id, { ...node, id, raw: { ...node.raw, id: Number(id) } });
  }
  list(raw.groups).map(readGroup).forEach((group) => graph.groups.set(group.id, group));
  addLinks(graph, raw.links, problems);
  orderOutputLinks(graph);
  readPrimitives(graph);
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** True for the type of a node that stands for a subgraph. */
export const isSubgraphType = (type: string): boolean => UUID.test(type);

/** True for a file of the editor, false for a prompt in the API format or anything else. */
export const isWorkflow = (data: unknown): data is JsonObject => isObject(data) && Array.isArray(data.nodes);

/** Reads a workflow file. Raises where it is none; whatever is odd inside one is reported in `problems`. */
export function readWorkflow(data: unknown, definitions: Definitions): ReadResult {
  if (!isWorkflow(data)) throw new Error(t("notices.noWorkflow"));
  const graph = new Graph(definitions);
  const problems: string[] = [];
  graph.raw = data;
  readGroupNodes(graph, data, problems);
  readSubgraphs(graph, data, problems);
  fill(graph, data, problems);
  readInstanceValues(graph.everyGraph());
  const unknown = graph.everyGraph().flatMap((place) => [...place.nodes.values()]).filter((node) => !node.known);
  const groups = isObject(data.extra) && isObject(data.extra.groupNodes) ? data.extra.groupNodes : {};
  const isGroup = (node: GraphNode): boolean => (groupName(node.type) ?? "") in groups; // what it lacks was said
  const isSubgraph = (node: GraphNode): boolean => isSubgraphType(node.type);
  for (const node of unknown.filter(isSubgraph))
    problems.push(t("notices.undefinedSubgraph", { node: node.title ?? t("notices.nodeNumber", { id: node.id }) }));
  return { graph, problems, missingTypes: [...new Set(unknown.filter((node) => !isSubgraph(node) && !isGroup(node)).map((node) => node.type))] };
}
