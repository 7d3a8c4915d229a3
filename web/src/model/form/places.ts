/** Where in the workflow is what a form names? Fields find their widgets, also when their node went into a subgraph or out of it. */

import type { Edit } from "../edits";
import type { Graph } from "../graph";
import { keyAt, type Found } from "../levels";
import { inWords } from "../node_words";
import { isLinked, promotedPlace, valueEdit } from "../promoted";
import { holds, isBorder } from "../subgraph_type";
import { NodeMode, type GraphNode, type Json, type NodeId, type WidgetKind, type WidgetSpec } from "../types";
import type { Form, FormField, FormOutput } from "./form";
import { t } from "../../words";

/** A node that can be on a form, at whatever level. */
export interface NodePlace extends Found {
  readonly key: string;
  /** Its title after those of the subgraphs that it is in. */
  readonly title: string;
  /** False where it, or a subgraph that it is in, is muted or bypassed. */
  readonly isOn: boolean;
}

export interface WidgetPlace extends NodePlace {
  /** The widget as the node has it. */
  readonly spec: WidgetSpec;
  readonly isLinked: boolean;
}

export interface PlacedField extends WidgetPlace {
  readonly field: FormField;
  readonly label: string;
  /** The widget within the bounds of the form. */
  readonly narrowed: WidgetSpec;
  /** True for a number that moves on from run to run. */
  readonly isSeed: boolean;
  /** Key of the node that runs with the value, and the name of its input: where errors come from. */
  readonly target: { readonly key: string; readonly input: string };
}

const KINDS: ReadonlySet<WidgetKind> = new Set(["number", "choice", "string", "text", "toggle", "image"]);
const DEEPEST = 32;

/** All nodes of a workflow by their keys, those inside subgraphs after the node they are in. */
export function nodePlaces(root: Graph): NodePlace[] {
  const visit = (graph: Graph, path: readonly NodeId[], titles: readonly string[], isAround: boolean): NodePlace[] =>
    [...graph.nodes.values()].filter((node) => !isBorder(node.id)).flatMap((node) => {
      const isOn = isAround && node.mode === NodeMode.always;
      const own = [...titles, graph.title(node)];
      const place: NodePlace = { graph, node, path, key: keyAt(path, node.id), title: own.join(" › "), isOn };
      const inner = graph.subgraphs.get(node.type);
      const goesOn = inner && path.length < DEEPEST && ![...inner.nodes.values()].some((other) => root.subgraphs.has(other.type) && holds(root, other.type, node.type));
      return [place, ...(goesOn ? visit(inner, [...path, node.id], own, isOn) : [])];
    });
  return visit(root, [], [], true);
}

const widgetsOf = (place: NodePlace): WidgetPlace[] =>
  place.graph.widgets(place.node).filter((spec) => KINDS.has(spec.kind)).map((spec) => ({ ...place, spec, isLinked: isLinked(place.graph, place.node, spec) }));

const isNote = (node: GraphNode): boolean => node.type === "Note" || node.type === "MarkdownNote";

/** Every widget that could be a field. */
export const widgetPlaces = (root: Graph): WidgetPlace[] => nodePlaces(root).filter(({ node }) => !isNote(node)).flatMap(widgetsOf);

/** Every node whose results could be shown: those that a run may aim at. */
export const outputPlaces = (root: Graph): NodePlace[] => nodePlaces(root).filter(({ graph, node }) => graph.definition(node.type)?.isTarget === true);

/** A name as people read it: `ckpt_name` -> `Ckpt name`. */
export const readable = (name: string): string => {
  const words = name.replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** A widget that stands alone on its node is called as the node is: prompts are told apart by it. */
export function nameOf({ graph, node, spec }: Pick<WidgetPlace, "graph" | "node" | "spec">): string {
  const alone = graph.widgets(node).filter((other) => KINDS.has(other.kind)).length === 1;
  return alone ? graph.title(node) : readable(inWords(spec).label);
}

/**
 * The node of a key, or, where it is gone, the only one of that type whose own id is the same: it was moved into a subgraph or
 * out of one.
 */
function placeNode(places: readonly NodePlace[], { node, type }: { readonly node: string; readonly type: string }): NodePlace | undefined {
  const there = places.find((place) => place.key === node);
  if (there && (type === "" || there.node.type === type)) return there;
  const id = node.slice(node.lastIndexOf(":") + 1);
  const moved = places.filter((place) => place.node.id === id && place.node.type === type);
  return moved.length === 1 ? moved[0] : undefined;
}

const isWithin = (value: Json, least: number | undefined, most: number | undefined): boolean =>
  typeof value !== "number" || (value >= (least ?? -Infinity) && value <= (most ?? Infinity));

/** The widget within a field's bounds, where those are within the node's own. */
export function narrow(spec: WidgetSpec, field: FormField): WidgetSpec {
  if (spec.kind === "number") {
    const bound = (value: number | undefined): number | undefined => (value === undefined ? undefined : Math.max(spec.min ?? -Infinity, Math.min(spec.max ?? Infinity, value)));
    const [min, max] = [bound(field.min) ?? spec.min, bound(field.max) ?? spec.max];
    if (min !== undefined && max !== undefined && min > max) return spec; // bounds that leave nothing are none
    return { ...spec, min, max, exactMax: field.max === undefined ? spec.exactMax : undefined, step: field.step !== undefined && field.step > 0 ? field.step : spec.step };
  }
  if (spec.kind !== "choice" || !field.choices) return spec;
  const offered = (spec.choices ?? []).filter((choice) => field.choices!.includes(choice));
  return { ...spec, choices: offered };
}

function target({ graph, node, path }: NodePlace, spec: WidgetSpec): PlacedField["target"] {
  const ids = [...path, node.id];
  let [at, inner, widget] = [graph, node, spec];
  for (let promoted = widget.promoted; promoted; promoted = widget.promoted) {
    const subgraph = at.subgraphs.get(inner.type);
    const next = subgraph?.nodes.get(promoted.node);
    const found = next && subgraph?.widgets(next).find((other) => other.name === promoted!.widget);
    if (!subgraph || !found) break;
    ids.push(next.id);
    [at, inner, widget] = [subgraph, next, found];
  }
  return { key: ids.join(":"), input: widget.name };
}

function placeField(places: readonly NodePlace[], field: FormField): PlacedField | null {
  const at = placeNode(places, field);
  const spec = at?.graph.widgets(at.node).find((other) => other.name === field.widget);
  if (!at || !spec) return null;
  const place: WidgetPlace = { ...at, spec, isLinked: isLinked(at.graph, at.node, spec) };
  const isSeed = at.graph.widgets(at.node).some((other) => other.controls === spec.name);
  return { ...place, field, label: field.label || nameOf(place), narrowed: narrow(spec, field), isSeed, target: target(at, spec) };
}

export interface PlacedOutput extends NodePlace {
  readonly output: FormOutput;
  readonly label: string;
}

export interface PlacedForm {
  /** For each item its place; null for what is gone, and for what is no field. */
  readonly fields: readonly (PlacedField | null)[];
  readonly outputs: readonly (PlacedOutput | null)[];
}

/** Finds all that a form names. */
export function placeForm(root: Graph, form: Form): PlacedForm {
  const places = nodePlaces(root);
  return {
    fields: form.items.map((item) => (item.kind === "field" ? placeField(places, item) : null)),
    outputs: form.outputs.map((output) => {
      const at = placeNode(places, output);
      return at ? { ...at, output, label: output.label || at.graph.title(at.node) } : null;
    }),
  };
}

/** Why a field has no effect, in words; "" where it has. */
export function troubleOf(place: PlacedField | null): string {
  if (!place) return t("formPage.goneTrouble");
  if (place.isLinked) return t("formPage.linkedTrouble");
  if (!place.isOn) return t("formPage.offTrouble");
  if (place.spec.kind === "choice" && place.field.choices && place.narrowed.choices?.length === 0) return t("formPage.noneTrouble");
  return "";
}

export const valueOf = ({ graph, node, spec }: WidgetPlace): Json => graph.value(node, spec);

/** The edit that sets a field's widget, at whatever level it is. */
export const setField = ({ graph, node, spec }: WidgetPlace, value: Json): Edit => ({ kind: "inside", definition: graph.id, edit: valueEdit(graph, node, spec, value) });

/** What the page begins with: what the author chose, else the workflow's own value, within the form's bounds. */
export function startOf(place: PlacedField): Json {
  const value = place.field.start ?? valueOf(place);
  const { min, max } = place.narrowed;
  if (typeof value === "number" && !isWithin(value, min, max)) return value < (min ?? -Infinity) ? min! : max!;
  return value;
}

/** The control that moves a seed on after a run, as a widget of the same node. */
export function controlOf(place: WidgetPlace): WidgetPlace | undefined {
  const spec = place.graph.widgets(place.node).find((other) => other.controls === place.spec.name);
  return spec && { ...place, spec, isLinked: false };
}

/** How many nodes of the workflow share the value of a widget: more than one for a widget inside a subgraph that is used again. */
export function sharedBy(root: Graph, place: WidgetPlace): number {
  const at = promotedPlace(place.graph, place.node, place.spec);
  return nodePlaces(root).filter(({ graph, node }) => graph === at.graph && node === at.node).length;
}

