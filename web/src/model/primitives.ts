/** What does a PrimitiveNode show? It takes the widget of the first input that it feeds. */

import { controlWidget } from "./definitions";
import type { Graph } from "./graph";
import type { GraphNode, WidgetSpec } from "./types";

const plain: WidgetSpec = { name: "value", label: "value", kind: "string", type: "", integer: false, defaultValue: "" };

/** The value widget, and after a whole number the control that changes it after each run. */
export function primitiveWidgets(graph: Graph, node: GraphNode): readonly WidgetSpec[] {
  const linkId = node.outputs[0]?.links[0];
  const link = linkId === undefined ? undefined : graph.links.get(linkId);
  const target = link ? graph.nodes.get(link.to) : undefined;
  const spec = target && target.type !== "PrimitiveNode" ? graph.widgets(target).find((widget) => widget.name === link?.toInput) : undefined;
  if (!spec) return [typeof node.values.value === "number" ? { ...plain, kind: "number", decimals: 2, step: 0.1 } : plain];
  const value: WidgetSpec = { ...spec, name: "value", label: spec.name, type: "" };
  return spec.kind === "number" ? [value, controlWidget("value")] : [value];
}
