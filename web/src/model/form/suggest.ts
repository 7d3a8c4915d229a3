/** Which widgets would most people want on a form? Prompts and pictures first, then size, steps, seed and model, folded. */

import type { Graph } from "../graph";
import type { Json, NodeId } from "../types";
import { EMPTY_FORM, type Form, type FormField, type FormItem, type FormOutput } from "./form";
import { nameOf, outputPlaces, valueOf, widgetPlaces, type NodePlace, type WidgetPlace } from "./places";
import { t } from "../../words";

export const fieldOf = (place: WidgetPlace, label = "", more: Partial<FormField> = {}): FormField => ({
  kind: "field", node: place.key, type: place.node.type, widget: place.spec.name, label, help: "", raw: {}, ...more,
});

export const outputOf = (place: NodePlace, label = ""): FormOutput => ({ node: place.key, type: place.node.type, label, raw: {} });

const MODELS = ["ckpt_name", "unet_name", "model_name"];
const HIDDEN_SIZE = 64;

/** The inputs that a node leads to, through all that passes a conditioning on. */
function ledTo(graph: Graph, start: NodeId): Set<string> {
  const found = new Set<string>();
  const seen = new Set([start]);
  const waiting = [start];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop())
    for (const link of graph.linksOf(id)) {
      if (link.from !== id || (link.type !== "CONDITIONING" && link.type !== "STRING")) continue;
      found.add(link.toInput);
      // what comes after a sampler's own inputs is no matter of the prompt
      if (seen.has(link.to) || link.toInput === "positive" || link.toInput === "negative") continue;
      seen.add(link.to);
      waiting.push(link.to);
    }
  return found;
}

const isNegative = ({ graph, node }: WidgetPlace): boolean => {
  const inputs = ledTo(graph, node.id);
  return inputs.has("negative") && !inputs.has("positive");
};

/** Prompts that kept the name of their type are called by what they do. */
function promptLabel(place: WidgetPlace, isAlone: boolean): string {
  if (place.node.title !== null) return "";
  if (isNegative(place)) return t("formPage.avoidPrompt");
  return isAlone ? t("formPage.showPrompt") : "";
}

const numberOf = (value: Json): number => (typeof value === "number" ? value : 0);

/** Bounds within which a form's slider is of use; a node takes far more. */
function boundsOf(place: WidgetPlace): Partial<FormField> {
  const value = numberOf(valueOf(place));
  const { name, step = 1, max = Infinity } = place.spec;
  if (name === "steps") return { min: 1, max: Math.min(max, Math.max(50, value)) };
  if (name === "width" || name === "height") return { min: HIDDEN_SIZE, max: Math.min(max, Math.max(1024, Math.ceil((2 * value) / step) * step)) };
  return {};
}

function firstOf(places: readonly WidgetPlace[], fits: (place: WidgetPlace) => boolean): WidgetPlace[] {
  const found = places.find(fits);
  return found ? [found] : [];
}

/** The node that gives an empty latent its size. */
const isSize = (place: WidgetPlace, name: string): boolean => place.spec.name === name && place.node.outputs.some((output) => output.type === "LATENT");

/** A form of the usual fields, and of all results. Empty where the workflow has neither. */
export function suggestForm(root: Graph): Form {
  const places = widgetPlaces(root).filter((place) => place.isOn && !place.isLinked && !place.spec.promoted);
  const prompts = places.filter(({ spec }) => spec.kind === "text" && spec.type !== "");
  const positive = prompts.filter((place) => !isNegative(place));
  const texts = [...positive, ...prompts.filter((place) => !positive.includes(place))];
  const pictures = places.filter(({ spec }) => spec.kind === "image");
  const seed = firstOf(places, (place) => place.graph.widgets(place.node).some((other) => other.controls === place.spec.name));
  const others = [
    ...firstOf(places, ({ spec }) => spec.name === "steps"), ...firstOf(places, (place) => isSize(place, "width")), ...firstOf(places, (place) => isSize(place, "height")),
    ...seed, ...firstOf(places, ({ spec }) => spec.kind === "choice" && MODELS.includes(spec.name)),
  ];
  const main: FormItem[] = [
    ...pictures.map((place) => fieldOf(place)), ...texts.map((place) => fieldOf(place, promptLabel(place, positive.length === 1))),
  ];
  const more: FormItem[] = others.map((place) => fieldOf(place, MODELS.includes(place.spec.name) ? t("formPage.model") : nameOf(place), boundsOf(place)));
  const group: FormItem[] = main.length > 0 && more.length > 0 ? [{ kind: "group", title: t("formPage.moreSettings"), isFolded: true, raw: {} }] : [];
  return { ...EMPTY_FORM, items: [...main, ...group, ...more], outputs: outputPlaces(root).filter(({ isOn }) => isOn).map((place) => outputOf(place)) };
}
