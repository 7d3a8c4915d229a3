/** What does a subgraph look like from outside? Its border nodes hold its inputs and outputs; they make its node type. */

import { t } from "../words";
import type { Graph } from "./graph";
import type { GraphNode, InputSocket, JsonObject, NodeDefinition, NodeId, OutputSocket, Point } from "./types";

/** Pseudo nodes at the border of a subgraph: what comes in leaves from the one, what goes out arrives at the other. */
export const SUBGRAPH_INPUT = "-10";
export const SUBGRAPH_OUTPUT = "-20";

export const isBorder = (id: NodeId): boolean => id === SUBGRAPH_INPUT || id === SUBGRAPH_OUTPUT;

export type Side = "input" | "output";
export const borderId = (side: Side): NodeId => (side === "input" ? SUBGRAPH_INPUT : SUBGRAPH_OUTPUT);
export const borderSide = (id: NodeId): Side => (id === SUBGRAPH_INPUT ? "input" : "output");

/** An input or output of a subgraph, as its file names it. */
export interface Port {
  readonly name: string;
  readonly type: string;
  /** What people called it; `name` stays, so that links are found again. */
  readonly label?: string;
  readonly raw: JsonObject;
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

export const readPort = (raw: JsonObject): Port => ({ name: textOf(raw.name) ?? "", type: textOf(raw.type) ?? "*", label: textOf(raw.label), raw });

/** The socket inside for the `index`th port; links find it by that index. */
export const inputPort = (port: Port, index: number): InputSocket => ({
  name: String(index), type: port.type, link: null, widget: false, label: port.label ?? port.name, raw: port.raw,
});
export const outputPort = (port: Port): OutputSocket => ({ name: port.name, type: port.type, links: [], label: port.label ?? port.name, raw: port.raw });

export function borderNode(side: Side, ports: readonly Port[], pos: Point): GraphNode {
  return {
    id: borderId(side), type: `@subgraph-${side}`, title: side === "input" ? t("subgraph.inputs") : t("subgraph.outputs"), pos, size: [150, 0], mode: 0, collapsed: false, pinned: false,
    inputs: side === "output" ? ports.map(inputPort) : [], outputs: side === "input" ? ports.map(outputPort) : [],
    values: {}, known: true, properties: {}, rank: -1, raw: {},
  };
}

/** The inputs or outputs of a subgraph in their order. */
export function portsOf(subgraph: Graph, side: Side): Port[] {
  const border = subgraph.node(borderId(side));
  return (side === "input" ? border.outputs : border.inputs).map((socket) => readPort(socket.raw ?? {}));
}

interface Known {
  readonly inputs: readonly OutputSocket[];
  readonly outputs: readonly InputSocket[];
  readonly name: string;
  readonly type: NodeDefinition;
}
const known = new WeakMap<Graph, Known>();

/** The node type that stands for a subgraph; the same object until name, inputs or outputs change. */
export function subgraphType(subgraph: Graph): NodeDefinition {
  const inputs = subgraph.node(SUBGRAPH_INPUT).outputs;
  const outputs = subgraph.node(SUBGRAPH_OUTPUT).inputs;
  const before = known.get(subgraph);
  if (before?.inputs === inputs && before.outputs === outputs && before.name === subgraph.name) return before.type;
  const type: NodeDefinition = {
    type: subgraph.id ?? "", displayName: subgraph.name || "Subgraph", description: textOf(subgraph.raw.description) ?? "", category: "subgraphs", pack: "workflow",
    inputs: portsOf(subgraph, "input").map((port) => ({ name: port.name, type: port.type, label: port.label, optional: true, widget: null })),
    outputs: portsOf(subgraph, "output").map((port) => ({ name: port.name, type: port.type, label: port.label, isList: false })),
    widgets: [], isTarget: false, isVirtual: false, deprecated: false, experimental: false,
  };
  known.set(subgraph, { inputs, outputs, name: subgraph.name, type });
  return type;
}

/** True when the subgraph `outer` is `inner` or has a node of it somewhere inside: `inner` can't hold a node of `outer`. */
export function holds(root: Graph, outer: string, inner: string): boolean {
  const seen = new Set<string>();
  const waiting = [outer];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (id === inner) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    for (const node of root.subgraphs.get(id)?.nodes.values() ?? []) if (root.subgraphs.has(node.type)) waiting.push(node.type);
  }
  return false;
}

/** Ids of the subgraphs that are inside themselves; a run of them would never end. */
export const circularSubgraphs = (root: Graph): string[] => [...root.subgraphs].filter(([id, subgraph]) =>
  [...subgraph.nodes.values()].some((node) => root.subgraphs.has(node.type) && holds(root, node.type, id))).map(([id]) => id);

/** Ids of all subgraphs that the nodes of a graph need, nested ones as well. */
export function usedSubgraphs(root: Graph, nodes: Iterable<GraphNode>): Set<string> {
  const used = new Set<string>();
  const waiting = [...nodes];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    const subgraph = root.subgraphs.get(node.type);
    if (!subgraph || used.has(node.type)) continue;
    used.add(node.type);
    waiting.push(...subgraph.nodes.values());
  }
  return used;
}
