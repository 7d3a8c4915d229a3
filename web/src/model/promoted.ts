/** Which widgets of the nodes inside does a subgraph's node show? Those that its `proxyWidgets` name; their values stay inside. */

import type { Edit } from "./edits";
import type { Graph } from "./graph";
import { instanceWidgets } from "./instance_values";
import type { GraphNode, Json, NodeId, WidgetSpec } from "./types";

/** The property of a subgraph's node: a list of `[id of the inner node, name of its widget]`. */
export const PROMOTED = "proxyWidgets";
const DEEPEST = 32;
/** A node needs this width for widgets to be read. */
const WIDE = 304;

export type Promotion = readonly [node: NodeId, widget: string];

export function promotionsOf(node: GraphNode): Promotion[] {
  const list = node.properties[PROMOTED];
  if (!Array.isArray(list)) return [];
  return list.filter(Array.isArray).map((entry) => [String(entry[0]), String(entry[1])] as const);
}

/** A widget's name on the subgraph's node: unlike those of all others there. */
const nameOf = ([node, widget]: Promotion): string => `${node}: ${widget}`;

const innerSpec = (subgraph: Graph, node: GraphNode, widget: string, depth: number): WidgetSpec | undefined =>
  (subgraph.subgraphs.has(node.type) ? [...instanceWidgets(subgraph, node), ...promotedWidgets(subgraph, node, depth + 1)] : subgraph.widgets(node)).find((spec) => spec.name === widget);

/** The promoted widgets that are there; a promotion of what is gone shows nothing. Two of one label also say whose they are. */
export function promotedWidgets(graph: Graph, node: GraphNode, depth = 0): readonly WidgetSpec[] {
  const subgraph = graph.subgraphs.get(node.type);
  if (!subgraph || depth > DEEPEST) return [];
  const found = promotionsOf(node).flatMap((promotion) => {
    const inner = subgraph.nodes.get(promotion[0]);
    const spec = inner && innerSpec(subgraph, inner, promotion[1], depth);
    return inner && spec ? [{ inner, spec, promotion }] : [];
  });
  return found.map(({ inner, spec, promotion }) => {
    const isAlone = found.filter((other) => other.spec.label === spec.label).length === 1;
    const own = found.find((other) => other.inner === inner && other.spec.name === spec.controls);
    return {
      ...spec, name: nameOf(promotion), label: isAlone || spec.kind === "control" ? spec.label : `${subgraph.title(inner)}: ${spec.label}`, type: "",
      controls: own && nameOf(own.promotion), promoted: { node: promotion[0], widget: promotion[1] },
    };
  });
}

interface Place {
  readonly graph: Graph;
  readonly node: GraphNode;
  readonly spec: WidgetSpec;
}

/** The widget that a promoted one stands for, through all levels. */
export function promotedPlace(graph: Graph, node: GraphNode, spec: WidgetSpec): Place {
  if (!spec.promoted) return { graph, node, spec };
  const subgraph = graph.subgraphs.get(node.type);
  const inner = subgraph?.nodes.get(spec.promoted.node);
  const next = subgraph && inner && subgraph.widgets(inner).find((other) => other.name === spec.promoted!.widget);
  if (!next) throw new Error(`expected a widget ${spec.promoted.widget} on node ${spec.promoted.node} of ${graph.title(node)}, found none`);
  return promotedPlace(subgraph, inner, next);
}

export function promotedValue(graph: Graph, node: GraphNode, spec: WidgetSpec): Json {
  const place = promotedPlace(graph, node, spec);
  return place.graph.value(place.node, place.spec);
}

/** The edit that sets a widget, wherever its value lies. */
export function valueEdit(graph: Graph, node: GraphNode, spec: WidgetSpec, value: Json): Edit {
  const place = promotedPlace(graph, node, spec);
  const edit: Edit = { kind: "value", id: place.node.id, name: place.spec.name, value };
  return place.graph === graph ? edit : { kind: "inside", definition: place.graph.id, edit };
}

/** True when a link brings the value, here or at the node inside. */
export function isLinked(graph: Graph, node: GraphNode, spec: WidgetSpec): boolean {
  const place = promotedPlace(graph, node, spec);
  return place.graph.linkInto(place.node.id, place.spec.name) !== undefined;
}

/** Edits that show a widget of an inner node on every node of the subgraph, or show it no more. */
export function promote(root: Graph, subgraph: string, promotion: Promotion, isShown: boolean): Edit[] {
  return root.everyGraph().flatMap((graph) => [...graph.nodes.values()].filter((node) => node.type === subgraph).flatMap((node): Edit[] => {
    const present = promotionsOf(node);
    const others = present.filter(([id, widget]) => id !== promotion[0] || widget !== promotion[1]);
    if (isShown === others.length < present.length) return [];
    const list = (isShown ? [...present, promotion] : others).map((entry) => [...entry]);
    const edits: Edit[] = [{ kind: "field", id: node.id, field: "properties", value: { ...node.properties, [PROMOTED]: list } }];
    if (isShown && node.size[0] < WIDE) edits.push({ kind: "field", id: node.id, field: "size", value: [WIDE, node.size[1]] });
    return edits.map((edit) => ({ kind: "inside", definition: graph.id, edit }));
  }));
}

/** True when every node of the subgraph that is there shows the widget. */
export const isPromoted = (root: Graph, subgraph: string, [id, widget]: Promotion): boolean =>
  root.everyGraph().flatMap((graph) => [...graph.nodes.values()]).filter((node) => node.type === subgraph)
    .every((node) => promotionsOf(node).some((other) => other[0] === id && other[1] === widget));
