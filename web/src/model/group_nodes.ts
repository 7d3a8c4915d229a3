/**
 * What is a group node of an old file (`extra.groupNodes`)? Here a subgraph whose definition stays in that place of the file:
 * each inner widget is an input of it, so that every node of the group has values of its own. It is changed once converted.
 */

import { t } from "../words";
import { controlName } from "./definitions";
import { applyEdit, type Edit } from "./edits";
import { Graph } from "./graph";
import { newId } from "./ids";
import { copiedSubgraphs } from "./subgraph_copy";
import { borderNode, SUBGRAPH_INPUT, SUBGRAPH_OUTPUT, type Port } from "./subgraph_type";
import type { GraphNode, InputSocket, Json, JsonObject, NodeId, WidgetSpec } from "./types";
import { fill, isObject, list, text } from "./workflow_read";
import { writeSubgraph } from "./workflow_write";

const GROUP_TYPE = /^workflow[>/](.+)$/;

/** The name of a group by its node type; undefined for any other type. */
export const groupName = (type: string): string | undefined => GROUP_TYPE.exec(type)?.[1];

/** An exposed input and where it leads inside. */
interface Way {
  readonly port: Port;
  readonly node: NodeId;
  readonly input: string;
  /** Where its value stands among those of the node: by inner node and widget; null for a socket. */
  readonly place: number | null;
  /** A widget that was made a socket: not every version of the other editor lists its value. */
  readonly isConverted: boolean;
}

/** The order of the values of each group's nodes. */
const waysOf = new WeakMap<Graph, readonly Way[]>();

/** Nodes and links as a workflow has them; ids are the places in the group's list. */
function inner(entry: JsonObject): JsonObject {
  const unlinked = (slots: Json | undefined, none: JsonObject): JsonObject[] => list(slots).map((slot) => ({ ...slot, ...none }));
  const nodes = list(entry.nodes).map((node, index) => ({ ...node, id: index, inputs: unlinked(node.inputs, { link: null }), outputs: unlinked(node.outputs, { links: [] }) }));
  const links = (Array.isArray(entry.links) ? entry.links : []).filter((link): link is Json[] => Array.isArray(link) && typeof link[0] === "number" && typeof link[2] === "number");
  return {
    nodes, links: links.map(([from, fromSlot, to, toSlot, , type], index) => {
      const typeName = text(type, text(list(nodes[Number(from)]?.outputs)[Number(fromSlot)]?.type, "*"));
      return { id: index + 1, origin_id: from!, origin_slot: fromSlot!, target_id: to!, target_slot: toSlot!, type: typeName };
    }),
  };
}

/** Names as the other editor gives them: a second one of a name says whose it is. */
class Names {
  private readonly seen = new Map<string, number>();

  next(wanted: string, node: GraphNode): string {
    let name = wanted;
    if (this.seen.has(wanted) || (node.type === "PrimitiveNode" && node.title !== null)) {
      const prefixed = `${node.title ?? node.type} ${wanted}`;
      const times = this.seen.get(prefixed);
      name = times === undefined ? prefixed : `${node.title ?? node.type} ${times + 1} ${wanted}`;
      this.seen.set(prefixed, (times ?? 0) + 1);
    }
    this.seen.set(wanted, (this.seen.get(wanted) ?? 0) + 1);
    return name;
  }
}

interface Shown {
  readonly name?: string;
  readonly isVisible?: boolean;
}

/** What the group's settings say of one input or output of an inner node. */
function shownAs(entry: JsonObject, node: GraphNode, side: "input" | "output", key: string): Shown {
  const ofNode = isObject(entry.config) ? entry.config[node.id] : undefined;
  const ofSide = isObject(ofNode) ? ofNode[side] : undefined;
  const found = isObject(ofSide) ? ofSide[key] : undefined;
  return isObject(found) ? { name: text(found.name, "") || undefined, isVisible: typeof found.visible === "boolean" ? found.visible : undefined } : {};
}

const portOf = (name: string, type: string): Port => ({ name, type, raw: { id: newId(), name, type, linkIds: [] } });

function inputWays(graph: Graph, entry: JsonObject): Way[] {
  const names = new Names();
  const ways: Way[] = [];
  const converted: (() => void)[] = [];
  let place = 0;
  for (const node of graph.nodes.values()) {
    const add = (input: string, type: string, at: number | null, isConverted: boolean): void => {
      const { name, isVisible } = shownAs(entry, node, "input", input);
      if (isVisible === false) return;
      const label = text(list(node.raw.inputs).find((slot) => slot.name === input)?.label, "");
      ways.push({ port: portOf(names.next(name ?? (label || input), node), type), node: node.id, input, place: at, isConverted });
    };
    for (const spec of graph.widgets(node).filter((widget) => widget.kind !== "control" && (widget.type !== "" || node.type === "PrimitiveNode"))) {
      const at = place++;
      const type = spec.type || "*";
      if (graph.linkInto(node.id, spec.name)) continue;
      if (list(node.raw.inputs).some((slot) => slot.name === spec.name)) converted.push(() => add(spec.name, type, at, true));
      else add(spec.name, type, at, false);
    }
    for (const socket of node.inputs) if (!socket.widget && socket.link === null) add(socket.name, socket.type, null, false);
  }
  for (const later of converted) later();
  return ways;
}

interface Leaving {
  readonly port: Port;
  readonly node: NodeId;
  readonly slot: number;
}

/** Outputs that nothing inside uses, and those that are used outside as well. */
function outputWays(graph: Graph, entry: JsonObject): Leaving[] {
  const names = new Names();
  const external = (Array.isArray(entry.external) ? entry.external : []).filter(Array.isArray).map(([node, slot]) => `${String(node)} ${String(slot)}`);
  return [...graph.nodes.values()].flatMap((node) => node.outputs.flatMap((socket, slot): Leaving[] => {
    const { name, isVisible } = shownAs(entry, node, "output", String(slot));
    if (!(isVisible ?? (socket.links.length === 0 || external.includes(`${node.id} ${slot}`)))) return [];
    return [{ port: portOf(names.next(name ?? socket.label ?? (socket.name || socket.type), node), socket.type), node: node.id, slot }];
  }));
}

function addBorders(graph: Graph, ways: readonly Way[], leaving: readonly Leaving[]): void {
  const lefts = [...graph.nodes.values()].map((node) => node.pos[0]);
  const rights = [...graph.nodes.values()].map((node) => node.pos[0] + node.size[0]);
  const borders = [
    borderNode("input", ways.map((way) => way.port), [Math.min(0, ...lefts) - 240, 0]), borderNode("output", leaving.map((way) => way.port), [Math.max(0, ...rights) + 120, 0]),
  ];
  for (const node of borders) graph.nodes.set(node.id, node);
  let id = graph.freeLinkId();
  const link = (from: NodeId, fromSlot: number, to: NodeId, toInput: string, type: string): void => {
    applyEdit(graph, { kind: "addLink", link: { id, from, fromSlot, to, toInput, type, rank: id } });
    id += 1;
  };
  ways.forEach(({ port, node, input }, slot) => {
    const target = graph.node(node);
    // a primitive has no socket for its value until a group gives it one
    if (!graph.input(node, input)) target.inputs.push({ name: input, type: port.type, link: null, widget: true });
    link(SUBGRAPH_INPUT, slot, node, input, port.type);
  });
  leaving.forEach(({ port, node, slot }, index) => link(node, slot, SUBGRAPH_OUTPUT, String(index), port.type));
}

/** The graph of a group, or what it holds that is not installed here. */
function build(root: Graph, type: string, entry: JsonObject): Graph | readonly string[] {
  const graph = new Graph(root.definitions, root, type);
  graph.name = groupName(type)!;
  fill(graph, inner(entry), []);
  const missing = [...graph.nodes.values()].filter((node) => !node.known).map((node) => node.type);
  if (missing.length > 0) return [...new Set(missing)];
  const ways = inputWays(graph, entry);
  waysOf.set(graph, ways);
  addBorders(graph, ways, outputWays(graph, entry));
  return graph;
}

/** Makes the groups that the nodes of a file need. One that holds what is not installed stays a placeholder, with a word on it. */
export function readGroupNodes(root: Graph, data: JsonObject, problems: string[]): void {
  const groups = isObject(data.extra) && isObject(data.extra.groupNodes) ? data.extra.groupNodes : {};
  const inDefinitions = isObject(data.definitions) ? list(data.definitions.subgraphs).flatMap((entry) => list(entry.nodes)) : [];
  const begun = new Set<string>();
  const need = (node: JsonObject): void => {
    const type = text(node.type, "");
    const name = groupName(type);
    const entry = name === undefined ? undefined : groups[name];
    if (!isObject(entry) || begun.has(type)) return;
    begun.add(type);
    list(entry.nodes).forEach(need); // what is inside comes first
    const made = build(root, type, entry);
    if (made instanceof Graph) root.subgraphs.set(type, made);
    else problems.push(t("notices.groupNodeHolds", { name: name!, types: made.join(", ") }));
  };
  [...list(data.nodes), ...inDefinitions].forEach(need);
}

/** The widgets of a group's node in the order of its values, each seed with its control. */
export function groupSpecs(graph: Graph, node: GraphNode, specs: readonly WidgetSpec[]): WidgetSpec[] {
  const ways = waysOf.get(graph.subgraphs.get(node.type)!) ?? [];
  const wayOf = (spec: WidgetSpec): Way | undefined => ways.find(({ port }) => port.name === (spec.controls ?? spec.name));
  const inPlace = [...specs].sort((a, b) => (wayOf(a)?.place ?? 0) - (wayOf(b)?.place ?? 0));
  const values = node.raw.widgets_values;
  const unconverted = inPlace.filter((spec) => wayOf(spec)?.isConverted !== true);
  return Array.isArray(values) && values.length <= unconverted.length ? unconverted : inPlace;
}

/** The control of a seed that a group shows. */
export const groupControl = (spec: WidgetSpec, control: WidgetSpec, value: Json): WidgetSpec =>
  ({ ...control, name: controlName(spec.name), controls: spec.name, defaultValue: value, promoted: undefined });

/** The same node as one of a subgraph: its inputs' widgets and values written the way that subgraphs have. */
export function asSubgraphNode(node: GraphNode, type: string): GraphNode {
  const slot = (socket: InputSocket): JsonObject => ({ ...(socket.raw ?? { name: socket.name, type: socket.type }), ...(socket.widget ? { widget: { name: socket.name } } : {}), link: null });
  const inputs = node.inputs.map((socket): InputSocket => ({ ...socket, link: null, raw: slot(socket) }));
  const marked = inputs.filter((socket) => socket.widget).map((socket) => node.values[socket.name] ?? null);
  return {
    ...node, type, inputs, outputs: node.outputs.map((socket) => ({ ...socket, links: [] })), properties: { ...node.properties, proxyWidgets: [] },
    raw: { ...node.raw, id: Number(node.id), inputs: inputs.map((socket) => socket.raw!), widgets_values: marked },
  };
}

/** Edits that make a subgraph of a group, and each of its nodes one of that. */
export function convertGroup(root: Graph, type: string): Edit[] {
  const group = root.subgraphs.get(type);
  if (!group) throw new Error(`expected a group node ${type} in the workflow, found none`);
  const id = newId();
  const entry = { ...structuredClone(writeSubgraph(group)), id, name: group.name };
  const definitions = copiedSubgraphs(root, [entry]).map((subgraph): Edit => ({ kind: "addDefinition", subgraph }));
  const changes = root.everyGraph().filter((graph) => !graph.isGroup).flatMap((graph) => {
    const nodes = [...graph.nodes.values()].filter((node) => node.type === type);
    const links = [...new Set(nodes.flatMap((node) => graph.linksOf(node.id)))];
    const edits: Edit[] = [
      ...links.map((link): Edit => ({ kind: "removeLink", id: link.id })), ...nodes.map((node): Edit => ({ kind: "removeNode", id: node.id })),
      ...nodes.map((node): Edit => ({ kind: "addNode", node: asSubgraphNode(withAllValues(graph, node), id) })), ...links.map((link): Edit => ({ kind: "addLink", link })),
    ];
    return edits.map((edit): Edit => ({ kind: "inside", definition: graph.id, edit }));
  });
  return [...definitions, ...changes];
}

/** The node with a value for each of its widgets, also where it has the group's own. */
export function withAllValues(graph: Graph, node: GraphNode): GraphNode {
  const copy = structuredClone(node);
  for (const spec of graph.widgets(node)) if (spec.kind !== "control") copy.values[spec.name] = graph.value(node, spec);
  return copy;
}
