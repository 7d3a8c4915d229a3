/** What follows when one of the numbered inputs that grow is unlinked? Those after it close up, so that no hole is left in the list. */

import { factsOf, shownInputs } from "./dynamic_inputs";
import { graphOf, type Edit } from "./edits";
import type { Graph } from "./graph";
import type { Link, NodeId } from "./types";

/** Names of the inputs that lost their link, per graph (by the id of its definition) and node. */
export type Unlinked = ReadonlyMap<string | null, ReadonlyMap<NodeId, ReadonlySet<string>>>;

/** The inputs that edits leave without their link. Call it before they are applied. */
export function unlinkedBy(root: Graph, edits: readonly Edit[]): Unlinked {
  const found = new Map<string | null, Map<NodeId, Set<string>>>();
  const look = (graph: Graph, edit: Edit): void => {
    if (edit.kind === "inside") return look(graphOf(root, edit.definition), edit.edit);
    const link = edit.kind === "removeLink" ? graph.links.get(edit.id) : edit.kind === "addLink" ? edit.link : undefined;
    if (!link) return;
    const nodes = found.get(graph.id) ?? new Map<NodeId, Set<string>>();
    const names = nodes.get(link.to) ?? new Set<string>();
    found.set(graph.id, nodes.set(link.to, names));
    if (edit.kind === "removeLink") names.add(link.toInput);
    else names.delete(link.toInput); // another link in its place
  };
  for (const edit of edits) if (edit.kind !== "inside" || edit.definition === null || root.subgraphs.has(edit.definition)) look(root, edit);
  return found;
}

function movedTo(graph: Graph, link: Link, toInput: string): Edit[] {
  const at = graph.node(link.from).outputs[link.fromSlot]?.links.indexOf(link.id);
  return [{ kind: "removeLink", id: link.id }, { kind: "addLink", link: { ...link, toInput }, at }];
}

/** Edits that move the links after the given inputs of a node up, as far as those have none now. */
export function closeUp(graph: Graph, id: NodeId, unlinked: ReadonlySet<string>): Edit[] {
  const node = graph.nodes.get(id);
  const parts = node?.known ? graph.definition(node.type)?.parts : undefined;
  return !node || !parts || unlinked.size === 0 ? [] : shownInputs(parts, factsOf(node)).numbered.flatMap((names) => {
    const kept = names.filter((name) => !unlinked.has(name) || graph.linkInto(id, name));
    return kept.flatMap((name, index) => {
      const link = graph.linkInto(id, name);
      return link && name !== names[index] ? movedTo(graph, link, names[index]!) : [];
    });
  });
}

/** Edits that close the holes, once the others were applied. */
export function closingEdits(root: Graph, unlinked: Unlinked): Edit[] {
  return [...unlinked].flatMap(([definition, nodes]) => {
    if (definition !== null && !root.subgraphs.has(definition)) return [];
    const graph = graphOf(root, definition);
    const edits = [...nodes].flatMap(([id, names]) => closeUp(graph, id, names));
    return definition === null ? edits : edits.map((edit): Edit => ({ kind: "inside", definition, edit }));
  });
}
