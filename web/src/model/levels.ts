/** Which level of the nested subgraphs is meant? Paths of subgraph nodes, keys of nodes, and what an edit changes where. */

import type { Edit, Touched } from "./edits";
import type { Graph } from "./graph";
import { holds } from "./subgraph_type";
import type { GraphNode, NodeId } from "./types";

/** The key of a node inside the subgraph nodes of `path`, as prompts name it. */
export const keyAt = (path: readonly NodeId[], id: NodeId): string => [...path, id].join(":");

/** The level that a path of subgraph nodes leads to, as far as they are there. */
export function innermost(root: Graph, path: readonly NodeId[]): { graph: Graph; path: readonly NodeId[] } {
  let graph = root;
  for (let depth = 0; depth < path.length; depth++) {
    const inner = root.subgraphs.get(graph.nodes.get(path[depth]!)?.type ?? "");
    if (!inner || inner.isGroup) return { graph, path: path.slice(0, depth) };
    graph = inner;
  }
  return { graph, path };
}

export interface Found {
  readonly graph: Graph;
  readonly node: GraphNode;
  readonly path: readonly NodeId[];
}

/** The node that a key names; undefined where it is not there. */
export function findNode(root: Graph, key: string): Found | undefined {
  const whole = root.nodes.get(key); // a prompt that was opened keeps the ids that it has
  if (whole) return { graph: root, node: whole, path: [] };
  const ids = key.split(":");
  const path = ids.slice(0, -1);
  const level = innermost(root, path);
  const node = level.path.length === path.length ? level.graph.nodes.get(ids.at(-1)!) : undefined;
  return node && { graph: level.graph, node, path };
}

/** The keys of the subgraph nodes around a key, innermost first: `1:2:3` -> `1:2`, `1`. */
export function keysAround(key: string): string[] {
  const ids = key.split(":");
  return ids.slice(1).map((_, index) => ids.slice(0, ids.length - 1 - index).join(":"));
}

/** Edits of a graph, told to the whole workflow. */
export const inDefinition = (graph: Graph, edits: readonly Edit[]): Edit[] =>
  edits.map((edit) => (graph.id === null || edit.kind === "inside" ? edit : { kind: "inside", definition: graph.id, edit }));

/** The nodes of a graph that look other: those touched themselves, and those of subgraphs in which something was. */
export function touchedAt(graph: Graph, touched: Touched): Set<NodeId> {
  const here = new Set(touched.get(graph.id));
  const within = [...touched.keys()].filter((id) => id !== null && id !== graph.id) as string[];
  if (within.length > 0)
    for (const node of graph.nodes.values())
      if (graph.subgraphs.has(node.type) && within.some((id) => holds(graph.root, node.type, id))) here.add(node.id);
  return here;
}
