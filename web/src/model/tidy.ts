/** Where do nodes go that have no places yet? Columns by depth, each node near the middle of those that feed it. */

import type { Edit } from "./edits";
import { layoutNode, TITLE } from "./geometry";
import type { Graph } from "./graph";
import type { GraphNode, NodeId, Point } from "./types";

const COLUMN_GAP = 70;
const ROW_GAP = 30;

/** Longest distance from a source per node; links that close a circle are passed over. */
function depths(graph: Graph): Map<NodeId, number> {
  const depth = new Map<NodeId, number>();
  const missing = new Map<NodeId, number>();
  for (const node of graph.nodes.values()) missing.set(node.id, node.inputs.filter((socket) => socket.link !== null).length);
  let ready = [...missing].filter(([, count]) => count === 0).map(([id]) => id);
  while (ready.length > 0) {
    const next: NodeId[] = [];
    for (const id of ready) {
      depth.set(id, depth.get(id) ?? 0);
      for (const link of graph.node(id).outputs.flatMap((socket) => socket.links).map((link) => graph.links.get(link)!)) {
        depth.set(link.to, Math.max(depth.get(link.to) ?? 0, depth.get(id)! + 1));
        const left = (missing.get(link.to) ?? 0) - 1;
        missing.set(link.to, left);
        if (left === 0) next.push(link.to);
      }
    }
    ready = next;
  }
  for (const id of graph.nodes.keys()) if (!depth.has(id)) depth.set(id, 0);
  return depth;
}

function columnsOf(graph: Graph): GraphNode[][] {
  const depth = depths(graph);
  const columns: GraphNode[][] = [];
  for (const node of graph.nodes.values()) {
    const own = depth.get(node.id)!;
    (columns[own] ??= []).push(node);
  }
  return columns.filter((column) => column !== undefined);
}

/** A place per node that leaves no two on top of each other. */
export function tidyPositions(graph: Graph, hasMedia: (node: GraphNode) => boolean): Map<NodeId, Point> {
  const places = new Map<NodeId, Point>();
  let x = 0;
  for (const column of columnsOf(graph)) {
    const middle = (node: GraphNode): number => {
      const feeding = node.inputs.map((socket) => graph.linkInto(node.id, socket.name)?.from).map((id) => (id ? places.get(id)?.[1] : undefined));
      const known = feeding.filter((y) => y !== undefined);
      return known.length === 0 ? 0 : known.reduce((sum, y) => sum + y, 0) / known.length;
    };
    const sorted = [...column].sort((a, b) => middle(a) - middle(b) || a.rank - b.rank);
    let y = TITLE;
    let width = 0;
    for (const node of sorted) {
      const layout = layoutNode(graph, node, hasMedia(node));
      places.set(node.id, [x, y]);
      y += layout.height + TITLE + ROW_GAP;
      width = Math.max(width, layout.width);
    }
    x += width + COLUMN_GAP;
  }
  return places;
}

export const tidyEdits = (graph: Graph, hasMedia: (node: GraphNode) => boolean): Edit[] =>
  [...tidyPositions(graph, hasMedia)].map(([id, value]) => ({ kind: "field", id, field: "pos", value }));
