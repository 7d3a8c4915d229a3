/** Which values does one node of a subgraph hold for itself? Those of inputs that lead to a widget inside, marked so in the file. */

import type { Graph } from "./graph";
import { groupControl, groupSpecs } from "./group_nodes";
import { portWidget } from "./primitives";
import { PROMOTED } from "./promoted";
import type { GraphNode, Json, WidgetSpec } from "./types";
import { readValues, writeValues } from "./widget_values";

const isRecord = (value: unknown): value is Record<string, Json> => typeof value === "object" && value !== null && !Array.isArray(value);

/** Names of the inputs that the file says have a widget, in its order. */
function markedInputs(node: GraphNode): string[] {
  const slots = Array.isArray(node.raw.inputs) ? node.raw.inputs.filter(isRecord) : [];
  return slots.filter((slot) => isRecord(slot.widget)).map((slot) => String(slot.name));
}

/** Where each marked input's value stands in `widgets_values`: in their order, or in that of all shown widgets. */
function places(node: GraphNode): Map<string, number> {
  const marked = markedInputs(node);
  const { widgets_values: values } = node.raw;
  const shown = node.properties[PROMOTED];
  if (!Array.isArray(values)) return new Map();
  if (values.length === marked.length) return new Map(marked.map((name, index) => [name, index]));
  if (!Array.isArray(shown) || shown.length !== values.length) return new Map();
  // a promotion of node -1 is one of an input of the subgraph itself
  return new Map(shown.flatMap((entry, index) => (Array.isArray(entry) && String(entry[0]) === "-1" && marked.includes(String(entry[1])) ? [[String(entry[1]), index] as const] : [])));
}

/** Takes over the values of every subgraph's node in these graphs, once all links are known. */
export function readInstanceValues(graphs: Iterable<Graph>): void {
  for (const graph of graphs)
    for (const node of graph.nodes.values()) {
      const subgraph = graph.subgraphs.get(node.type);
      if (subgraph?.isGroup) readGroupValues(graph, subgraph, node);
      else if (subgraph) readOwnValues(subgraph, node);
    }
}

function readOwnValues(subgraph: Graph, node: GraphNode): void {
  for (const [name, place] of places(node)) {
    const slot = node.inputs.findIndex((socket) => socket.name === name);
    if (slot < 0 || !portWidget(subgraph, slot)) continue;
    node.inputs[slot]!.widget = true;
    const value = (node.raw.widgets_values as Json[])[place];
    if (value !== undefined) node.values[name] = value;
  }
}

/** All widgets that a group shows are its nodes' own; one that was made a socket is one where the file has no value for it. */
function readGroupValues(graph: Graph, subgraph: Graph, node: GraphNode): void {
  node.inputs.forEach((socket, slot) => (socket.widget = portWidget(subgraph, slot) !== undefined));
  const specs = groupSpecs(graph, node, instanceWidgets(graph, node));
  const listed = new Set(specs.map((spec) => spec.name));
  for (const socket of node.inputs) socket.widget &&= listed.has(socket.name);
  node.values = readValues(specs, node.raw.widgets_values);
}

/** The widgets of the inputs that hold a value of this node's own. */
export function instanceWidgets(graph: Graph, node: GraphNode): WidgetSpec[] {
  const subgraph = graph.subgraphs.get(node.type);
  return node.inputs.flatMap((socket, slot) => {
    const inner = subgraph && socket.widget ? portWidget(subgraph, slot) : undefined;
    if (!inner) return [];
    const spec: WidgetSpec = { ...inner.spec, name: socket.name, label: socket.label ?? socket.name, defaultValue: inner.graph.value(inner.node, inner.spec), promoted: undefined };
    const control = subgraph?.isGroup ? inner.graph.widgets(inner.node).find((other) => other.controls === inner.spec.name) : undefined;
    return control ? [spec, groupControl(spec, control, inner.graph.value(inner.node, control))] : [spec];
  });
}

/** Values in the order of the inputs that are marked, each with the inner widget's where the node has none of its own. */
function freshValues(graph: Graph, node: GraphNode): Json[] {
  const specs = new Map(instanceWidgets(graph, node).map((spec) => [spec.name, spec]));
  const marked = "id" in node.raw ? markedInputs(node) : node.inputs.filter((socket) => socket.widget).map((socket) => socket.name);
  return marked.map((name) => node.values[name] ?? specs.get(name)?.defaultValue ?? null);
}

/** `widgets_values` of a subgraph's node as they stand now. */
export function writeInstanceValues(graph: Graph, node: GraphNode): Json | undefined {
  if (graph.subgraphs.get(node.type)?.isGroup) return writeValues(groupSpecs(graph, node, instanceWidgets(graph, node)), node);
  const before = node.raw.widgets_values;
  const placed = places(node);
  const own = node.inputs.filter((socket) => socket.widget).map((socket) => socket.name);
  const isNew = !("id" in node.raw);
  if (own.length > 0 && (isNew || (placed.size === 0 && own.some((name) => name in node.values)))) return freshValues(graph, node);
  if (!Array.isArray(before)) return before ?? (isNew ? [] : undefined);
  const values = [...before];
  for (const [name, place] of placed) values[place] = node.values[name] ?? values[place]!;
  return values;
}
