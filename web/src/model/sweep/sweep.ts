/** What does a grid over one or two widgets run? One prompt for each pair of values, all else as it stood at the start. */

import { t } from "../../words";
import { applyEdit } from "../edits";
import type { Graph } from "../graph";
import { isLinked, valueEdit } from "../promoted";
import { buildPrompt, type Prompt } from "../prompt";
import { isBorder } from "../subgraph_type";
import { NodeMode, type Json, type JsonObject, type NodeId, type WidgetSpec } from "../types";
import { writeWorkflow } from "../workflow_write";

export const MOST_CELLS = 400;

export interface SweepWidget {
  readonly node: NodeId;
  readonly title: string;
  readonly spec: WidgetSpec;
  readonly value: Json;
  /** True for a number that moves on after a run: a seed. */
  readonly isSeed: boolean;
}
export interface Axis {
  readonly widget: SweepWidget;
  readonly values: readonly Json[];
}
export interface Place {
  readonly column: number;
  readonly row: number;
}

const KINDS = new Set(["number", "choice", "string", "text", "toggle", "image"]);

/** The widgets of a workflow that can be swept: those of nodes that run, with a value of their own. Subgraphs offer what they promote. */
export function sweepable(root: Graph): SweepWidget[] {
  return [...root.nodes.values()].filter((node) => node.mode === NodeMode.always && !isBorder(node.id)).flatMap((node) => {
    const specs = root.widgets(node);
    return specs.filter((spec) => KINDS.has(spec.kind) && !isLinked(root, node, spec)).map((spec) => ({
      node: node.id, title: root.title(node), spec, value: root.value(node, spec), isSeed: specs.some((other) => other.controls === spec.name),
    }));
  });
}

export const sameWidget = (one: SweepWidget, other: SweepWidget): boolean => one.node === other.node && one.spec.name === other.spec.name;

/** The cells of a grid, row by row. Raises where there are too many, or where both axes are of one widget. */
export function places(x: Axis, y: Axis | null): Place[] {
  if (y && sameWidget(x.widget, y.widget)) throw new Error(t("sweep.twice", { label: x.widget.spec.label }));
  const count = x.values.length * (y?.values.length ?? 1);
  if (count > MOST_CELLS) throw new Error(t("sweep.tooManyRuns", { most: MOST_CELLS, count }));
  return (y?.values ?? [null]).flatMap((_, row) => x.values.map((__, column) => ({ column, row })));
}

/** Small generator of 32 bits (mulberry32), so that all cells draw the same choices `{a|b}`. */
export function drawsFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The prompt and the workflow of one cell. The graph is as before afterwards. */
export function cellOf(root: Graph, x: Axis, y: Axis | null, { column, row }: Place, random: () => number): { prompt: Prompt; workflow: JsonObject } {
  const set = (axis: Axis, index: number) => valueEdit(root, root.node(axis.widget.node), axis.widget.spec, axis.values[index]!);
  const inverses = [set(x, column), ...(y ? [set(y, row)] : [])].map((edit) => applyEdit(root, edit));
  try {
    return { prompt: buildPrompt(root, random), workflow: structuredClone(writeWorkflow(root)) };
  } finally {
    for (const inverse of inverses.reverse()) applyEdit(root, inverse);
  }
}
