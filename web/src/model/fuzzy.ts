/** Which node types fit what was typed? */

import type { Definitions } from "./definitions";
import { nameOfType } from "./node_words";
import { accepts } from "./sockets";
import type { NodeDefinition } from "./types";
import { usualness } from "./usual_nodes";

/** What a link that was dropped into the void asks of a node. */
export interface SocketFilter {
  readonly side: "input" | "output";
  readonly type: string;
}

/**
 * How well `text` matches the letters of `query` in order: 0 for not at all. Runs of letters, word starts and an early place
 * count more; an exact or leading match counts most.
 */
export function fuzzyScore(query: string, text: string): number {
  const wanted = query.toLowerCase().replaceAll(" ", "");
  const found = text.toLowerCase();
  if (wanted === "") return 1;
  const direct = found.replaceAll(" ", "").indexOf(wanted);
  if (direct >= 0) return 1000 - Math.min(500, direct * 5) - Math.min(200, text.length) + (direct === 0 ? 300 : 0);
  let score = 0;
  let run = 0;
  let at = 0;
  for (const letter of wanted) {
    const next = found.indexOf(letter, at);
    if (next < 0) return 0;
    run = next === at ? run + 1 : 1;
    const starts = next === 0 || /[^a-z0-9]/.test(found[next - 1] ?? "") || /[A-Z]/.test(text[next] ?? "");
    score += run * 4 + (starts ? 8 : 0) - Math.min(6, next - at);
    at = next + 1;
  }
  return Math.max(1, score);
}

export function fits(definition: NodeDefinition, filter: SocketFilter): boolean {
  if (filter.side === "input") return definition.inputs.some((input) => accepts(input.type, filter.type));
  return definition.outputs.some((output) => accepts(filter.type, output.type));
}

/** A match by the exact type is worth more than one by `*`. */
const isExact = (definition: NodeDefinition, filter: SocketFilter): boolean =>
  filter.side === "input" ? definition.inputs.some((input) => input.type === filter.type) : definition.outputs.some((output) => output.type === filter.type);

function score(definition: NodeDefinition, query: string, filter: SocketFilter | null): number {
  const name = Math.max(...[nameOfType(definition), definition.displayName, definition.type].map((text) => fuzzyScore(query, text)));
  const place = Math.max(fuzzyScore(query, definition.category), fuzzyScore(query, definition.pack)) / 4;
  const best = Math.max(name, query.length > 1 ? place : 0);
  if (best === 0) return 0;
  return best + (filter && isExact(definition, filter) ? 60 : 0) + (query === "" ? 60 : 1) * usualness(definition.type, filter) - (definition.deprecated ? 300 : 0) - (definition.experimental ? 20 : 0);
}

/** Node types by how well they match, best first, at most `limit`. */
export function searchDefinitions(definitions: Definitions, query: string, filter: SocketFilter | null, limit = 60): NodeDefinition[] {
  const found: { definition: NodeDefinition; score: number }[] = [];
  for (const definition of definitions.values()) {
    if (filter && !fits(definition, filter)) continue;
    const points = score(definition, query.trim(), filter);
    if (points !== 0 && points > -299) found.push({ definition, score: points });
  }
  found.sort((a, b) => b.score - a.score || nameOfType(a.definition).localeCompare(nameOfType(b.definition)));
  return found.slice(0, limit).map((entry) => entry.definition);
}
