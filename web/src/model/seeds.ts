/** How does a seed move on after a run was queued? */

import type { Edit } from "./edits";
import { asWhole } from "./exact_json";
import type { Graph } from "./graph";
import type { GraphNode, WidgetSpec } from "./types";

/** The largest seed that the editor draws: larger whole numbers are not exact in a browser. */
export const LARGEST_SEED = Number.MAX_SAFE_INTEGER;

export function drawSeed(spec: WidgetSpec, random: () => number = Math.random): number {
  const min = Math.max(0, spec.min ?? 0);
  const max = Math.min(spec.max ?? LARGEST_SEED, LARGEST_SEED);
  return min + Math.floor(random() * (max - min + 1));
}

function nextValue(spec: WidgetSpec, value: number, mode: string, random: () => number): number {
  const step = spec.step ?? 1;
  const bounded = (wanted: number): number => Math.min(spec.max ?? LARGEST_SEED, Math.max(spec.min ?? 0, wanted));
  if (mode === "increment") return bounded(value + step);
  if (mode === "decrement") return bounded(value - step);
  return mode === "randomize" ? drawSeed(spec, random) : value;
}

/** The next value of a seed above 2^53. */
function nextExact(spec: WidgetSpec, value: bigint, mode: string, random: () => number): number | bigint {
  const step = BigInt(Math.round(spec.step ?? 1));
  const bounded = (wanted: bigint): bigint => (spec.exactMax !== undefined && wanted > spec.exactMax ? spec.exactMax : wanted);
  if (mode === "increment") return asWhole(bounded(value + step));
  if (mode === "decrement") return asWhole(bounded(value - step));
  return mode === "randomize" ? drawSeed(spec, random) : value;
}

function nodeEdits(graph: Graph, node: GraphNode, random: () => number): Edit[] {
  const edits: Edit[] = [];
  const specs = graph.widgets(node).filter((spec) => !spec.promoted); // those are moved on where they are
  for (const control of specs.filter((spec) => spec.kind === "control")) {
    const target = specs.find((spec) => spec.name === control.controls);
    if (!target || graph.linkInto(node.id, target.name)) continue;
    const value = graph.value(node, target);
    const mode = String(graph.value(node, control));
    if (typeof value !== "number" && typeof value !== "bigint") continue;
    const next = typeof value === "bigint" ? nextExact(target, value, mode, random) : nextValue(target, value, mode, random);
    if (next !== value) edits.push({ kind: "value", id: node.id, name: target.name, value: next });
  }
  return edits;
}

/** Edits that bring every controlled number of a workflow to its value for the next run, those inside subgraphs as well. */
export const advanceSeeds = (root: Graph, random: () => number = Math.random): Edit[] =>
  root.everyGraph().filter((graph) => !graph.isGroup).flatMap((graph) => [...graph.nodes.values()].flatMap((node) => nodeEdits(graph, node, random)).map((edit): Edit => ({ kind: "inside", definition: graph.id, edit })));
