/** What would stop a run of this workflow here? Node types and files that the server does not have, said before anybody waits. */

import type { Graph } from "../graph";
import { inWords } from "../node_words";
import type { Prompt } from "../prompt";
import type { WidgetSpec } from "../types";
import { nodePlaces, readable } from "./places";
import { t } from "../../words";

export interface Missing {
  /** Key of the node. */
  readonly node: string;
  /** Name of the input whose value is not there; "" where the node's type is missing. */
  readonly input: string;
  readonly message: string;
}

const isOffered = (spec: WidgetSpec, value: unknown): boolean => (spec.choices ?? []).includes(value as never);

/** The part of a prompt that its nodes `targets` need; all of it for null. */
export function neededBy(prompt: Prompt, targets: readonly string[] | null): Prompt {
  if (targets === null) return prompt;
  const needed: Prompt = {};
  const waiting = [...targets];
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    const node = prompt[key];
    if (!node || key in needed) continue;
    needed[key] = node;
    for (const value of Object.values(node.inputs)) if (Array.isArray(value)) waiting.push(String(value[0]));
  }
  return needed;
}

/**
 * What the nodes of a prompt need and is not there. Pictures are left out: some are in folders that no list shows, and the
 * page sees whether they load.
 */
export function missingFor(root: Graph, prompt: Prompt): Missing[] {
  const places = new Map(nodePlaces(root).map((place) => [place.key, place]));
  return Object.entries(prompt).flatMap(([key, { class_type: type, inputs }]): Missing[] => {
    const place = places.get(key);
    const definition = root.definitions.get(type);
    if (!definition) {
      const pack = place?.node.properties.cnr_id ?? place?.node.properties.aux_id;
      return [{ node: key, input: "", message: [t("formPage.missingType", { node: place?.title ?? type, type }), ...(typeof pack === "string" ? [t("formPage.missingPack", { pack })] : [])].join(" ") }];
    }
    return definition.widgets.filter((spec) => spec.kind === "choice").flatMap((spec): Missing[] => {
      const value = inputs[spec.name];
      if (typeof value !== "string" || isOffered(spec, value)) return [];
      const said = { widget: readable(inWords(spec).label), node: place?.title ?? type };
      return [{ node: key, input: spec.name, message: value === "" ? t("formPage.missingChoice", said) : t("formPage.missingFile", { ...said, file: value }) }];
    });
  });
}
