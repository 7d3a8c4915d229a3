/** What is in a workflow? Nodes, links and groups, with the few questions that everyone asks of them. */

import type { Definitions } from "./definitions";
import { factsOf, shownInputs, socketOf } from "./dynamic_inputs";
import { groupName } from "./group_nodes";
import { instanceWidgets } from "./instance_values";
import { nameOfType } from "./node_words";
import { primitiveWidgets } from "./primitives";
import { promotedValue, promotedWidgets, PROMOTED } from "./promoted";
import { subgraphType } from "./subgraph_type";
import type { Group, GraphNode, InputSocket, Json, JsonObject, Link, LinkId, NodeDefinition, NodeId, Point, WidgetSpec } from "./types";

/** An entry of the file that means nothing to the graph; it is written again at its place. */
export interface Stray {
  readonly rank: number;
  readonly raw: Json;
}

export class Graph {
  readonly nodes = new Map<NodeId, GraphNode>();
  readonly links = new Map<LinkId, Link>();
  readonly groups = new Map<number, Group>();
  /** Definitions of all subgraphs of the workflow by their ids; every graph of a workflow holds the same map. */
  readonly subgraphs: Map<string, Graph>;
  /** The workflow itself. */
  readonly root: Graph;
  /** What a subgraph is called. */
  name = "";
  /** Links of the file that lead nowhere. */
  strayLinks: readonly Stray[] = [];
  /** The file's other top-level fields, kept as they came. */
  raw: JsonObject = {};

  /** The graph of a workflow, or of the subgraph with this id in `root`'s workflow. */
  constructor(readonly definitions: Definitions, root: Graph | null = null, readonly id: string | null = null) {
    this.root = root ?? this;
    this.subgraphs = root?.subgraphs ?? new Map<string, Graph>();
  }

  /** True for a group node of an old file: it is shown and run, and changed only once it is a subgraph. */
  get isGroup(): boolean {
    return this.id !== null && groupName(this.id) !== undefined;
  }

  definition(type: string): NodeDefinition | undefined {
    const subgraph = this.subgraphs.get(type);
    return subgraph ? subgraphType(subgraph) : this.definitions.get(type);
  }

  /** The workflow's graph and those of all its subgraphs. */
  everyGraph(): Graph[] {
    return [this.root, ...this.subgraphs.values()];
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
    const definition = this.definition(node.type);
    return node.title ?? (definition ? nameOfType(definition) : node.type);
  }

  /** The widgets that a node shows, in the order of `widgets_values`. */
  widgets(node: GraphNode): readonly WidgetSpec[] {
    if (node.type === "PrimitiveNode") return primitiveWidgets(this, node);
    if (this.subgraphs.has(node.type)) return [...instanceWidgets(this, node), ...promotedWidgets(this, node)];
    const definition = this.definition(node.type);
    return definition?.parts && node.known ? shownInputs(definition.parts, factsOf(node)).widgets : (definition?.widgets ?? []);
  }

  value(node: GraphNode, spec: WidgetSpec): Json {
    return spec.promoted ? promotedValue(this, node, spec) : (node.values[spec.name] ?? spec.defaultValue);
  }

  freeNodeId(): NodeId {
    let largest = this.lastOf("last_node_id", "lastNodeId");
    for (const id of this.nodes.keys()) if (/^\d+$/.test(id)) largest = Math.max(largest, Number(id));
    return String(largest + 1);
  }

  freeLinkId(): LinkId {
    let largest = this.lastOf("last_link_id", "lastLinkId");
    for (const id of this.links.keys()) largest = Math.max(largest, id);
    return largest + 1;
  }

  /** The largest id that the file says was given, in either of the places for it. */
  private lastOf(name: string, inState: string): number {
    const { state } = this.raw;
    const last = typeof state === "object" && state !== null && !Array.isArray(state) ? state[inState] : undefined;
    return Math.max(0, ...[this.raw[name], last].filter((value) => typeof value === "number"));
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
    inputs: definition.inputs.map(socketOf),
    outputs: definition.outputs.map((output) => ({ name: output.name, type: output.type, links: [], label: output.label, tooltip: output.tooltip })),
    values, known: true, properties: definition.isVirtual ? {} : { "Node name for S&R": type }, rank: graph.nextRank(), raw: {}, ...likeOthers(graph, type, definition),
  };
}

/** A further node of a subgraph shows the same widgets as those that are there. */
function likeOthers(graph: Graph, type: string, definition: NodeDefinition): Partial<GraphNode> {
  if (!graph.subgraphs.has(type)) return {};
  const present = graph.everyGraph().flatMap((place) => [...place.nodes.values()]).find((node) => node.type === type);
  return {
    properties: { [PROMOTED]: structuredClone(present?.properties[PROMOTED] ?? []) },
    inputs: definition.inputs.map((input, slot) => ({ ...socketOf(input), widget: present?.inputs[slot]?.widget === true })),
  };
}
