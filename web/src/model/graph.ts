/** What is in a workflow? Nodes, links and groups, with the few questions that everyone asks of them. */

import type { Definitions } from "./definitions";
import { primitiveWidgets } from "./primitives";
import type { Group, GraphNode, InputSocket, Json, JsonObject, Link, LinkId, NodeDefinition, NodeId, Point, WidgetSpec } from "./types";

export class Graph {
  readonly nodes = new Map<NodeId, GraphNode>();
  readonly links = new Map<LinkId, Link>();
  readonly groups = new Map<number, Group>();
  /** Definitions of the subgraphs that came with the workflow, and the types made from them. */
  readonly subgraphs = new Map<string, Graph>();
  localDefinitions: ReadonlyMap<string, NodeDefinition> = new Map();
  /** The file's other top-level fields, kept as they came. */
  raw: JsonObject = {};

  constructor(readonly definitions: Definitions) {}

  definition(type: string): NodeDefinition | undefined {
    return this.localDefinitions.get(type) ?? this.definitions.get(type);
  }

  node(id: NodeId): GraphNode {
    const node = this.nodes.get(id);
    if (!node) throw new Error(`expected a node ${id} in the graph, found none`);
    return node;
  }

  input(id: NodeId, name: string): InputSocket | undefined {
    return this.nodes.get(id)?.inputs.find((socket) => socket.name === name);
  }

  linkInto(id: NodeId, name: string): Link | undefined {
    const link = this.input(id, name)?.link;
    return link === null || link === undefined ? undefined : this.links.get(link);
  }

  linksOf(id: NodeId): Link[] {
    const node = this.nodes.get(id);
    if (!node) return [];
    const ids = [...node.inputs.map((socket) => socket.link), ...node.outputs.flatMap((socket) => socket.links)];
    const found = new Set<Link>();
    for (const link of ids) {
      const entry = link === null ? undefined : this.links.get(link);
      if (entry) found.add(entry);
    }
    return [...found];
  }

  title(node: GraphNode): string {
    return node.title ?? this.definition(node.type)?.displayName ?? node.type;
  }

  /** The widgets that a node shows, in the order of `widgets_values`. */
  widgets(node: GraphNode): readonly WidgetSpec[] {
    if (node.type === "PrimitiveNode") return primitiveWidgets(this, node);
    return this.definition(node.type)?.widgets ?? [];
  }

  value(node: GraphNode, spec: WidgetSpec): Json {
    return node.values[spec.name] ?? spec.defaultValue;
  }

  freeNodeId(): NodeId {
    let largest = typeof this.raw.last_node_id === "number" ? this.raw.last_node_id : 0;
    for (const id of this.nodes.keys()) if (/^\d+$/.test(id)) largest = Math.max(largest, Number(id));
    return String(largest + 1);
  }

  freeLinkId(): LinkId {
    let largest = typeof this.raw.last_link_id === "number" ? this.raw.last_link_id : 0;
    for (const id of this.links.keys()) largest = Math.max(largest, id);
    return largest + 1;
  }

  nextRank(): number {
    let largest = -1;
    for (const node of this.nodes.values()) largest = Math.max(largest, node.rank);
    return largest + 1;
  }
}

/** A new node of a type with its default values; it is not yet in the graph. */
export function createNode(graph: Graph, type: string, pos: Point, id: NodeId = graph.freeNodeId()): GraphNode {
  const definition = graph.definition(type);
  if (!definition) throw new Error(`expected a known node type, found ${type}: install the pack that brings it, or choose another`);
  const values: Record<string, Json> = {};
  for (const widget of definition.widgets) values[widget.name] = widget.defaultValue;
  return {
    id, type, title: null, pos, size: [0, 0], mode: 0, collapsed: false, pinned: false,
    inputs: definition.inputs.map((input) => ({
      name: input.name, type: input.type, link: null, widget: input.widget !== null, optional: input.optional, tooltip: input.tooltip,
    })),
    outputs: definition.outputs.map((output) => ({ name: output.name, type: output.type, links: [], tooltip: output.tooltip })),
    values, known: true, properties: definition.isVirtual ? {} : { "Node name for S&R": type }, rank: graph.nextRank(), raw: {},
  };
}
