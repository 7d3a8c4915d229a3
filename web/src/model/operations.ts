/** Which edits make a connection, delete a selection, insert a fragment? */

import type { Edit } from "./edits";
import { parseJson, toJson } from "./exact_json";
import type { Graph } from "./graph";
import { copiedGroup, freeGroupId } from "./groups";
import { asSubgraphNode, groupName, withAllValues } from "./group_nodes";
import { addPort, newPortSide } from "./ports";
import { accepts } from "./sockets";
import { bring, definitionsFor } from "./subgraph_copy";
import { isBorder, type Side } from "./subgraph_type";
import { list } from "./workflow_read";
import type { Group, GraphNode, InputSocket, Json, JsonObject, Link, LinkId, NodeId, OutputSocket, Point } from "./types";

export interface OutputEnd {
  readonly node: NodeId;
  readonly slot: number;
}
export interface InputEnd {
  readonly node: NodeId;
  readonly input: string;
}

/** True when following links upstream from `from` arrives at `node`: a link node -> from would close a circle. */
export function dependsOn(graph: Graph, from: NodeId, node: NodeId): boolean {
  const seen = new Set<NodeId>();
  const waiting = [from];
  while (waiting.length > 0) {
    const id = waiting.pop()!;
    if (id === node) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    for (const socket of graph.nodes.get(id)?.inputs ?? []) {
      const link = socket.link === null ? undefined : graph.links.get(socket.link);
      if (link) waiting.push(link.from);
    }
  }
  return false;
}

export function mayConnect(graph: Graph, output: OutputEnd, input: InputEnd): boolean {
  if (newPortSide(graph, output, input)) return true;
  const source = graph.nodes.get(output.node)?.outputs[output.slot];
  const target = graph.input(input.node, input.input);
  if (!source || !target || !accepts(target.type, source.type)) return false;
  return !dependsOn(graph, output.node, input.node);
}

/** Edits that connect two sockets; a link that already arrives at the input gives way. Empty where nothing changes. */
export function connect(graph: Graph, output: OutputEnd, input: InputEnd, id: LinkId = graph.freeLinkId()): Edit[] {
  const side = newPortSide(graph, output, input);
  if (side) return connectNewPort(graph, side, output, input, id);
  const present = graph.linkInto(input.node, input.input);
  if (present?.from === output.node && present.fromSlot === output.slot) return [];
  const target = graph.input(input.node, input.input);
  const source = graph.node(output.node).outputs[output.slot];
  if (!target || !source) return [];
  const rank = nextRank(graph);
  const type = source.type === "*" ? target.type : source.type;
  const link: Link = { id, from: output.node, fromSlot: output.slot, to: input.node, toInput: input.input, type, rank };
  return [...(present ? [{ kind: "removeLink", id: present.id } as const] : []), ...primitiveValue(graph, output, input), { kind: "addLink", link }];
}

/** A primitive that has no value yet takes that of the first widget it feeds, so that nothing changes by the link. */
function primitiveValue(graph: Graph, output: OutputEnd, input: InputEnd): Edit[] {
  const source = graph.node(output.node);
  const target = graph.node(input.node);
  const spec = graph.widgets(target).find((widget) => widget.name === input.input);
  if (source.type !== "PrimitiveNode" || source.values.value !== undefined || !spec || target.type === "PrimitiveNode") return [];
  return [{ kind: "value", id: source.id, name: "value", value: graph.value(target, spec) }];
}

const nextRank = (graph: Graph): number => Math.max(-1, ...[...graph.links.values()].map((link) => link.rank)) + 1;

/** A link to the empty socket of a subgraph's border makes an input or output of the other end's name and type. */
function connectNewPort(graph: Graph, side: Side, output: OutputEnd, input: InputEnd, id: LinkId): Edit[] {
  const inside = side === "input" ? graph.input(input.node, input.input) : graph.nodes.get(output.node)?.outputs[output.slot];
  if (!inside) return [];
  const present = side === "input" ? graph.linkInto(input.node, input.input) : undefined;
  const index = side === "input" ? output.slot : graph.node(input.node).inputs.length;
  const link: Link = { id, from: output.node, fromSlot: output.slot, to: input.node, toInput: side === "input" ? input.input : String(index), type: inside.type, rank: nextRank(graph) };
  const removed: Edit[] = present ? [{ kind: "removeLink", id: present.id }] : [];
  return [...removed, ...addPort(graph, side, inside.name || inside.type.toLowerCase(), inside.type, "widget" in inside && inside.widget), { kind: "addLink", link }];
}

export function removeNodes(graph: Graph, ids: Iterable<NodeId>): Edit[] {
  const edits: Edit[] = [];
  const gone = new Set<LinkId>();
  const nodes = [...ids].filter((id) => graph.nodes.has(id) && !isBorder(id));
  for (const id of nodes)
    for (const link of graph.linksOf(id))
      if (!gone.has(link.id)) {
        gone.add(link.id);
        edits.push({ kind: "removeLink", id: link.id });
      }
  return [...edits, ...nodes.map((id) => ({ kind: "removeNode", id }) as const)];
}

/** Like removeNodes, but a link that entered goes on from the first output of the same type, where there is one. */
export function dissolveNode(graph: Graph, id: NodeId): Edit[] {
  const node = graph.node(id);
  const edits = removeNodes(graph, [id]);
  let free = graph.freeLinkId();
  for (const output of node.outputs) {
    const entering = node.inputs.map((socket) => graph.linkInto(id, socket.name)).find((link) => link && accepts(output.type, link.type));
    if (!entering) continue;
    for (const linkId of output.links) {
      const leaving = graph.links.get(linkId);
      if (!leaving) continue;
      edits.push({ kind: "addLink", link: { ...leaving, id: free, from: entering.from, fromSlot: entering.fromSlot, type: entering.type, raw: undefined } });
      free += 1;
    }
  }
  return edits;
}

/** A piece of a graph as it travels through the clipboard. */
export interface Fragment {
  readonly nodes: readonly GraphNode[];
  readonly links: readonly Link[];
  /** The subgraphs that the nodes stand for, nested ones as well, as files have them. */
  readonly definitions?: readonly JsonObject[];
  readonly groups?: readonly Group[];
}

/** The top left corner of a piece of a graph. */
export function placeOf({ nodes, groups = [] }: Fragment): Point {
  const corners: readonly Point[] = [...nodes.map((node) => node.pos), ...groups.map(({ bounds }): Point => [bounds.x, bounds.y])];
  return [Math.min(...corners.map(([x]) => x)), Math.min(...corners.map(([, y]) => y))];
}

const copyNode = (node: GraphNode): GraphNode => structuredClone(node);

/** What a copy keeps of its node's file: all that nobody here knows, the values of a type that is not installed among it. */
function copiedFields(raw: JsonObject, id: NodeId): JsonObject {
  if (!("id" in raw)) return raw;
  const copied = { ...raw, id: Number(id) };
  Reflect.deleteProperty(copied, "order");
  return copied;
}

/** After a way through text a socket's slot and that of its node's file are two objects: they are made one again. */
function rejoined<T extends InputSocket | OutputSocket>(sockets: readonly T[], slots: Json | undefined): T[] {
  const left = list(slots);
  return sockets.map((socket) => {
    const at = socket.raw ? left.findIndex((slot) => slot.name === socket.raw!.name) : -1;
    return at < 0 ? socket : { ...socket, raw: left.splice(at, 1)[0] };
  });
}

/** A node as it is put into a graph: on its own, with no links yet. */
function inserted(node: GraphNode, id: NodeId): GraphNode {
  const copy = copyNode(node);
  const raw = copiedFields(copy.raw, id);
  return {
    ...copy, id, raw,
    inputs: rejoined(copy.inputs.map((socket) => ({ ...socket, link: null })), raw.inputs), outputs: rejoined(copy.outputs.map((socket) => ({ ...socket, links: [] })), raw.outputs),
  };
}

/** The chosen nodes and groups, with every link that arrives at one of the nodes (those from outside are used where asked for). */
export function cutOut(graph: Graph, ids: Iterable<NodeId>, groups: Iterable<number> = []): Fragment {
  const chosen = new Set([...ids].filter((id) => !isBorder(id)));
  const nodes = [...chosen].map((id) => graph.nodes.get(id)).filter((node) => node !== undefined);
  const copied = nodes.map((node) => (graph.subgraphs.get(node.type)?.isGroup ? withAllValues(graph, node) : copyNode(node)));
  return {
    nodes: copied, links: [...graph.links.values()].filter((link) => chosen.has(link.to)), definitions: definitionsFor(graph.root, nodes),
    groups: [...groups].flatMap((id) => structuredClone(graph.groups.get(id)) ?? []),
  };
}

/**
 * Edits that insert a fragment with its top left corner at `at`, and the ids of the new nodes and groups. With `keepOutside`, links from
 * nodes that are not in the fragment are made again where those nodes still exist. Raises where a subgraph would come to be
 * inside itself.
 */
export function insertFragment(graph: Graph, fragment: Fragment, at: Point, keepOutside = false): { edits: Edit[]; ids: NodeId[]; groups: number[] } {
  const { groups: frames = [] } = fragment;
  const [left, top] = placeOf(fragment);
  const fresh = new Map<NodeId, NodeId>();
  const first = Number(graph.freeNodeId());
  fragment.nodes.forEach((node, index) => fresh.set(node.id, String(first + index)));
  const rank = graph.nextRank();
  const { subgraphs, typeOf } = bring(graph, fragment.definitions ?? [], fragment.nodes.map((node) => node.type));
  const isKnown = (type: string): boolean => graph.definition(type) !== undefined || subgraphs.some((subgraph) => subgraph.id === type);
  const edits: Edit[] = subgraphs.map((subgraph) => ({ kind: "addDefinition", subgraph }));
  const placed = (node: GraphNode): GraphNode => {
    const copy = inserted(node, fresh.get(node.id)!);
    const isConverted = groupName(node.type) !== undefined && typeOf(node.type) !== node.type;
    return isConverted ? asSubgraphNode(copy, typeOf(node.type)) : { ...copy, type: typeOf(node.type) };
  };
  const added = fragment.nodes.map((node, index): Edit => ({
    kind: "addNode",
    node: {
      ...placed(node), rank: rank + index,
      known: isKnown(typeOf(node.type)), pos: [node.pos[0] - left + at[0], node.pos[1] - top + at[1]],
    },
  }));
  edits.push(...added);
  let free = graph.freeLinkId();
  for (const link of fragment.links) {
    const from = fresh.get(link.from) ?? (keepOutside && graph.nodes.has(link.from) ? link.from : undefined);
    const to = fresh.get(link.to);
    if (!from || !to) continue;
    edits.push({ kind: "addLink", link: { ...link, id: free, from, to, raw: undefined } });
    free += 1;
  }
  const firstGroup = freeGroupId(graph);
  const groups = frames.map((group, index) => copiedGroup(group, firstGroup + index, [at[0] - left, at[1] - top]));
  edits.push(...groups.map((group): Edit => ({ kind: "addGroup", group })));
  return { edits, ids: [...fresh.values()], groups: groups.map(({ id }) => id) };
}

export const fragmentToText = (fragment: Fragment): string => toJson({ weft: "fragment", version: 1, ...fragment });

/** Reads what fragmentToText wrote; null for any other text. */
export function fragmentFromText(text: string): Fragment | null {
  let data: Json;
  try {
    data = parseJson(text) as Json;
  } catch {
    return null; // not JSON at all: other text on the clipboard is no error
  }
  if (typeof data !== "object" || data === null || Array.isArray(data) || data.weft !== "fragment") return null;
  const { nodes, links, definitions, groups = [] } = data as JsonObject & { nodes: unknown; links: unknown; groups?: unknown };
  if (!Array.isArray(nodes) || !Array.isArray(links) || !Array.isArray(groups) || !nodes.every(looksLikeNode) || !groups.every(looksLikeGroup)) return null;
  return { nodes: nodes as GraphNode[], links: links as Link[], definitions: list(definitions), groups: groups as Group[] };
}

function looksLikeGroup(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { title, bounds, raw } = value as Partial<Group>;
  return typeof title === "string" && typeof raw === "object" && typeof bounds === "object" && [bounds.x, bounds.y, bounds.width, bounds.height].every(Number.isFinite);
}

function looksLikeNode(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const node = value as Partial<GraphNode>;
  return typeof node.id === "string" && typeof node.type === "string" && Array.isArray(node.pos) && Array.isArray(node.size) &&
    Array.isArray(node.inputs) && Array.isArray(node.outputs) && typeof node.values === "object" && node.values !== null;
}
