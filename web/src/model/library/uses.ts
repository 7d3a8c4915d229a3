/** Which workflows use a model? Told by the name that their widgets hold, and by what kind of model the node means by it. */

import type { Document } from "../document";
import { EMBEDDINGS, embeddingText, type Model } from "./loaders";

const plain = (name: string): string => name.replaceAll("\\", "/").toLowerCase();

/** Models by what workflows call them: a path below its folder, or `embedding:name` without suffix. */
const keyOf = ({ kind, name }: Model): string => plain(kind === EMBEDDINGS ? embeddingText(name) : name);

/** What a workflow names, in the form of a key. */
const namedKey = (text: string): string => plain(text.startsWith("embedding:") ? embeddingText(text.slice("embedding:".length)) : text);

const EMBEDDING = /embedding:([^\s,:()<>|]{1,200})/g;

/** Whether a node of a type means a model of this kind by its name. */
export type MeansKind = (type: string, model: Model) => boolean;

interface Use {
  /** The saved workflow. */
  readonly file: string;
  /** The node that names the model. */
  readonly type: string;
}

/** Uses in saved workflows, by what they call the model. */
export function usesOf(workflows: Iterable<{ readonly name: string; readonly named_by: Readonly<Record<string, readonly string[]>> }>): ReadonlyMap<string, readonly Use[]> {
  const uses = new Map<string, Use[]>();
  for (const { name: file, named_by } of workflows)
    for (const [name, types] of Object.entries(named_by)) {
      const key = namedKey(name);
      const found = uses.get(key) ?? [];
      found.push(...types.map((type) => ({ file, type })));
      uses.set(key, found);
    }
  return uses;
}

/** The saved workflows that use a model. */
export const usersOf = (uses: ReadonlyMap<string, readonly Use[]>, model: Model, means: MeansKind): readonly string[] =>
  [...new Set((uses.get(keyOf(model)) ?? []).filter(({ type }) => model.kind === EMBEDDINGS || means(type, model)).map(({ file }) => file))];

/** Whether an open workflow, saved or not, names a model as it is now. */
export function usesModel({ root }: Document, model: Model, means: MeansKind): boolean {
  const wanted = keyOf(model);
  return root.everyGraph().some((graph) => [...graph.nodes.values()].some((node) => Object.values(node.values).some((value) => {
    if (typeof value !== "string") return false;
    return (plain(value) === wanted && means(node.type, model)) || (model.kind === EMBEDDINGS && [...value.matchAll(EMBEDDING)].some((match) => namedKey(match[0]) === wanted));
  })));
}
