/** What belongs to a group, the frame round some nodes? The nodes whose middle lies in it, and the groups that lie in it whole. */

import type { Edit } from "./edits";
import { contains } from "./geometry";
import type { Graph } from "./graph";
import type { Group, NodeId, Point, Rect } from "./types";

type BoundsOf = (id: NodeId) => Rect;

export const middleOf = ({ x, y, width, height }: Rect): Point => [x + width / 2, y + height / 2];
export const encloses = (outer: Rect, { x, y, width, height }: Rect): boolean => contains(outer, [x, y]) && contains(outer, [x + width, y + height]);

export const nodesWithin = (graph: Graph, area: Rect, boundsOf: BoundsOf): NodeId[] => [...graph.nodes.keys()].filter((id) => contains(area, middleOf(boundsOf(id))));
export const groupsWithin = (graph: Graph, area: Rect): number[] => [...graph.groups.values()].filter(({ bounds }) => encloses(area, bounds)).map(({ id }) => id);

export interface Held {
  readonly nodes: NodeId[];
  /** The groups themselves, and those inside them. */
  readonly groups: number[];
}

/** What groups carry along. */
export function heldBy(graph: Graph, ids: Iterable<number>, boundsOf: BoundsOf): Held {
  const areas = [...ids].flatMap((id) => graph.groups.get(id)?.bounds ?? []);
  return {
    nodes: [...new Set(areas.flatMap((area) => nodesWithin(graph, area, boundsOf)))],
    groups: [...new Set([...ids, ...areas.flatMap((area) => groupsWithin(graph, area))])],
  };
}

/** The bounds of a group round nodes that take up an area, its title above them. */
export const frameRound = ({ x, y, width, height }: Rect): Rect => ({ x: x - 20, y: y - 56, width: width + 40, height: height + 76 });

export const freeGroupId = (graph: Graph): number => Math.max(0, ...graph.groups.keys()) + 1;

/** A group of a file as a further one of a graph: shifted, and with no number of its own in the file. */
export function copiedGroup(group: Group, id: number, [dx, dy]: Point): Group {
  const copy = structuredClone(group);
  Reflect.deleteProperty(copy.raw, "id");
  return { ...copy, id, bounds: { ...copy.bounds, x: copy.bounds.x + dx, y: copy.bounds.y + dy } };
}

export const removeGroups = (graph: Graph, ids: Iterable<number>): Edit[] => [...ids].filter((id) => graph.groups.has(id)).map((id) => ({ kind: "removeGroup", id }));
