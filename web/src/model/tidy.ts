/** Where do nodes go that have no places yet? Columns by depth, each node near the middle of those that feed it. */

import type { Edit } from "./edits";
import { layoutNode, TITLE } from "./geometry";
import type { Graph } from "./graph";
import type { GraphNode, NodeId, Point } from "./types";

const COLUMN_GAP = 70;
const ROW_GAP = 30;

/** Longest distance from a source among `ids` per node; links that close a circle are passed over. */
function depths(graph: Graph, ids: ReadonlySet<NodeId>): Map<NodeId, number> {
  const depth = new Map<NodeId, number>();
  const missing = new Map<NodeId, number>();
  for (const id of ids) missing.set(id, graph.node(id).inputs.filter((socket) => ids.has(graph.linkInto(id, socket.name)?.from ?? "")).length);
  let ready = [...missing].filter(([, count]) => count === 0).map(([id]) => id);
  while (ready.length > 0) {
    const next: NodeId[] = [];
    for (const id of ready) {
      depth.set(id, depth.get(id) ?? 0);
      for (const link of graph.node(id).outputs.flatMap((socket) => socket.links).map((link) => graph.links.get(link)!).filter((link) => ids.has(link.to))) {
        depth.set(link.to, Math.max(depth.get(link.to) ?? 0, depth.get(id)! + 1));
        const left = (missing.get(link.to) ?? 0) - 1;
        missing.set(link.to, left);
        if (left === 0) next.push(link.to);
      }
    }
    ready = next;
  }
  for (const id of ids) if (!depth.has(id)) depth.set(id, 0);
  return depth;
}

function columnsOf(graph: Graph, ids: ReadonlySet<NodeId>): GraphNode[][] {
  const depth = depths(graph, ids);
  const columns: GraphNode[][] = [];
  for (const id of ids) (columns[depth.get(id)!] ??= []).push(graph.node(id));
  return columns.filter((column) => column !== undefined);
}

/** A place per node of `ids` (all where none are named) that leaves no two on top of each other. */
export function tidyPositions(graph: Graph, hasMedia: (node: GraphNode) => boolean, ids: ReadonlySet<NodeId> = new Set(graph.nodes.keys())): Map<NodeId, Point> {
  const places = new Map<NodeId, Point>();
  let x = 0;
  for (const column of columnsOf(graph, ids)) {
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

/** Edits that lay nodes out in columns, their top left corner where it was. */
export function tidyEdits(graph: Graph, ids: ReadonlySet<NodeId>, hasMedia: (node: GraphNode) => boolean): Edit[] {
  const places = tidyPositions(graph, hasMedia, ids);
  const corner = (axis: 0 | 1, of: (id: NodeId) => Point): number => Math.min(...[...ids].map((id) => of(id)[axis]));
  const shift = ([0, 1] as const).map((axis) => corner(axis, (id) => graph.node(id).pos) - corner(axis, (id) => places.get(id)!)) as [number, number];
  return [...places].map(([id, [x, y]]) => ({ kind: "field", id, field: "pos", value: [Math.round(x + shift[0]), Math.round(y + shift[1])] }));
}
