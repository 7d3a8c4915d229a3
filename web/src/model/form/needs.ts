/** What would stop a run of this workflow here? Node types and files that the server does not have, said before anybody waits. */

import type { Graph } from "../graph";
import type { Prompt } from "../prompt";
import type { WidgetSpec } from "../types";
import { nodePlaces, readable } from "./places";

export interface Missing {
  /** Key of the node. */
  readonly node: string;
  /** Name of the input whose value is not there; "" where the node's type is missing. */
  readonly input: string;
  readonly message: string;
}

const isOffered = (spec: WidgetSpec, value: unknown): boolean => (spec.choices ?? []).includes(value as never);

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
      return [{ node: key, input: "", message: `The node ${place?.title ?? type} needs "${type}", which is not installed here.${typeof pack === "string" ? ` It comes with ${pack}.` : ""}` }];
    }
    return definition.widgets.filter((spec) => spec.kind === "choice").flatMap((spec): Missing[] => {
      const value = inputs[spec.name];
      if (typeof value !== "string" || isOffered(spec, value)) return [];
      const what = value === "" ? "has nothing to choose from on this server" : `"${value}" is not on this server`;
      return [{ node: key, input: spec.name, message: `${readable(spec.label)} ${what} (${place?.title ?? type}).` }];
    });
  });
}
