/** Which edits make a subgraph of some nodes, or one of its own of a node that shares its definition with others? */

import { t } from "../words";
import { applyEdit, type Edit } from "./edits";
import { BORDER_WIDTH, naturalSize, TITLE, union } from "./geometry";
import { Graph } from "./graph";
import { nodesWithin } from "./groups";
import { newId } from "./ids";
import { removeNodes } from "./operations";
import { freeName, newPort } from "./ports";
import { copiedSubgraphs } from "./subgraph_copy";
import { borderNode, isBorder, SUBGRAPH_INPUT, SUBGRAPH_OUTPUT, type Port } from "./subgraph_type";
import { writeSubgraph } from "./workflow_write";
import type { GraphNode, Link, LinkId, NodeId, Rect } from "./types";

/** How far the border stands from the nodes. */
const GAP = 90;

interface Crossing extends Port {
  /** The links that go through this port. */
  readonly links: Link[];
}

/** One port per source of links that cross the border, named by `nameOf` its first link. */
function crossings(links: readonly Link[], nameOf: (link: Link) => string): Crossing[] {
  const found = new Map<string, Crossing>();
  for (const link of links) {
    const source = `${link.from} ${link.fromSlot}`;
    const present = found.get(source);
    if (present) present.links.push(link);
    else {
      const name = freeName(nameOf(link), [...found.values()].map((port) => port.name));
      found.set(source, { ...newPort(name, link.type), links: [link] });
    }
  }
  return [...found.values()];
}

const unlinked = (node: GraphNode): GraphNode => {
  const copy = structuredClone(node);
  return { ...copy, inputs: copy.inputs.map((socket) => ({ ...socket, link: null })), outputs: copy.outputs.map((socket) => ({ ...socket, links: [] })) };
};

/** Links in the order in which the sockets at their `end` stand, top to bottom. */
function inOrder(graph: Graph, links: readonly Link[], end: "from" | "to"): Link[] {
  const slot = (link: Link): number => (end === "from" ? link.fromSlot : graph.node(link.to).inputs.findIndex((socket) => socket.name === link.toInput));
  const node = (link: Link): GraphNode => graph.node(link[end]);
  return [...links].sort((a, b) => node(a).pos[1] - node(b).pos[1] || node(a).rank - node(b).rank || slot(a) - slot(b));
}

interface Cut {
  readonly nodes: readonly GraphNode[];
  readonly inner: readonly Link[];
  readonly inputs: readonly Crossing[];
  readonly outputs: readonly Crossing[];
  readonly area: Rect;
}

function cutAt(graph: Graph, chosen: ReadonlySet<NodeId>, boundsOf: (id: NodeId) => Rect): Cut {
  const links = [...graph.links.values()];
  const socketName = (name: string | undefined, type: string): string => name || type.toLowerCase();
  const entering = inOrder(graph, links.filter((link) => chosen.has(link.to) && !chosen.has(link.from)), "to");
  const leaving = inOrder(graph, links.filter((link) => chosen.has(link.from) && !chosen.has(link.to)), "from");
  return {
    nodes: [...chosen].map((id) => graph.node(id)), inner: links.filter((link) => chosen.has(link.to) && chosen.has(link.from)),
    inputs: crossings(entering, (link) => socketName(link.toInput, link.type)),
    outputs: crossings(leaving, (link) => socketName(graph.node(link.from).outputs[link.fromSlot]?.name, link.type)),
    area: union([...chosen].map(boundsOf))!,
  };
}

/** The groups all of whose nodes are chosen go inside with them. */
function groupsInside(graph: Graph, chosen: ReadonlySet<NodeId>, boundsOf: (id: NodeId) => Rect): number[] {
  return [...graph.groups.values()].filter((group) => {
    const within = nodesWithin(graph, group.bounds, boundsOf);
    return within.length > 0 && within.every((id) => chosen.has(id));
  }).map((group) => group.id);
}

function innerGraph(graph: Graph, cut: Cut, groups: readonly number[], id: string, name: string): Graph {
  const subgraph = new Graph(graph.definitions, graph.root, id);
  subgraph.name = name;
  const top = cut.area.y + 34;
  const borders = [
    borderNode("input", cut.inputs, [cut.area.x - GAP - BORDER_WIDTH, top]), borderNode("output", cut.outputs, [cut.area.x + cut.area.width + GAP, top]),
  ];
  for (const node of [...borders, ...cut.nodes.map(unlinked)]) subgraph.nodes.set(node.id, node);
  for (const group of groups) subgraph.groups.set(group, structuredClone(graph.groups.get(group)!));
  const add = (link: Link): void => void applyEdit(subgraph, { kind: "addLink", link });
  for (const link of cut.inner) add(link);
  cut.inputs.forEach((port, slot) => port.links.forEach((link) => add({ ...link, from: SUBGRAPH_INPUT, fromSlot: slot, raw: undefined })));
  let free = Math.max(graph.freeLinkId(), subgraph.freeLinkId());
  cut.outputs.forEach((port, index) => add({ ...port.links[0]!, id: free++, to: SUBGRAPH_OUTPUT, toInput: String(index), raw: undefined }));
  return subgraph;
}

/** The node that stands for the subgraph, where its nodes were. */
function outerNode(graph: Graph, cut: Cut, type: string): GraphNode {
  const isWidget = (link: Link): boolean => graph.input(link.to, link.toInput)?.widget === true;
  const node: GraphNode = {
    id: graph.freeNodeId(), type, title: null, pos: [0, 0], size: [0, 0], mode: 0, collapsed: false, pinned: false,
    inputs: cut.inputs.map((port) => ({ name: port.name, type: port.type, link: null, widget: isWidget(port.links[0]!), optional: true })),
    outputs: cut.outputs.map((port) => ({ name: port.name, type: port.type, links: [] })),
    values: {}, known: true, properties: { proxyWidgets: [] }, rank: graph.nextRank(), raw: {},
  };
  node.size = naturalSize(graph, node, false);
  const { x, y, width, height } = cut.area;
  node.pos = [Math.round(x + (width - node.size[0]) / 2), Math.round(y + (height - node.size[1] + TITLE) / 2)];
  return node;
}

/**
 * Edits that move nodes into a new subgraph, and the node that stands for it. What crossed the border
 * goes through its inputs and outputs; places stay. Raises where no node is chosen.
 */
export function createSubgraph(graph: Graph, ids: Iterable<NodeId>, name: string, boundsOf: (id: NodeId) => Rect): { edits: Edit[]; id: NodeId } {
  const chosen = new Set([...ids].filter((id) => graph.nodes.has(id) && !isBorder(id)));
  if (chosen.size === 0) throw new Error(t("subgraph.selectFirst"));
  const cut = cutAt(graph, chosen, boundsOf);
  const groups = groupsInside(graph, chosen, boundsOf);
  const subgraph = innerGraph(graph, cut, groups, newId(), name);
  const node = outerNode(graph, cut, subgraph.id!);
  let free: LinkId = Math.max(graph.freeLinkId(), subgraph.freeLinkId());
  const entering = cut.inputs.map((port): Link => ({ ...port.links[0]!, id: free++, to: node.id, toInput: port.name, raw: undefined }));
  const leaving = cut.outputs.flatMap((port, slot) => port.links.map((link): Link => ({ ...link, from: node.id, fromSlot: slot })));
  return {
    edits: [
      ...removeNodes(graph, chosen), ...groups.map((id): Edit => ({ kind: "removeGroup", id })), { kind: "addDefinition", subgraph }, { kind: "addNode", node },
      ...[...entering, ...leaving].map((link): Edit => ({ kind: "addLink", link })),
    ],
    id: node.id,
  };
}

/** Edits that give a subgraph's node a definition of its own, so that changes inside no longer change the others. */
export function makeUnique(graph: Graph, id: NodeId): Edit[] {
  const node = graph.node(id);
  const subgraph = graph.subgraphs.get(node.type);
  if (!subgraph) throw new Error(`expected node ${id} to stand for a subgraph, found ${node.type}`);
  const names = [...graph.subgraphs.values()].map((other) => other.name);
  const type = newId();
  const copy = { ...structuredClone(writeSubgraph(subgraph)), id: type, name: freeName(`${subgraph.name} copy`, names) };
  const links = [...node.outputs.flatMap((socket) => socket.links), ...node.inputs.map((socket) => socket.link)].flatMap((link) => graph.links.get(link ?? -1) ?? []);
  return [
    ...copiedSubgraphs(graph.root, [copy]).map((added): Edit => ({ kind: "addDefinition", subgraph: added })), ...removeNodes(graph, [id]),
    { kind: "addNode", node: { ...unlinked(node), type } }, ...links.map((link): Edit => ({ kind: "addLink", link })),
  ];
}
