/** Which entry of `widgets_values` belongs to which widget? */

import { CONTROL_MODES } from "./definitions";
import type { GraphNode, Json, WidgetSpec } from "./types";

const isControl = (value: Json | undefined): boolean => typeof value === "string" && (CONTROL_MODES as readonly string[]).includes(value);
const UPLOAD_MARKS = ["image", "video", "audio"];

/** True when a stray control value stands where this widget's own value should be. */
const isStray = (spec: WidgetSpec, value: Json | undefined): boolean =>
  isControl(value) && (spec.kind === "number" || spec.kind === "toggle" || (spec.kind === "choice" && !spec.choices?.includes(value ?? null)));

/**
 * Index in `list` per widget, undefined for a widget that the list has no entry for. A control value is taken only where one
 * stands, so that lists with and without it are both read; an upload mark after an image is passed over.
 */
export function placeValues(specs: readonly WidgetSpec[], list: readonly Json[]): Map<string, number> {
  const places = new Map<string, number>();
  let cursor = 0;
  for (const spec of specs) {
    if (spec.kind === "control") {
      if (isControl(list[cursor])) places.set(spec.name, cursor++);
      continue;
    }
    if (isStray(spec, list[cursor])) cursor += 1;
    if (cursor < list.length) places.set(spec.name, cursor++);
    if (spec.kind === "image" && UPLOAD_MARKS.includes(String(list[cursor]))) cursor += 1;
  }
  return places;
}

/** `widgets_values` in either form -> a value per widget name; widgets that are not mentioned take their default. */
export function readValues(specs: readonly WidgetSpec[], raw: Json | undefined): Record<string, Json> {
  const values: Record<string, Json> = {};
  if (Array.isArray(raw)) {
    const places = placeValues(specs, raw);
    for (const spec of specs) values[spec.name] = raw[places.get(spec.name) ?? -1] ?? spec.defaultValue;
  } else {
    const given = typeof raw === "object" && raw !== null ? raw : {};
    for (const spec of specs) values[spec.name] = given[fileName(spec)] ?? spec.defaultValue;
  }
  return values;
}

const fileName = (spec: WidgetSpec): string => (spec.kind === "control" ? "control_after_generate" : spec.name);

/** The widgets that a list from a file must go up to: those it holds, and those that were changed since. */
function upToLast(specs: readonly WidgetSpec[], node: GraphNode, places: ReadonlyMap<string, number>): readonly WidgetSpec[] {
  const isNeeded = (spec: WidgetSpec): boolean => places.has(spec.name) || (node.values[spec.name] ?? spec.defaultValue) !== spec.defaultValue;
  return specs.slice(0, specs.findLastIndex(isNeeded) + 1);
}

function writeList(all: readonly WidgetSpec[], node: GraphNode, before: readonly Json[]): Json[] {
  const list = [...before];
  const places = placeValues(all, before);
  const isNew = !("id" in node.raw);
  const specs = isNew ? all : upToLast(all, node, places);
  let shift = 0;
  let next = 0;
  for (const spec of specs) {
    const value = node.values[spec.name] ?? spec.defaultValue;
    const place = places.get(spec.name);
    if (place !== undefined) {
      list[place + shift] = value;
      next = place + shift + 1;
    } else if (before.length === 0 || spec.kind !== "control" || value !== spec.defaultValue) {
      list.splice(next, 0, value);
      next += 1;
      shift += 1;
    }
    if (spec.kind === "image" && before.length === 0) {
      list.splice(next, 0, "image");
      next += 1;
      shift += 1;
    }
  }
  return list;
}

/** The opposite of readValues, in the form that the file had; undefined where the file had none and there is nothing to say. */
export function writeValues(specs: readonly WidgetSpec[], node: GraphNode): Json | undefined {
  const before = node.raw.widgets_values;
  if (specs.length === 0) return before;
  if (typeof before === "object" && before !== null && !Array.isArray(before)) {
    const written = { ...before };
    for (const spec of specs) {
      const value = node.values[spec.name];
      if (value !== undefined && (fileName(spec) in before || value !== spec.defaultValue)) written[fileName(spec)] = value;
    }
    return written;
  }
  const list = writeList(specs, node, Array.isArray(before) ? before : []);
  return before === undefined && list.length === 0 ? undefined : list;
}
