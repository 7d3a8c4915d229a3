/** Which values does one node of a subgraph hold for itself? Those of inputs that lead to a widget inside, marked so in the file. */

import type { Graph } from "./graph";
import { portWidget } from "./primitives";
import { PROMOTED } from "./promoted";
import type { GraphNode, Json, WidgetSpec } from "./types";

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

/** Takes over the values of every subgraph's node, once all links are known. */
export function readInstanceValues(root: Graph): void {
  for (const graph of root.everyGraph())
    for (const node of graph.nodes.values()) {
      const subgraph = graph.subgraphs.get(node.type);
      if (!subgraph) continue;
      for (const [name, place] of places(node)) {
        const slot = node.inputs.findIndex((socket) => socket.name === name);
        if (slot < 0 || !portWidget(subgraph, slot)) continue;
        node.inputs[slot]!.widget = true;
        const value = (node.raw.widgets_values as Json[])[place];
        if (value !== undefined) node.values[name] = value;
      }
    }
}

/** The widgets of the inputs that hold a value of this node's own. */
export function instanceWidgets(graph: Graph, node: GraphNode): WidgetSpec[] {
  const subgraph = graph.subgraphs.get(node.type);
  return node.inputs.flatMap((socket, slot) => {
    const inner = subgraph && socket.widget ? portWidget(subgraph, slot) : undefined;
    if (!inner) return [];
    return [{ ...inner.spec, name: socket.name, label: socket.label ?? socket.name, defaultValue: inner.graph.value(inner.node, inner.spec), promoted: undefined }];
  });
}

/** `widgets_values` of a subgraph's node as they stand now. */
export function writeInstanceValues(node: GraphNode): Json | undefined {
  const before = node.raw.widgets_values;
  if (!Array.isArray(before)) return before ?? ("id" in node.raw ? undefined : []);
  const values = [...before];
  for (const [name, place] of places(node)) values[place] = node.values[name] ?? values[place]!;
  return values;
}
