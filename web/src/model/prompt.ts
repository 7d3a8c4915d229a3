/** What is executed? Builds the prompt (API format) of a graph: virtual nodes resolved, muted ones gone, subgraphs flattened. */

import { t } from "../words";
import type { Graph } from "./graph";
import { accepts } from "./sockets";
import { circularSubgraphs, SUBGRAPH_INPUT, SUBGRAPH_OUTPUT, usedSubgraphs } from "./subgraph_type";
import { NodeMode, type GraphNode, type Json, type JsonObject, type NodeId, type WidgetSpec } from "./types";
import { takeChoices } from "./wildcards";

export interface PromptNode {
  class_type: string;
  inputs: JsonObject;
  _meta: { title: string };
}
export type Prompt = Record<string, PromptNode>;

/** A graph seen from where it is used: the root, or a subgraph inside the node that stands for it. */
interface Scope {
  readonly graph: Graph;
  readonly prefix: string;
  readonly outer: { readonly scope: Scope; readonly node: GraphNode } | null;
}

type Source = { readonly link: [string, number] } | { readonly value: Json } | null;

const subgraphOf = (scope: Scope, node: GraphNode): Scope | null => {
  const graph = scope.graph.subgraphs.get(node.type);
  return graph ? { graph, prefix: `${scope.prefix}${node.id}:`, outer: { scope, node } } : null;
};

/** One hop upstream, or the source itself where the hop ends. */
type Hop = { readonly at: readonly [Scope, NodeId, number] } | { readonly end: Source };

function enter(scope: Scope, node: GraphNode, inputName: string): Hop {
  const link = scope.graph.linkInto(node.id, inputName);
  return link ? { at: [scope, link.from, link.fromSlot] } : { end: null };
}

function bypass(scope: Scope, node: GraphNode, slot: number): Hop {
  const type = node.outputs[slot]?.type ?? "*";
  const fitting = node.inputs.find((socket) => socket.type === type) ?? node.inputs.find((socket) => socket.link !== null && accepts(type, socket.type));
  return fitting ? enter(scope, node, fitting.name) : { end: null };
}

function hop(scope: Scope, id: NodeId, slot: number): Hop {
  if (id === SUBGRAPH_INPUT && scope.outer) {
    const { scope: outer, node } = scope.outer;
    const socket = node.inputs[slot];
    const own = socket?.widget && socket.link === null ? node.values[socket.name] : undefined;
    if (own !== undefined) return { end: { value: own } };
    return socket ? enter(outer, node, socket.name) : { end: null };
  }
  const node = scope.graph.nodes.get(id);
  if (!node || node.mode === NodeMode.mute) return { end: null };
  if (node.mode === NodeMode.bypass) return bypass(scope, node, slot);
  if (node.type === "Reroute") return enter(scope, node, node.inputs[0]?.name ?? "");
  if (node.type === "PrimitiveNode" && scope.graph.linkInto(id, "value")) return enter(scope, node, "value");
  if (node.type === "PrimitiveNode") return { end: { value: scope.graph.value(node, scope.graph.widgets(node)[0]!) } };
  const inner = subgraphOf(scope, node);
  if (inner) return enter(inner, inner.graph.node(SUBGRAPH_OUTPUT), String(slot));
  return { end: { link: [scope.prefix + id, slot] } };
}

/** Follows reroutes, bypasses, primitives and subgraph borders upstream to where a value is made. */
function resolve(scope: Scope, node: GraphNode, inputName: string): Source {
  let next = enter(scope, node, inputName);
  const seen = new Set<string>();
  while ("at" in next) {
    const [at, id, slot] = next.at;
    const place = `${at.prefix}${id} ${slot}`;
    if (seen.has(place)) return null; // reroutes in a circle carry nothing
    seen.add(place);
    next = hop(at, id, slot);
  }
  return next.end;
}

const asLiteral = (value: Json): Json => (Array.isArray(value) ? { __value__: value } : value);

/** A text in which `{a|b}` stands for a choice is sent with the choices made. */
const literalOf = (spec: WidgetSpec, value: Json, random: () => number): Json => (spec.hasChoices && typeof value === "string" ? takeChoices(value, random) : asLiteral(value));

/** A placeholder's values can't be named without its definition; only what is linked or given by name goes along. */
function literalInputs(scope: Scope, node: GraphNode, random: () => number): JsonObject {
  const inputs: JsonObject = {};
  for (const spec of scope.graph.widgets(node))
    if (spec.kind !== "control" && spec.type !== "") inputs[spec.name] = literalOf(spec, scope.graph.value(node, spec), random);
  const raw = node.raw.widgets_values;
  if (!node.known && typeof raw === "object" && raw !== null && !Array.isArray(raw))
    for (const [name, value] of Object.entries(raw)) inputs[name] = asLiteral(value);
  return inputs;
}

function buildNode(scope: Scope, node: GraphNode, random: () => number): PromptNode {
  const inputs = literalInputs(scope, node, random);
  for (const socket of node.inputs) {
    if (socket.link === null) continue;
    const source = resolve(scope, node, socket.name);
    if (!source) {
      if (!socket.widget) Reflect.deleteProperty(inputs, socket.name);
    } else inputs[socket.name] = "link" in source ? source.link : asLiteral(source.value);
  }
  return { class_type: node.type, inputs, _meta: { title: scope.graph.title(node) } };
}

function isExecuted(scope: Scope, node: GraphNode): boolean {
  if (node.mode === NodeMode.mute || node.mode === NodeMode.bypass) return false;
  return !node.type.startsWith("@subgraph") && scope.graph.definition(node.type)?.isVirtual !== true;
}

/** A subgraph that is inside itself would go on without end. */
function refuseCircles(graph: Graph): void {
  const used = usedSubgraphs(graph.root, graph.nodes.values());
  const circular = circularSubgraphs(graph.root).find((id) => used.has(id));
  if (circular === undefined) return;
  const name = graph.subgraphs.get(circular)?.name || circular;
  throw new Error(t("notices.insideItself", { name }));
}

/**
 * The prompt of a workflow. Ids of nodes inside subgraphs carry the ids of the nodes they are in: `12:3`. Raises where a
 * subgraph is inside itself.
 */
export function buildPrompt(graph: Graph, random: () => number = Math.random): Prompt {
  refuseCircles(graph);
  const prompt: Prompt = {};
  const waiting: Scope[] = [{ graph, prefix: "", outer: null }];
  for (let scope = waiting.shift(); scope; scope = waiting.shift()) {
    for (const node of scope.graph.nodes.values()) {
      if (!isExecuted(scope, node)) continue;
      const inner = subgraphOf(scope, node);
      if (inner) waiting.push(inner);
      else prompt[scope.prefix + node.id] = buildNode(scope, node, random);
    }
  }
  return prompt;
}
