/** How is a graph written as a workflow file? In the schema that it was read in, with everything we do not know left in place. */

import { toJson } from "./exact_json";
import type { Graph } from "./graph";
import { writeInstanceValues } from "./instance_values";
import { borderId, isBorder, usedSubgraphs, type Side } from "./subgraph_type";
import type { Group, GraphNode, InputSocket, Json, JsonObject, Link, OutputSocket, Point, WidgetSpec } from "./types";
import { writeValues } from "./widget_values";
import { isObject, readPoint, isSubgraphType, shownInFile } from "./workflow_read";

export interface CameraState {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

const samePoint = (a: Point, b: Point): boolean => a[0] === b[0] && a[1] === b[1];

/** The point in the form in which the file had it. */
function writePoint(point: Point, before: Json | undefined): Json {
  if (before !== undefined && samePoint(readPoint(before, [NaN, NaN]), point)) return before;
  return isObject(before) ? { "0": point[0], "1": point[1] } : [point[0], point[1]];
}

/**
 * The inputs as the file lists them: those it had in its order, then those linked since. A node that is new lists all its
 * sockets, and its widgets where they are linked.
 */
export function writtenInputs(node: GraphNode): InputSocket[] {
  // an input that belongs to another ("images.image2") stands where the type has it, and what follows moves on
  const isGrown = node.inputs.some((socket) => !socket.raw && socket.link !== null && socket.name.includes("."));
  if (isGrown) return node.inputs.filter((socket) => socket.raw ?? (socket.link !== null || !socket.widget));
  const slots = Array.isArray(node.raw.inputs) ? node.raw.inputs : [];
  const known = node.inputs.filter((socket) => socket.raw).sort((a, b) => slots.indexOf(a.raw!) - slots.indexOf(b.raw!));
  const isNew = !("id" in node.raw);
  return [...known, ...node.inputs.filter((socket) => !socket.raw && (socket.link !== null || (isNew && (!socket.widget || isSubgraphType(node.type)))))];
}

function writeInput(socket: InputSocket): JsonObject {
  if (!socket.raw) return { name: socket.name, type: socket.type, link: socket.link, ...(socket.widget ? { widget: { name: socket.name } } : {}) };
  return "link" in socket.raw || socket.link !== null ? { ...socket.raw, link: socket.link } : socket.raw;
}

function writeOutput(socket: OutputSocket, index: number): JsonObject {
  if (!socket.raw) return { name: socket.name, type: socket.type, links: socket.links, slot_index: index };
  if (socket.links.length === 0 && !Array.isArray(socket.raw.links)) return socket.raw;
  return { ...socket.raw, links: socket.links };
}

function writeFlags(node: GraphNode): JsonObject {
  const flags: JsonObject = isObject(node.raw.flags) ? { ...node.raw.flags } : {};
  for (const name of ["collapsed", "pinned"] as const) {
    if (node[name]) flags[name] = true;
    else if (flags[name] === true) Reflect.deleteProperty(flags, name);
  }
  return flags;
}

/** Where other widgets apply than in the file, the list is written anew. */
function writeNodeValues(graph: Graph, node: GraphNode): Json | undefined {
  const specs = graph.widgets(node);
  const definition = graph.definition(node.type);
  const names = (all: readonly WidgetSpec[]): string => all.map((spec) => spec.name).join("\n");
  const isOther = definition?.parts !== undefined && "id" in node.raw && names(specs) !== names(shownInFile(definition, node.raw).widgets);
  return writeValues(specs, isOther ? { ...node, raw: {} } : node);
}

function writeNode(graph: Graph, node: GraphNode, order: number): JsonObject {
  const { raw } = node;
  const id = raw.id ?? (/^\d+$/.test(node.id) ? Number(node.id) : node.id);
  const written: JsonObject = { ...raw, id, type: node.type, pos: writePoint(node.pos, raw.pos), size: writePoint(node.size, raw.size) };
  written.flags = "flags" in raw || node.collapsed || node.pinned ? writeFlags(node) : {};
  written.order = raw.order ?? order;
  written.mode = node.mode;
  const inputs = writtenInputs(node);
  if (inputs.length > 0 || "inputs" in raw || !("id" in raw)) written.inputs = inputs.map(writeInput);
  if (node.outputs.length > 0 || "outputs" in raw || !("id" in raw)) written.outputs = node.outputs.map(writeOutput);
  if (node.title !== null) written.title = node.title;
  else if (raw.title !== undefined && raw.title !== "") Reflect.deleteProperty(written, "title");
  if ("properties" in raw || Object.keys(node.properties).length > 0) written.properties = node.properties;
  const ofKnown = (): Json | undefined => (graph.subgraphs.has(node.type) ? writeInstanceValues(graph, node) : writeNodeValues(graph, node));
  const values = node.known ? ofKnown() : raw.widgets_values;
  if (values !== undefined) written.widgets_values = values;
  return written;
}

function writeLink(graph: Graph, link: Link, asObjects: boolean): Json {
  const target = graph.node(link.to);
  const toSlot = writtenInputs(target).findIndex((socket) => socket.name === link.toInput);
  const from = idInFile(graph, link.from);
  const to = idInFile(graph, link.to);
  if (!asObjects) return [link.id, from, link.fromSlot, to, toSlot, link.type];
  return { ...(link.raw ?? {}), id: link.id, origin_id: from, origin_slot: link.fromSlot, target_id: to, target_slot: toSlot, type: link.type };
}

const idInFile = (graph: Graph, id: string): Json => graph.node(id).raw.id ?? (/^-?\d+$/.test(id) ? Number(id) : id);

function writeGroup(group: Group): JsonObject {
  const { x, y, width, height } = group.bounds;
  const written: JsonObject = { ...group.raw, title: group.title, bounding: [x, y, width, height] };
  if (group.color) written.color = group.color;
  else if (written.color) Reflect.deleteProperty(written, "color");
  return written;
}

const byRank = (a: { rank: number }, b: { rank: number }): number => a.rank - b.rank;

function largest(ids: Iterable<number | string>, before: Json | undefined): number {
  let result = typeof before === "number" ? before : 0;
  for (const id of ids) if (Number.isFinite(Number(id))) result = Math.max(result, Number(id));
  return result;
}

/** Links in the order of the file, those that lead nowhere at their places. */
function writeLinks(graph: Graph, asObjects: boolean): Json[] {
  const links = [...graph.links.values()].map((link) => ({ rank: link.rank, raw: writeLink(graph, link, asObjects) }));
  return [...links, ...graph.strayLinks].sort(byRank).map((entry) => entry.raw);
}

export const writeNodes = (graph: Graph): JsonObject[] => [...graph.nodes.values()].filter((node) => !isBorder(node.id)).sort(byRank).map((node, order) => writeNode(graph, node, order));

/** The definition of a subgraph: as it stood in the file where nothing in it was changed. */
export function writeSubgraph(subgraph: Graph): JsonObject {
  const written = subgraphFields(subgraph);
  return toJson(written) === untouched.get(subgraph) ? subgraph.raw : written;
}

/** What would be written for a subgraph just as it was read. */
const untouched = new WeakMap<Graph, string>();

/** Notes how a subgraph of a file is written before anybody has changed it. */
export const noteUntouched = (subgraph: Graph): void => void untouched.set(subgraph, toJson(subgraphFields(subgraph)));

function subgraphFields(subgraph: Graph): JsonObject {
  const { raw } = subgraph;
  const state = isObject(raw.state) ? raw.state : {};
  const inner = [...subgraph.nodes.keys()].filter((id) => !isBorder(id));
  return {
    ...raw, id: subgraph.id!, version: raw.version ?? 1,
    state: {
      ...state, lastGroupId: largest(subgraph.groups.keys(), state.lastGroupId), lastNodeId: largest(inner, state.lastNodeId),
      lastLinkId: largest(subgraph.links.keys(), state.lastLinkId), lastRerouteId: state.lastRerouteId ?? 0,
    },
    revision: raw.revision ?? 0, config: raw.config ?? {}, name: subgraph.name,
    inputNode: writeBorder(subgraph, "input"), outputNode: writeBorder(subgraph, "output"),
    inputs: writePorts(subgraph, "input"), outputs: writePorts(subgraph, "output"), widgets: raw.widgets ?? [],
    nodes: writeNodes(subgraph), groups: [...subgraph.groups.values()].map(writeGroup), links: writeLinks(subgraph, true), extra: raw.extra ?? {},
  };
}

const BORDER_WIDTH = 120;
const PORT_HEIGHT = 20;

function writeBorder(subgraph: Graph, side: Side): JsonObject {
  const node = subgraph.node(borderId(side));
  const before = isObject(subgraph.raw[`${side}Node`]) ? (subgraph.raw[`${side}Node`] as JsonObject) : {};
  const [, , width = BORDER_WIDTH] = Array.isArray(before.bounding) ? before.bounding : [];
  const count = Math.max(node.inputs.length, node.outputs.length);
  return { ...before, id: Number(node.id), bounding: [node.pos[0], node.pos[1], width, PORT_HEIGHT * (count + 2)] };
}

function writePorts(subgraph: Graph, side: Side): JsonObject[] {
  const node = subgraph.node(borderId(side));
  const sockets = side === "input" ? node.outputs : node.inputs;
  const x = node.pos[0] + (side === "input" ? BORDER_WIDTH - PORT_HEIGHT : PORT_HEIGHT);
  return sockets.map((socket, index) => ({
    ...socket.raw, linkIds: "links" in socket ? socket.links : socket.link === null ? [] : [socket.link], pos: [x, node.pos[1] + PORT_HEIGHT * (index + 1)],
  }));
}

/** The definitions of the file, and those made since that some node needs. */
function writeDefinitions(graph: Graph): Json | undefined {
  const before = graph.raw.definitions;
  const entries = isObject(before) && Array.isArray(before.subgraphs) ? before.subgraphs : [];
  const inFile = new Set(entries.filter(isObject).map((entry) => String(entry.id)));
  const used = usedSubgraphs(graph, graph.nodes.values());
  const fresh = [...graph.subgraphs.values()].filter((subgraph) => !subgraph.isGroup && !inFile.has(subgraph.id!) && used.has(subgraph.id!));
  if (fresh.length === 0 && inFile.size === 0) return before;
  const seen = new Set<string>();
  const kept = entries.map((entry) => {
    const subgraph = isObject(entry) && !seen.has(String(entry.id)) ? graph.subgraphs.get(String(entry.id)) : undefined;
    if (subgraph) seen.add(subgraph.id!);
    return subgraph ? writeSubgraph(subgraph) : entry; // what no graph stands for is written as it came
  });
  return { ...(isObject(before) ? before : {}), subgraphs: [...kept, ...fresh.map(writeSubgraph)] };
}

/** The workflow file of a graph; with `camera`, where the reader will look is written into `extra.ds`. */
export function writeWorkflow(graph: Graph, camera?: CameraState): JsonObject {
  const asObjects = Number(graph.raw.version) >= 1;
  const extra: JsonObject = isObject(graph.raw.extra) ? { ...graph.raw.extra } : {};
  if (camera) extra.ds = { scale: camera.scale, offset: [camera.x / camera.scale, camera.y / camera.scale] };
  const written: JsonObject = { ...graph.raw };
  const state = isObject(graph.raw.state) ? graph.raw.state : null;
  if (state)
    written.state = { ...state, lastNodeId: largest(graph.nodes.keys(), state.lastNodeId), lastLinkId: largest(graph.links.keys(), state.lastLinkId) };
  if (!state || "last_node_id" in graph.raw) {
    written.last_node_id = largest(graph.nodes.keys(), graph.raw.last_node_id);
    written.last_link_id = largest(graph.links.keys(), graph.raw.last_link_id);
  }
  written.nodes = writeNodes(graph);
  const links = writeLinks(graph, asObjects);
  if (links.length > 0 || "links" in graph.raw || !asObjects) written.links = links;
  written.groups = [...graph.groups.values()].map(writeGroup);
  written.config = graph.raw.config ?? {};
  written.extra = extra;
  written.version = graph.raw.version ?? 0.4;
  const definitions = writeDefinitions(graph);
  if (definitions !== undefined) written.definitions = definitions;
  return written;
}
