/** Which edits put a subgraph's nodes in the place of the node that stands for it? */

import type { Edit } from "./edits";
import { layoutNode, nodeBounds, union } from "./geometry";
import type { Graph } from "./graph";
import { copiedGroup, freeGroupId, middleOf } from "./groups";
import { removeNodes } from "./operations";
import { isBorder, SUBGRAPH_INPUT, SUBGRAPH_OUTPUT } from "./subgraph_type";
import { NodeMode, type GraphNode, type Json, type Link, type LinkId, type NodeId, type Point, type Rect } from "./types";

interface Ends {
  readonly from: { readonly node: NodeId; readonly slot: number };
  readonly to: { readonly node: NodeId; readonly input: string };
}

/** Where an inner link begins and ends outside: none where the border's socket is not linked, several behind an output. */
function outerEnds(graph: Graph, node: GraphNode, link: Link, fresh: ReadonlyMap<NodeId, NodeId>): Ends[] {
  const entering = link.from === SUBGRAPH_INPUT ? graph.linkInto(node.id, node.inputs[link.fromSlot]?.name ?? "") : undefined;
  if (link.from === SUBGRAPH_INPUT && !entering) return [];
  const from = entering ? { node: entering.from, slot: entering.fromSlot } : { node: fresh.get(link.from)!, slot: link.fromSlot };
  if (link.to !== SUBGRAPH_OUTPUT) return [{ from, to: { node: fresh.get(link.to)!, input: link.toInput } }];
  const leaving = (node.outputs[Number(link.toInput)]?.links ?? []).map((id: LinkId) => graph.links.get(id)).filter((entry) => entry !== undefined);
  return leaving.map((entry) => ({ from, to: { node: entry.to, input: entry.toInput } }));
}

/** Values that the node holds for itself, at the inner nodes that took them. */
function ownValues(node: GraphNode, inner: Graph, id: NodeId): Record<string, Json> {
  const values: Record<string, Json> = {};
  for (const link of inner.linksOf(id)) {
    const socket = link.from === SUBGRAPH_INPUT && link.to === id ? node.inputs[link.fromSlot] : undefined;
    const value = socket?.widget && socket.link === null ? node.values[socket.name] : undefined;
    if (value !== undefined) values[link.toInput] = value;
  }
  return values;
}

/** An inner node as it stands outside; a muted or bypassed subgraph mutes or bypasses what was in it. */
function outside(inner: GraphNode, id: NodeId, offset: Point, mode: number, rank: number): GraphNode {
  const copied = structuredClone(inner);
  return {
    ...copied, id, rank, pos: [inner.pos[0] + offset[0], inner.pos[1] + offset[1]], raw: { ...copied.raw, id: Number(id) },
    mode: mode === NodeMode.always ? inner.mode : mode,
    inputs: copied.inputs.map((socket) => ({ ...socket, link: null })), outputs: copied.outputs.map((socket) => ({ ...socket, links: [] })),
  };
}

const boundsIn = (graph: Graph, node: GraphNode): Rect => nodeBounds(node, layoutNode(graph, node, false));

/** How far the inner nodes are moved: their middle goes where that of the node was, as when the subgraph was made. */
function offsetTo(graph: Graph, node: GraphNode, inner: Graph, nodes: readonly GraphNode[]): Point {
  const area = union(nodes.map((entry) => boundsIn(inner, entry)));
  if (!area) return [0, 0];
  const [from, to] = [middleOf(area), middleOf(boundsIn(graph, node))];
  return [Math.round(to[0] - from[0]), Math.round(to[1] - from[1])];
}

function groupEdits(graph: Graph, inner: Graph, offset: Point): Edit[] {
  const first = freeGroupId(graph);
  return [...inner.groups.values()].map((group, index) => ({ kind: "addGroup", group: copiedGroup(group, first + index, offset) }));
}

/** Edits and the ids of the nodes that came out; the definition stays in the file for the other nodes that use it. */
export function unpackSubgraph(graph: Graph, id: NodeId): { edits: Edit[]; ids: NodeId[] } {
  const node = graph.node(id);
  const inner = graph.subgraphs.get(node.type);
  if (!inner) throw new Error(`expected node ${id} to stand for a subgraph, found ${node.type}`);
  const nodes = [...inner.nodes.values()].filter((entry) => !isBorder(entry.id));
  const first = Number(graph.freeNodeId());
  const fresh = new Map(nodes.map((entry, index) => [entry.id, String(first + index)]));
  const offset = offsetTo(graph, node, inner, nodes);
  const rank = graph.nextRank();
  const added: Edit[] = nodes.map((entry, index) => {
    const out = outside(entry, fresh.get(entry.id)!, offset, node.mode, rank + index);
    return { kind: "addNode", node: { ...out, values: { ...out.values, ...ownValues(node, inner, entry.id) } } };
  });
  const firstLink = graph.freeLinkId();
  const lastRank = Math.max(-1, ...[...graph.links.values()].map((link) => link.rank));
  const links: Edit[] = [...inner.links.values()]
    .flatMap((link) => outerEnds(graph, node, link, fresh).map((ends) => ({ ends, type: link.type })))
    .map(({ ends: { from, to }, type }, index) => ({
      kind: "addLink",
      link: { id: firstLink + index, from: from.node, fromSlot: from.slot, to: to.node, toInput: to.input, type, rank: lastRank + 1 + index },
    }));
  return { edits: [...removeNodes(graph, [id]), ...added, ...links, ...groupEdits(graph, inner, offset)], ids: [...fresh.values()] };
}
