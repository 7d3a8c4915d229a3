/** How do subgraphs come from one workflow into another? Equal definitions are one; one that differs gets an id of its own. */

import { t } from "../words";
import { toJson } from "./exact_json";
import type { Graph } from "./graph";
import { groupName } from "./group_nodes";
import { newId } from "./ids";
import { readInstanceValues } from "./instance_values";
import { addSubgraphs } from "./subgraph_file";
import { holds, usedSubgraphs } from "./subgraph_type";
import type { GraphNode, JsonObject } from "./types";
import { list } from "./workflow_read";
import { writeSubgraph } from "./workflow_write";

/** The definitions that these nodes of a workflow need, as a file has them. */
export const definitionsFor = (root: Graph, nodes: Iterable<GraphNode>): JsonObject[] => [...usedSubgraphs(root, nodes)].map((id) => writeSubgraph(root.subgraphs.get(id)!));

/** The graphs of definitions, read among the workflow's own, looked at by `check`, and not yet added to it. */
export function copiedSubgraphs(root: Graph, entries: readonly JsonObject[], check: () => void = () => undefined): Graph[] {
  const added = addSubgraphs(root, entries, []);
  try {
    readInstanceValues(added);
    check();
  } finally {
    for (const subgraph of added) root.subgraphs.delete(subgraph.id!);
  }
  return added;
}

const nestedIn = (entry: JsonObject): string[] => list(entry.nodes).map((node) => String(node.type));

/** The ids that definitions get here: another one where the workflow has a different definition of the id, or a nested one does. */
function freshIds(root: Graph, entries: readonly JsonObject[]): Map<string, string> {
  const fresh = new Map<string, string>();
  for (let before = -1; fresh.size !== before; ) {
    before = fresh.size;
    for (const entry of entries) {
      const id = String(entry.id);
      const own = root.subgraphs.get(id);
      const isForeignGroup = own === undefined && groupName(id) !== undefined; // a file has no other place for it than among the subgraphs
      const differs = isForeignGroup || own !== undefined && toJson(writeSubgraph(own)) !== toJson(entry);
      if (!fresh.has(id) && (differs || nestedIn(entry).some((type) => fresh.has(type)))) fresh.set(id, newId());
    }
  }
  return fresh;
}

export interface Brought {
  /** Definitions that the workflow does not have yet. */
  readonly subgraphs: readonly Graph[];
  /** Each type's name here. */
  readonly typeOf: (type: string) => string;
}

/** Definitions from elsewhere as a workflow takes them, for nodes of `types` in `graph`. Raises where that would be inside itself. */
export function bring(graph: Graph, entries: readonly JsonObject[], types: readonly string[]): Brought {
  const { root } = graph;
  const fresh = freshIds(root, entries);
  const typeOf = (type: string): string => fresh.get(type) ?? type;
  const missing = entries.filter((entry) => fresh.has(String(entry.id)) || !root.subgraphs.has(String(entry.id))).map((entry) => {
    const copy = structuredClone(entry);
    return { ...copy, id: typeOf(String(copy.id)), nodes: list(copy.nodes).map((node) => ({ ...node, type: typeOf(String(node.type)) })) };
  });
  return { subgraphs: copiedSubgraphs(root, missing, () => types.forEach((type) => refuseInside(graph, typeOf(type)))), typeOf };
}

/** Raises where a node of `type` may not be put into `graph`, because that would be inside itself. */
export function refuseInside(graph: Graph, type: string): void {
  if (graph.id === null || !holds(graph.root, type, graph.id)) return;
  const own = graph.name || t("notices.thisSubgraph");
  const other = graph.subgraphs.get(type)?.name || type;
  throw new Error(type === graph.id ? t("notices.intoItself", { own }) : t("notices.intoOther", { other, own }));
}
