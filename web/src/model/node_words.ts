/** What are nodes, inputs and outputs called in the reader's language? Packs may say it; else they are called as the server says. */

import { signal, type Signal } from "@preact/signals-core";
import type { Json, JsonObject, NodeDefinition, WidgetSpec } from "./types";

interface SocketWords {
  readonly name?: string;
  readonly tooltip?: string;
}
export interface NodeWords extends SocketWords {
  readonly description?: string;
  /** By their names. */
  readonly inputs: Readonly<Record<string, SocketWords>>;
  /** By their numbers from 0. */
  readonly outputs: Readonly<Record<string, SocketWords>>;
}

/** By node type. Only shown: nothing of it is written into a workflow. */
export const nodeWords: Signal<ReadonlyMap<string, NodeWords>> = signal(new Map());

const NOTHING: SocketWords = {};
/** A map's own entry: names of inputs may be those of every object's parts. */
const own = (words: Readonly<Record<string, SocketWords>> | undefined, key: string): SocketWords => (words && Object.hasOwn(words, key) ? words[key]! : NOTHING);

export const nameOfType = (definition: NodeDefinition): string => nodeWords.value.get(definition.type)?.name ?? definition.displayName;
export const aboutType = (definition: NodeDefinition): string => nodeWords.value.get(definition.type)?.description ?? definition.description;
export const inputWords = (type: string, input: string): SocketWords => own(nodeWords.value.get(type)?.inputs, input);
export const outputWords = (type: string, slot: number): SocketWords => own(nodeWords.value.get(type)?.outputs, String(slot));

/** True where nodes of packs are among the types: only packs say anything here. */
export const mayHaveWords = (definitions: ReadonlyMap<string, NodeDefinition>): boolean => [...definitions.values()].some(({ pack }) => pack.startsWith("custom_nodes."));

/** A widget under the name that it has in the reader's language; one that was given another name on its way keeps that. */
export function inWords(spec: WidgetSpec): WidgetSpec {
  if (!spec.origin || spec.kind === "control") return spec;
  const { name, tooltip } = inputWords(spec.origin.node, spec.origin.input);
  if (name === undefined && tooltip === undefined) return spec;
  return { ...spec, label: name !== undefined && spec.label === spec.origin.input ? name : spec.label, tooltip: tooltip ?? spec.tooltip };
}

const isObject = (value: Json | undefined): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);
const asText = (value: Json | undefined): string | undefined => (typeof value === "string" && value.trim() !== "" ? value : undefined);
const readSocket = (raw: Json): SocketWords => (isObject(raw) ? { name: asText(raw.name), tooltip: asText(raw.tooltip) } : NOTHING);
const readSockets = (raw: Json | undefined): Record<string, SocketWords> => Object.fromEntries(isObject(raw) ? Object.entries(raw).map(([name, socket]) => [name, readSocket(socket)]) : []);

/** What is said in `over` wins; where it says nothing, `under` stays. */
function joined(under: SocketWords | undefined, over: SocketWords): SocketWords {
  return { name: over.name ?? under?.name, tooltip: over.tooltip ?? under?.tooltip };
}
function joinedAll(under: Readonly<Record<string, SocketWords>> = {}, over: Readonly<Record<string, SocketWords>>): Record<string, SocketWords> {
  return { ...under, ...Object.fromEntries(Object.entries(over).map(([name, words]) => [name, joined(own(under, name), words)])) };
}

/**
 * Reads `/i18n`, `{language: {nodeDefs: {type: {display_name, description, inputs: {name: {name, tooltip}}, outputs: {"0": ...}}}}}`.
 *
 * @param languages from the one that is liked least to the one that is liked best
 */
export function readNodeWords(texts: JsonObject, languages: readonly string[]): Map<string, NodeWords> {
  const found = new Map<string, NodeWords>();
  for (const language of languages) {
    const part = texts[language];
    const types = isObject(part) ? part.nodeDefs : undefined;
    for (const [type, raw] of Object.entries(isObject(types) ? types : {})) {
      if (!isObject(raw)) continue;
      const under = found.get(type);
      found.set(type, {
        name: asText(raw.display_name) ?? under?.name,
        description: asText(raw.description) ?? under?.description,
        inputs: joinedAll(under?.inputs, readSockets(raw.inputs)),
        outputs: joinedAll(under?.outputs, readSockets(raw.outputs)),
      });
    }
  }
  return found;
}
