/** Which output nodes run when a run is asked for up to some nodes? */

import type { Graph } from "./graph";
import { innermost, keyAt } from "./levels";
import { usedSubgraphs } from "./subgraph_type";
import { NodeMode, type NodeId } from "./types";

const isOutput = (graph: Graph, id: NodeId): boolean => {
  const node = graph.nodes.get(id);
  return node?.mode === NodeMode.always && graph.definition(node.type)?.isTarget === true;
};

/** Keys of the outputs that a node is or has inside. */
function outputsOf(graph: Graph, id: NodeId, path: readonly NodeId[]): string[] {
  const node = graph.nodes.get(id);
  const subgraph = graph.subgraphs.get(node?.type ?? "");
  if (!node || node.mode !== NodeMode.always) return [];
  if (!subgraph) return isOutput(graph, id) ? [keyAt(path, id)] : [];
  if (usedSubgraphs(graph.root, subgraph.nodes.values()).has(node.type)) return []; // inside itself: it can't run
  return [...subgraph.nodes.keys()].flatMap((inner) => outputsOf(subgraph, inner, [...path, id]));
}

const isTarget = (graph: Graph, id: NodeId): boolean => outputsOf(graph, id, []).length > 0;

/** The first outputs at or after a node, by the number of links between; none where nothing after it is an output. */
function nearest(graph: Graph, start: NodeId): NodeId[] {
  const seen = new Set([start]);
  for (let level: NodeId[] = [start]; level.length > 0; ) {
    const found = level.filter((id) => isTarget(graph, id));
    if (found.length > 0) return found;
    const next: NodeId[] = [];
    for (const id of level)
      for (const link of graph.linksOf(id))
        if (link.from === id && !seen.has(link.to)) {
          seen.add(link.to);
          next.push(link.to);
        }
    level = next;
  }
  return [];
}

/**
 * Keys of the outputs among `ids` of the graph at `path`; where there are none, of those that come next after each of them,
 * which may be outside of the subgraph.
 */
export function runTargets(graph: Graph, ids: readonly NodeId[], path: readonly NodeId[] = []): string[] {
  const own = ids.filter((id) => isTarget(graph, id));
  const found = own.length > 0 ? own : [...new Set(ids.flatMap((id) => nearest(graph, id)))];
  const around = path.at(-1);
  if (found.length === 0 && around !== undefined) return runTargets(innermost(graph.root, path.slice(0, -1)).graph, [around], path.slice(0, -1));
  return found.flatMap((id) => outputsOf(graph, id, path));
}
