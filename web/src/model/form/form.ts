/** What does the form of a workflow say? Widgets and outputs chosen by its author, kept in the file as `extra.weft.form`. */

import type { Edit } from "../edits";
import type { Graph } from "../graph";
import type { Json, JsonObject } from "../types";

export interface FormField {
  readonly kind: "field";
  /** The node's key: `12:3` is node 3 inside the subgraph of node 12. */
  readonly node: string;
  /** Type of the node, so that the field finds it again in a subgraph that was made of it. */
  readonly type: string;
  readonly widget: string;
  /** "" for the widget's own name. */
  readonly label: string;
  readonly help: string;
  /** Narrower than what the node takes. */
  readonly min?: number;
  readonly max?: number;
  readonly step?: number;
  /** The choices that are offered; all of them where it does not say. */
  readonly choices?: readonly Json[];
  /** What the page begins with; the workflow's own value where it does not say. */
  readonly start?: Json;
  readonly raw: JsonObject;
}
/** A heading over the fields that follow it. */
export interface FormGroup {
  readonly kind: "group";
  readonly title: string;
  /** Whether the page shows its fields only when they are asked for. */
  readonly isFolded: boolean;
  readonly raw: JsonObject;
}
/** An entry of a newer version: kept, not shown. */
export interface FormStranger {
  readonly kind: "stranger";
  readonly raw: Json;
}
export type FormItem = FormField | FormGroup | FormStranger;

export interface FormOutput {
  readonly node: string;
  readonly type: string;
  readonly label: string;
  readonly raw: JsonObject;
}

export interface Form {
  readonly title: string;
  readonly about: string;
  readonly items: readonly FormItem[];
  /** The nodes whose results are shown, and the only ones that are run; all of them where there is none. */
  readonly outputs: readonly FormOutput[];
  readonly raw: JsonObject;
}

export const EMPTY_FORM: Form = { title: "", about: "", items: [], outputs: [], raw: {} };
const VERSION = 1;

const isObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);
const textOf = (value: Json | undefined): string => (typeof value === "string" ? value : "");
const numberOf = (value: Json | undefined): number | undefined => (typeof value === "number" && Number.isFinite(value) ? value : undefined);

function readItem(raw: Json): FormItem {
  if (isObject(raw) && typeof raw.group === "string") return { kind: "group", title: raw.group, isFolded: raw.folded === true, raw };
  if (!isObject(raw) || typeof raw.node !== "string" || typeof raw.widget !== "string") return { kind: "stranger", raw };
  return {
    kind: "field", node: raw.node, type: textOf(raw.type), widget: raw.widget, label: textOf(raw.label), help: textOf(raw.help), min: numberOf(raw.min), max: numberOf(raw.max),
    step: numberOf(raw.step), choices: Array.isArray(raw.choices) ? raw.choices : undefined, start: raw.start, raw,
  };
}

const readOutput = (raw: Json): FormOutput[] =>
  isObject(raw) && typeof raw.node === "string" ? [{ node: raw.node, type: textOf(raw.type), label: textOf(raw.label), raw }] : [];

const weftOf = (root: Graph): JsonObject => {
  const extra = isObject(root.raw.extra) ? root.raw.extra : {};
  return isObject(extra.weft) ? extra.weft : {};
};

/** The form of a workflow; null where its author has made none. */
export function readForm(root: Graph): Form | null {
  const raw = weftOf(root).form;
  if (!isObject(raw)) return null;
  return {
    title: textOf(raw.title), about: textOf(raw.about), items: Array.isArray(raw.items) ? raw.items.map(readItem) : [],
    outputs: Array.isArray(raw.outputs) ? raw.outputs.flatMap(readOutput) : [], raw,
  };
}

/** `values` over what the file had, without those that say nothing. */
function written(raw: JsonObject, values: Record<string, Json | undefined>): JsonObject {
  const all: JsonObject = { ...raw };
  for (const [name, value] of Object.entries(values))
    if (value === undefined || value === "" || value === false) Reflect.deleteProperty(all, name);
    else all[name] = value;
  return all;
}

function writeItem(item: FormItem): Json {
  if (item.kind === "stranger") return item.raw;
  // a title may be empty: it is what makes it a group
  if (item.kind === "group") return { ...written(item.raw, { folded: item.isFolded }), group: item.title };
  const { raw, node, type, widget, label, help, min, max, step, choices, start } = item;
  // an empty text or "off" is a value to begin with as any other
  return { ...written(raw, { node, type, widget, label, help, min, max, step, choices: choices && [...choices], start: undefined }), ...(start === undefined ? {} : { start }) };
}

const writeForm = (form: Form): JsonObject => ({
  ...written(form.raw, { title: form.title, about: form.about }), version: form.raw.version ?? VERSION, items: form.items.map(writeItem),
  outputs: form.outputs.map(({ raw, node, type, label }) => written(raw, { node, type, label })),
});

const without = (object: JsonObject, name: string): JsonObject => Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));

/** The edit that gives a workflow this form, or takes it away. What else is in `extra` stays as it is. */
export function formEdit(root: Graph, form: Form | null): Edit {
  const extra = isObject(root.raw.extra) ? root.raw.extra : {};
  if (form) return { kind: "extra", value: { ...extra, weft: { ...weftOf(root), form: writeForm(form) } } };
  const others = without(weftOf(root), "form");
  return { kind: "extra", value: Object.keys(others).length > 0 ? { ...extra, weft: others } : without(extra, "weft") };
}

export const isSame = (one: { readonly node: string; readonly widget?: string }, other: { readonly node: string; readonly widget?: string }): boolean =>
  one.node === other.node && one.widget === other.widget;

/** The items in another order: the one at `from` stands at `to` afterwards. */
export function moveItem(form: Form, from: number, to: number): Form {
  const items = [...form.items];
  const [item] = items.splice(from, 1);
  if (item) items.splice(Math.max(0, Math.min(items.length, to)), 0, item);
  return { ...form, items };
}

export const changeItem = (form: Form, index: number, change: Partial<FormField> | Partial<FormGroup>): Form => ({
  ...form, items: form.items.map((item, at) => (at === index && item.kind !== "stranger" ? ({ ...item, ...change } as FormItem) : item)),
});

export const removeItem = (form: Form, index: number): Form => ({ ...form, items: form.items.filter((_, at) => at !== index) });
