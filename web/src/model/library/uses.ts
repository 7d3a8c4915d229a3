/** Which workflows use a model? Compared by the name that their widgets hold; two kinds may have a file of one name. */

import type { Document } from "../document";
import { EMBEDDINGS, embeddingText, type Model } from "./loaders";

const plain = (name: string): string => name.replaceAll("\\", "/").toLowerCase();

/** Models by what workflows call them: a path below its folder, or `embedding:name` without suffix. */
const keyOf = ({ kind, name }: Model): string => plain(kind === EMBEDDINGS ? embeddingText(name) : name);

/** What a workflow names, in the form of a key. */
const namedKey = (text: string): string => plain(text.startsWith("embedding:") ? embeddingText(text.slice("embedding:".length)) : text);

const EMBEDDING = /embedding:([^\s,:()<>|]{1,200})/g;

/** Saved workflows by the models that they name. */
export function usesOf(workflows: Iterable<{ readonly name: string; readonly models: readonly string[] }>): ReadonlyMap<string, readonly string[]> {
  const uses = new Map<string, string[]>();
  for (const { name, models } of workflows)
    for (const key of new Set(models.map(namedKey))) {
      const users = uses.get(key);
      if (users) users.push(name);
      else uses.set(key, [name]);
    }
  return uses;
}

export const usersOf = (uses: ReadonlyMap<string, readonly string[]>, model: Model): readonly string[] => uses.get(keyOf(model)) ?? [];

/** Whether an open workflow, saved or not, names a model as it is now. */
export function usesModel({ root }: Document, model: Model): boolean {
  const wanted = keyOf(model);
  return root.everyGraph().some((graph) => [...graph.nodes.values()].some((node) => Object.values(node.values).some((value) => {
    if (typeof value !== "string") return false;
    return plain(value) === wanted || (model.kind === EMBEDDINGS && [...value.matchAll(EMBEDDING)].some((match) => namedKey(match[0]) === wanted));
  })));
}
