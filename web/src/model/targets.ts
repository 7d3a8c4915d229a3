/** Which output nodes run when a run is asked for up to some nodes? */

import type { Graph } from "./graph";
import { NodeMode, type NodeId } from "./types";

const isTarget = (graph: Graph, id: NodeId): boolean => {
  const node = graph.nodes.get(id);
  return node?.mode === NodeMode.always && graph.definition(node.type)?.isTarget === true;
};

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

/** The outputs among `ids`; where there are none, those that come next after each of them. */
export function runTargets(graph: Graph, ids: readonly NodeId[]): NodeId[] {
  const own = ids.filter((id) => isTarget(graph, id));
  return own.length > 0 ? own : [...new Set(ids.flatMap((id) => nearest(graph, id)))];
}
