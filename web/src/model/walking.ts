/** In what order are nodes read, and which is next in a direction? For whoever goes through a workflow without a pointer. */

import type { Graph } from "./graph";
import { isBorder } from "./subgraph_type";
import type { NodeId, Rect } from "./types";

export type Direction = "left" | "right" | "up" | "down";

/** Left before right, then upper before lower. */
const byPlace = (graph: Graph) => (a: NodeId, b: NodeId): number => {
  const [p, q] = [graph.node(a).pos, graph.node(b).pos];
  return p[0] - q[0] || p[1] - q[1];
};

/** Every node once: what feeds a node comes before it, and where links leave it open, what lies further left (Kahn 1962). */
export function readingOrder(graph: Graph): NodeId[] {
  const waiting = new Map<NodeId, number>();
  const next = new Map<NodeId, NodeId[]>();
  for (const id of graph.nodes.keys()) waiting.set(id, 0);
  for (const { from, to } of graph.links.values()) {
    waiting.set(to, (waiting.get(to) ?? 0) + 1);
    next.set(from, [...(next.get(from) ?? []), to]);
  }
  const compare = byPlace(graph);
  const ready = [...waiting].filter(([, count]) => count === 0).map(([id]) => id).sort(compare);
  const order: NodeId[] = [];
  while (ready.length > 0) {
    const id = ready.shift()!;
    order.push(id);
    for (const to of next.get(id) ?? []) {
      const left = waiting.get(to)! - 1;
      waiting.set(to, left);
      if (left > 0) continue;
      const at = ready.findIndex((other) => compare(to, other) < 0);
      ready.splice(at < 0 ? ready.length : at, 0, to);
    }
  }
  const seen = new Set(order);
  return [...order, ...[...graph.nodes.keys()].filter((id) => !seen.has(id)).sort(compare)]; // a circle that a file brought
}

const center = ({ x, y, width, height }: Rect): readonly [number, number] => [x + width / 2, y + height / 2];

/** How far `to` lies in a direction, sideways distance counted double; Infinity where it lies elsewhere. */
function distanceTowards(direction: Direction, from: Rect, to: Rect): number {
  const [ax, ay] = center(from);
  const [bx, by] = center(to);
  const ahead = { left: ax - bx, right: bx - ax, up: ay - by, down: by - ay }[direction];
  const aside = Math.abs(direction === "left" || direction === "right" ? by - ay : bx - ax);
  return ahead > 0 && aside <= 2 * ahead ? ahead + 2 * aside : Infinity;
}

/** The node that a step leads to: along a link to the left and right where there is one, else to the nearest node that way; null at the edge. */
export function neighbour(graph: Graph, bounds: (id: NodeId) => Rect, id: NodeId, direction: Direction): NodeId | null {
  const from = bounds(id);
  const [, y] = center(from);
  if (direction === "left")
    for (const { name } of graph.node(id).inputs) {
      const link = graph.linkInto(id, name);
      if (link) return link.from; // the first input is the one that matters most
    }
  const linked = direction === "right" ? graph.linksOf(id).filter((link) => link.from === id).map((link) => link.to) : [];
  if (linked.length > 0) return [...linked].sort((a, b) => Math.abs(center(bounds(a))[1] - y) - Math.abs(center(bounds(b))[1] - y))[0]!;
  let best: NodeId | null = null;
  let shortest = Infinity;
  for (const other of graph.nodes.keys()) {
    const distance = other === id ? Infinity : distanceTowards(direction, from, bounds(other));
    if (distance < shortest) [best, shortest] = [other, distance];
  }
  return best;
}

/** A node as a screen reader says it: its title, what it takes from where, and where its results go. */
export function describeNode(graph: Graph, id: NodeId): string {
  const names = (ids: readonly NodeId[]): string => [...new Set(ids)].map((other) => graph.title(graph.node(other))).join(", ");
  const links = graph.linksOf(id);
  const from = names(links.filter((link) => link.to === id).map((link) => link.from));
  const to = names(links.filter((link) => link.from === id).map((link) => link.to));
  const title = isBorder(id) ? graph.title(graph.node(id)) : `${graph.title(graph.node(id))}, node ${id}`;
  return [title, from && `from ${from}`, to && `to ${to}`].filter(Boolean).join("; ");
}
