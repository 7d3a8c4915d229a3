/** What was done to a workflow between two of its contents? Read from the files, so that also what can't be opened is compared. */

import { phrase, t } from "../words";
import type { Definitions } from "./definitions";
import { toJson } from "./exact_json";
import type { Json, JsonObject } from "./types";
import { placeValues } from "./widget_values";
import { isObject } from "./workflow_read";

export interface ChangedNode {
  readonly title: string;
  /** In words, such as `20 → 30`; the last one may say how many more there are. */
  readonly what: readonly string[];
}

export interface Difference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly ChangedNode[];
  /** How many nodes lie elsewhere or have another size, and are otherwise the same. */
  readonly moved: number;
  /** Whether something else differs: groups, subgraphs, settings. */
  readonly hasMore: boolean;
}

export interface Counts {
  readonly nodes: number;
  readonly links: number;
}

const MOST_WORDS = 3;
const LONGEST = 40;
/** What says where a node is or what the editor made of it, and not what it does. */
const PLACE = new Set(["pos", "size", "flags", "order", "inputs", "outputs", "color", "bgcolor"]);

const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
const nodesOf = (workflow: JsonObject): JsonObject[] => listOf(workflow.nodes).filter(isObject);
const same = (a: Json | undefined, b: Json | undefined): boolean => toJson(a) === toJson(b);

/** As the editor shows it: the title that the user gave, the name of the type or of the subgraph. */
function titleOf(node: JsonObject, workflow: JsonObject, definitions: Definitions): string {
  if (typeof node.title === "string" && node.title !== "") return node.title;
  const type = String(node.type);
  const subgraphs = isObject(workflow.definitions) ? listOf(workflow.definitions.subgraphs).filter(isObject) : [];
  const name = subgraphs.find((subgraph) => subgraph.id === node.type)?.name;
  return definitions.get(type)?.displayName ?? (typeof name === "string" ? name : type);
}

function word(value: Json | undefined): string {
  const text = typeof value === "string" ? `“${value}”` : (toJson(value) ?? t("difference.nothing"));
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** `node.input` -> where its link comes from. */
function sources(workflow: JsonObject): Map<string, string> {
  const found = new Map<string, string>();
  for (const link of listOf(workflow.links)) {
    const [from, slot, to, input] = Array.isArray(link) ? link.slice(1, 5) : isObject(link) ? [link.origin_id, link.origin_slot, link.target_id, link.target_slot] : [];
    found.set(`${String(to)}.${String(input)}`, `${String(from)}.${String(slot)}`);
  }
  return found;
}

function inputsOf(node: JsonObject, links: Map<string, string>): Map<string, string> {
  const found = new Map<string, string>();
  for (const [index, input] of listOf(node.inputs).entries()) {
    const source = links.get(`${String(node.id)}.${index}`);
    if (source !== undefined && isObject(input)) found.set(String(input.name), source);
  }
  return found;
}

function changedValues(type: string, before: Json | undefined, after: Json | undefined, definitions: Definitions): string[] {
  if (same(before, after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) {
    const widgets = definitions.get(type)?.widgets ?? [];
    const names = new Map([...placeValues(widgets, after)].map(([name, index]) => [index, widgets.find((spec) => spec.name === name)!]));
    const named = (index: number): string => {
      const spec = names.get(index);
      return spec && spec.kind !== "text" ? `${spec.label}: ` : ""; // a long text says itself what it is
    };
    return Array.from({ length: Math.max(before.length, after.length) }, (_, index) => index)
      .filter((index) => !same(before[index], after[index]))
      .map((index) => `${named(index)}${word(before[index])} → ${word(after[index])}`);
  }
  if (isObject(before) && isObject(after))
    return [...new Set([...Object.keys(before), ...Object.keys(after)])]
      .filter((name) => !same(before[name], after[name]))
      .map((name) => `${name}: ${word(before[name])} → ${word(after[name])}`);
  return [t("difference.values")];
}

const MODES: Record<string, () => string> = { "0": phrase("difference.on"), "2": phrase("difference.muted"), "4": phrase("difference.bypassed") };

function changes(before: JsonObject, after: JsonObject, linksBefore: Map<string, string>, linksAfter: Map<string, string>, definitions: Definitions): string[] {
  const found = changedValues(String(after.type), before.widgets_values, after.widgets_values, definitions);
  if (before.type !== after.type) found.unshift(`${word(before.type)} → ${word(after.type)}`);
  if (before.title !== after.title) found.push(t("difference.title"));
  if (before.mode !== after.mode) found.push(`${MODES[String(before.mode)]?.() ?? "?"} → ${MODES[String(after.mode)]?.() ?? "?"}`);
  const [from, to] = [inputsOf(before, linksBefore), inputsOf(after, linksAfter)];
  const inputs = [...new Set([...from.keys(), ...to.keys()])].filter((name) => from.get(name) !== to.get(name));
  if (inputs.length > 0) found.push(t("difference.linksTo", { n: inputs.length, names: inputs.slice(0, 3).join(", ") }));
  const known = new Set([...PLACE, "widgets_values", "type", "title", "mode", "id"]);
  if (found.length === 0 && [...new Set([...Object.keys(before), ...Object.keys(after)])].some((name) => !known.has(name) && !same(before[name], after[name])))
    found.push(t("difference.properties"));
  return found.length > MOST_WORDS ? [...found.slice(0, MOST_WORDS - 1), t("difference.andMore", { n: found.length - MOST_WORDS + 1 })] : found;
}

export const countsOf = (workflow: JsonObject): Counts => ({ nodes: nodesOf(workflow).length, links: listOf(workflow.links).length });

/** What has to be done to `before` so that it becomes `after`; `definitions` give things the names that the editor shows. */
export function compareWorkflows(before: JsonObject, after: JsonObject, definitions: Definitions = new Map()): Difference {
  const old = new Map(nodesOf(before).map((node) => [String(node.id), node]));
  const fresh = new Map(nodesOf(after).map((node) => [String(node.id), node]));
  const [linksBefore, linksAfter] = [sources(before), sources(after)];
  const changed: ChangedNode[] = [];
  let moved = 0;
  for (const [id, node] of fresh) {
    const was = old.get(id);
    if (!was) continue;
    const what = changes(was, node, linksBefore, linksAfter, definitions);
    if (what.length > 0) changed.push({ title: titleOf(node, after, definitions), what });
    else if (["pos", "size", "flags", "color", "bgcolor"].some((name) => !same(was[name], node[name]))) moved += 1;
  }
  const extras = (workflow: JsonObject): Json => (isObject(workflow.extra) ? Object.fromEntries(Object.entries(workflow.extra).filter(([name]) => name !== "ds")) : {});
  const isEmpty = (value: Json | undefined): boolean => value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);
  const rest = ["groups", "definitions", "config", "models"].some((name) => !same(before[name], after[name]) && !(isEmpty(before[name]) && isEmpty(after[name])));
  return {
    added: [...fresh].filter(([id]) => !old.has(id)).map(([, node]) => titleOf(node, after, definitions)),
    removed: [...old].filter(([id]) => !fresh.has(id)).map(([, node]) => titleOf(node, before, definitions)),
    changed, moved, hasMore: rest || !same(extras(before), extras(after)),
  };
}

/** A difference in one line: `2 added, 1 changed`; "" where there is none. */
export function summarize(difference: Difference): string {
  const { added, removed, changed, moved, hasMore } = difference;
  const parts = [
    added.length > 0 && t("difference.addedCount", { n: added.length }), removed.length > 0 && t("difference.removedCount", { n: removed.length }),
    changed.length > 0 && t("difference.changedCount", { n: changed.length }), moved > 0 && t("difference.movedCount", { n: moved }), hasMore && t("difference.more"),
  ];
  return parts.filter((part) => part !== false).join(", ");
}
