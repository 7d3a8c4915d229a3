/** What moves when something is dragged? The selected nodes and groups, with all that those groups hold. */

import type { Document } from "../model/document";
import type { Edit } from "../model/edits";
import { heldBy } from "../model/groups";
import { cutOut, insertFragment, placeOf } from "../model/operations";
import type { NodeId, Point, Rect } from "../model/types";

/** Where it all was before it was dragged. */
export interface Moving {
  readonly places: ReadonlyMap<NodeId, Point>;
  readonly groups: ReadonlyMap<number, Rect>;
}

/** The selection; with `carries` also what else lies in its groups. Pinned nodes stay. */
export function movingOf(document: Document, carries: boolean): Moving {
  const { graph } = document;
  const ids = document.selection.peek();
  const groups = [...document.selectedGroups.peek()];
  const held = carries ? heldBy(graph, groups, (id) => document.bounds(id)) : { nodes: [], groups };
  const nodes = [...new Set([...ids, ...held.nodes])].flatMap((id) => graph.nodes.get(id) ?? []).filter((node) => !node.pinned);
  return { places: new Map(nodes.map((node) => [node.id, node.pos])), groups: new Map(held.groups.map((id) => [id, graph.groups.get(id)!.bounds])) };
}

/** The point that goes to the grid where things snap. */
export function anchorOf({ places, groups }: Moving): Point {
  const [group] = groups.values();
  return group ? [group.x, group.y] : ([...places.values()][0] ?? [0, 0]);
}

export const movedBy = ({ places, groups }: Moving, dx: number, dy: number): Edit[] => [
  ...[...places].map(([id, [x, y]]): Edit => ({ kind: "field", id, field: "pos", value: [x + dx, y + dy] })),
  ...[...groups].map(([id, bounds]): Edit => ({ kind: "groupBounds", id, bounds: { ...bounds, x: bounds.x + dx, y: bounds.y + dy } })),
];

/** Puts a copy of the selection where it is, `by` further, with the links from outside; selects the copy and returns its nodes. */
export function duplicateSelection(document: Document, by: number, key: string | null = null): readonly NodeId[] {
  const fragment = cutOut(document.graph, document.selection.peek(), document.selectedGroups.peek());
  const [x, y] = placeOf(fragment);
  const { edits, ids, groups } = insertFragment(document.graph, fragment, [x + by, y + by], true);
  document.edit("duplicate", edits, key);
  document.select(ids, groups);
  return ids;
}
