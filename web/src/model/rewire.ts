/** Which edits put a node into a link, or another type in a node's place? Links and values that fit are kept. */

import type { Edit } from "./edits";
import { naturalSize } from "./geometry";
import { createNode, type Graph } from "./graph";
import { dependsOn, removeNodes } from "./operations";
import { accepts } from "./sockets";
import type { GraphNode, InputSocket, Json, Link, LinkId, NodeId, WidgetSpec } from "./types";

/** The socket among `sockets` that takes `type`: one of just that type first, a plain socket before a widget's. */
function inputFor(sockets: readonly InputSocket[], type: string): InputSocket | undefined {
  const fitting = sockets.filter((socket) => accepts(socket.type, type));
  return fitting.find((socket) => socket.type === type && !socket.widget) ?? fitting.find((socket) => !socket.widget) ?? fitting[0];
}

/** The output that may go on into an input of type `type`, one of just that type first; -1 for none. */
function outputFor(node: GraphNode, type: string): number {
  const exact = node.outputs.findIndex((socket) => socket.type === type);
  return exact >= 0 ? exact : node.outputs.findIndex((socket) => accepts(type, socket.type));
}

/** Edits that lead a link through a node: its source into the node, the node on to its target. Empty where that does not fit. */
export function insertInto(graph: Graph, id: LinkId, node: GraphNode): Edit[] {
  const link = graph.links.get(id);
  if (!link || link.from === node.id || link.to === node.id) return [];
  const input = inputFor(node.inputs.filter((socket) => socket.link === null), link.type);
  const slot = outputFor(node, graph.input(link.to, link.toInput)?.type ?? link.type);
  if (!input || slot < 0 || dependsOn(graph, link.from, node.id) || dependsOn(graph, node.id, link.to)) return [];
  const free = graph.freeLinkId();
  const rank = Math.max(...[...graph.links.values()].map((other) => other.rank)) + 1;
  const entering: Link = { id: free, from: link.from, fromSlot: link.fromSlot, to: node.id, toInput: input.name, type: link.type, rank };
  const type = node.outputs[slot]!.type === "*" ? link.type : node.outputs[slot]!.type;
  const leaving: Link = { id: free + 1, from: node.id, fromSlot: slot, to: link.to, toInput: link.toInput, type, rank: link.rank };
  return [{ kind: "removeLink", id }, { kind: "addLink", link: entering }, { kind: "addLink", link: leaving }];
}

/** The value as the widget `to` may hold it; undefined where it means nothing there. */
function carriedValue(to: WidgetSpec, from: WidgetSpec, value: Json): Json | undefined {
  const texts = ["string", "text", "markdown"];
  if (to.kind !== from.kind && !(texts.includes(to.kind) && texts.includes(from.kind))) return undefined;
  if (to.choices) return to.choices.includes(value) ? value : undefined;
  if (to.kind === "number" && typeof value === "bigint" && to.exactMax === undefined) return to.max;
  if (to.kind !== "number" || typeof value !== "number") return value;
  const bounded = Math.min(to.max ?? value, Math.max(to.min ?? value, value));
  return to.integer ? Math.round(bounded) : bounded;
}

function carryValues(graph: Graph, from: GraphNode, to: GraphNode): void {
  const before = new Map(graph.widgets(from).map((spec) => [spec.name, spec]));
  for (const spec of graph.definition(to.type)?.widgets ?? []) {
    const old = before.get(spec.name);
    const value = old && carriedValue(spec, old, graph.value(from, old));
    if (value !== undefined) to.values[spec.name] = value;
  }
}

/** The links that arrived: each goes to the input of its name, else to the first free one of just its type. */
function carryInputs(graph: Graph, from: GraphNode, to: GraphNode): Omit<Link, "id">[] {
  const links = from.inputs.map((socket) => graph.linkInto(from.id, socket.name)).filter((link) => link !== undefined);
  const taken = new Set<string>();
  const placed = new Map<LinkId, string>();
  const place = (link: Link, socket: InputSocket | undefined): void => {
    if (!socket) return;
    taken.add(socket.name);
    placed.set(link.id, socket.name);
  };
  for (const link of links) place(link, to.inputs.find((socket) => socket.name === link.toInput && accepts(socket.type, link.type)));
  for (const link of links)
    if (!placed.has(link.id)) place(link, to.inputs.find((socket) => !taken.has(socket.name) && !socket.widget && socket.type === link.type));
  return links.filter((link) => placed.has(link.id)).map((link) => ({ ...link, to: to.id, toInput: placed.get(link.id)!, raw: undefined }));
}

/** The links that left: each leaves from the output of its slot's name and type, else from one that its target accepts. */
function carryOutputs(graph: Graph, from: GraphNode, to: GraphNode): Omit<Link, "id">[] {
  return from.outputs.flatMap((socket) => socket.links.flatMap((id) => {
    const link = graph.links.get(id);
    const wanted = link && graph.input(link.to, link.toInput)?.type;
    if (!link || wanted === undefined || link.to === from.id) return [];
    const named = to.outputs.findIndex((output) => output.name === socket.name && accepts(wanted, output.type));
    const slot = named >= 0 ? named : outputFor(to, wanted);
    return slot < 0 ? [] : [{ ...link, from: to.id, fromSlot: slot, type: to.outputs[slot]!.type === "*" ? link.type : to.outputs[slot]!.type, raw: undefined }];
  }));
}

/** Edits that put a new node of `type` in a node's place, and the new node's id. What does not fit the type is left out. */
export function swapNode(graph: Graph, id: NodeId, type: string, hasMedia: boolean): { edits: Edit[]; id: NodeId } {
  const from = graph.node(id);
  const node = createNode(graph, type, from.pos);
  node.mode = from.mode;
  node.collapsed = from.collapsed;
  node.pinned = from.pinned;
  node.title = from.title;
  carryValues(graph, from, node);
  const natural = naturalSize(graph, node, hasMedia);
  node.size = [Math.max(from.size[0], natural[0]), natural[1]];
  const free = graph.freeLinkId();
  const links = [...carryInputs(graph, from, node), ...carryOutputs(graph, from, node)].map((link, index) => ({ ...link, id: free + index }));
  return { edits: [...removeNodes(graph, [id]), { kind: "addNode", node }, ...links.map((link) => ({ kind: "addLink", link }) as const)], id: node.id };
}
