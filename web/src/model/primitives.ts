/** What does a PrimitiveNode show? It takes the widget of the first input that it feeds. */

import { controlWidget } from "./definitions";
import type { Graph } from "./graph";
import { SUBGRAPH_INPUT } from "./subgraph_type";
import type { GraphNode, Link, WidgetSpec } from "./types";

const plain: WidgetSpec = { name: "value", label: "value", kind: "string", type: "", integer: false, defaultValue: "" };

const DEEPEST = 32;

export interface WidgetPlace {
  readonly graph: Graph;
  readonly node: GraphNode;
  readonly spec: WidgetSpec;
}

/** The widget at the end of a link, also where the link goes on inside subgraphs. */
function fedWidget(graph: Graph, link: Link | undefined, depth = 0): WidgetPlace | undefined {
  const node = link && graph.nodes.get(link.to);
  if (!node || depth > DEEPEST || (node.type === "PrimitiveNode" && link.toInput !== "value")) return undefined;
  const subgraph = graph.subgraphs.get(node.type);
  if (subgraph) return portWidget(subgraph, node.inputs.findIndex((socket) => socket.name === link.toInput), depth + 1);
  const spec = graph.widgets(node).find((widget) => widget.name === link.toInput);
  return spec && { graph, node, spec };
}

/** The widget inside that an input of a subgraph leads to; the first where it leads to several. */
export const portWidget = (subgraph: Graph, slot: number, depth = 0): WidgetPlace | undefined =>
  fedWidget(subgraph, subgraph.links.get(subgraph.node(SUBGRAPH_INPUT).outputs[slot]?.links[0] ?? -1), depth);

/** The value widget, and after a whole number the control that changes it after each run. */
export function primitiveWidgets(graph: Graph, node: GraphNode): readonly WidgetSpec[] {
  const linkId = node.outputs[0]?.links[0];
  const spec = fedWidget(graph, linkId === undefined ? undefined : graph.links.get(linkId))?.spec;
  if (!spec) return [typeof node.values.value === "number" ? { ...plain, kind: "number", decimals: 2, step: 0.1 } : plain];
  const value: WidgetSpec = { ...spec, name: "value", label: spec.name, type: "" };
  return spec.kind === "number" ? [value, controlWidget("value")] : [value];
}
