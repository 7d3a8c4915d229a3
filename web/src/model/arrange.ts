/** Where do nodes go when they are aligned or spaced out? Pinned nodes stay, and count for the others. */

import type { Edit } from "./edits";
import type { Graph } from "./graph";
import type { NodeId, Rect } from "./types";

export type Arrangement = "left" | "right" | "top" | "bottom" | "across" | "down";

export interface Placed {
  readonly id: NodeId;
  readonly bounds: Rect;
}

const isSideways = (how: Arrangement): boolean => how === "left" || how === "right" || how === "across";
const start = (bounds: Rect, sideways: boolean): number => (sideways ? bounds.x : bounds.y);
const length = (bounds: Rect, sideways: boolean): number => (sideways ? bounds.width : bounds.height);

/** The new start of each node along the axis: one edge for all, or equal gaps between the outermost two. */
function starts(nodes: readonly Placed[], how: Arrangement): Map<NodeId, number> {
  const sideways = isSideways(how);
  const from = Math.min(...nodes.map(({ bounds }) => start(bounds, sideways)));
  const to = Math.max(...nodes.map(({ bounds }) => start(bounds, sideways) + length(bounds, sideways)));
  if (how === "left" || how === "top") return new Map(nodes.map(({ id }) => [id, from]));
  if (how === "right" || how === "bottom") return new Map(nodes.map(({ id, bounds }) => [id, to - length(bounds, sideways)]));
  const filled = nodes.reduce((sum, { bounds }) => sum + length(bounds, sideways), 0);
  const gap = nodes.length > 1 ? (to - from - filled) / (nodes.length - 1) : 0;
  let next = from;
  return new Map([...nodes].sort((a, b) => start(a.bounds, sideways) - start(b.bounds, sideways)).map(({ id, bounds }) => {
    const place = next;
    next += length(bounds, sideways) + gap;
    return [id, Math.round(place)];
  }));
}

/** Edits that move the nodes along one axis; the other is left as it is. */
export function arrange(graph: Graph, nodes: readonly Placed[], how: Arrangement): Edit[] {
  const places = starts(nodes, how);
  return nodes.flatMap(({ id, bounds }): Edit[] => {
    const node = graph.node(id);
    const shift = places.get(id)! - start(bounds, isSideways(how));
    if (node.pinned || shift === 0) return [];
    const [x, y] = node.pos;
    return [{ kind: "field", id, field: "pos", value: isSideways(how) ? [x + shift, y] : [x, y + shift] }];
  });
}
