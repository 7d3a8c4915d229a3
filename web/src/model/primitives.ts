/** What does a PrimitiveNode show? It takes the widget of the first input that it feeds. */

import { controlWidget } from "./definitions";
import type { Graph } from "./graph";
import { SUBGRAPH_INPUT } from "./subgraph_type";
import type { GraphNode, Link, WidgetSpec } from "./types";

const plain: WidgetSpec = { name: "value", label: "value", kind: "string", type: "", integer: false, defaultValue: "" };

const DEEPEST = 32;

/** The widget at the end of a link, also where the link goes on inside subgraphs. */
function fedWidget(graph: Graph, link: Link | undefined, depth = 0): WidgetSpec | undefined {
  const target = link && graph.nodes.get(link.to);
  if (!target || depth > DEEPEST || target.type === "PrimitiveNode") return undefined;
  const subgraph = graph.subgraphs.get(target.type);
  if (!subgraph) return graph.widgets(target).find((widget) => widget.name === link.toInput);
  const slot = target.inputs.findIndex((socket) => socket.name === link.toInput);
  return fedWidget(subgraph, subgraph.links.get(subgraph.node(SUBGRAPH_INPUT).outputs[slot]?.links[0] ?? -1), depth + 1);
}

/** The value widget, and after a whole number the control that changes it after each run. */
export function primitiveWidgets(graph: Graph, node: GraphNode): readonly WidgetSpec[] {
  const linkId = node.outputs[0]?.links[0];
  const spec = fedWidget(graph, linkId === undefined ? undefined : graph.links.get(linkId));
  if (!spec) return [typeof node.values.value === "number" ? { ...plain, kind: "number", decimals: 2, step: 0.1 } : plain];
  const value: WidgetSpec = { ...spec, name: "value", label: spec.name, type: "" };
  return spec.kind === "number" ? [value, controlWidget("value")] : [value];
}
