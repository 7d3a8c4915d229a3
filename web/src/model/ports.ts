/** Which edits change the inputs and outputs of a subgraph? Inside at its border, and outside at every node that stands for it. */

import type { Edit } from "./edits";
import type { Graph } from "./graph";
import { newId } from "./ids";
import { borderId, inputPort, isBorder, outputPort, portsOf, SUBGRAPH_INPUT, SUBGRAPH_OUTPUT, type Port, type Side } from "./subgraph_type";
import type { GraphNode, InputSocket, Link, OutputSocket } from "./types";

/** The name of the empty socket of the output border; a link that is dropped there makes an output. */
export const NEW_PORT = "+";

/** A port and the place that it had before; null for a new one. */
interface PlacedPort extends Port {
  readonly was: number | null;
  /** A new input that leads to a widget: each node of the subgraph has a value of its own for it. */
  readonly isWidget?: boolean;
}

/** Where the link of an old place goes; -1 where its port is gone. */
const fateOf = (ports: readonly PlacedPort[], was: number): number => ports.findIndex((port) => port.was === was);

/** Takes links off their ports, changes the ports, and links again what is still there. */
function relink(links: readonly Link[], placeOf: (link: Link) => number, ports: readonly PlacedPort[], change: Edit[], at: (link: Link, index: number) => Link): Edit[] {
  const moved = links.filter((link) => fateOf(ports, placeOf(link)) !== placeOf(link));
  const kept = moved.filter((link) => fateOf(ports, placeOf(link)) >= 0);
  return [
    ...moved.map((link): Edit => ({ kind: "removeLink", id: link.id })), ...change,
    ...kept.map((link): Edit => ({ kind: "addLink", link: at(link, fateOf(ports, placeOf(link))) })),
  ];
}

const linksOfOutput = (graph: Graph, socket: OutputSocket): Link[] => socket.links.map((id) => graph.links.get(id)).filter((link) => link !== undefined);

function insideEdits(subgraph: Graph, side: Side, ports: readonly PlacedPort[]): Edit[] {
  const border = subgraph.node(borderId(side));
  if (side === "input") {
    const value = ports.map((port, index): OutputSocket => ({ ...outputPort(port), links: port.was === index ? border.outputs[index]!.links : [] }));
    const change: Edit = { kind: "field", id: border.id, field: "outputs", value };
    return relink(border.outputs.flatMap((socket) => linksOfOutput(subgraph, socket)), (link) => link.fromSlot, ports, [change], (link, index) => ({ ...link, fromSlot: index }));
  }
  const value = ports.map((port, index): InputSocket => ({ ...inputPort(port, index), link: port.was === index ? border.inputs[index]!.link : null }));
  const change: Edit = { kind: "field", id: border.id, field: "inputs", value };
  const links = border.inputs.map((socket) => subgraph.linkInto(border.id, socket.name)).filter((link) => link !== undefined);
  return relink(links, (link) => Number(link.toInput), ports, [change], (link, index) => ({ ...link, toInput: String(index) }));
}

/** A slot as the file had it, under the label that it has now. */
function relabelled<T extends InputSocket | OutputSocket>(socket: T, port: Port): T {
  if (socket.label === port.label) return socket;
  return { ...socket, label: port.label, raw: socket.raw && { ...socket.raw, label: port.label ?? port.name } };
}

/** A node of a file writes its slots in the file's order, so a change of the slots is a change of that order as well. */
function orderInFile(node: GraphNode, field: "inputs" | "outputs", sockets: readonly (InputSocket | OutputSocket)[]): Edit[] {
  if (!("id" in node.raw)) return [];
  return [{ kind: "field", id: node.id, field: "raw", value: { ...node.raw, [field]: sockets.map((socket) => socket.raw!) } }];
}

const freshRaw = (node: GraphNode, port: Port, isWidget = false): InputSocket["raw"] =>
  "id" in node.raw ? { ...(port.label === undefined ? {} : { label: port.label }), name: port.name, type: port.type, ...(isWidget ? { widget: { name: port.name } } : {}) } : undefined;

function inputEdits(graph: Graph, node: GraphNode, before: readonly Port[], ports: readonly PlacedPort[]): Edit[] {
  const oldOf = (port: PlacedPort): InputSocket | undefined => (port.was === null ? undefined : node.inputs.find((socket) => socket.name === before[port.was!]?.name));
  const gone = before.filter((_, index) => fateOf(ports, index) < 0).map((port) => port.name);
  const links = gone.map((name) => graph.linkInto(node.id, name)).filter((link) => link !== undefined);
  const value = ports.map((port): InputSocket => {
    const old = oldOf(port);
    return old ? relabelled(old, port) : { name: port.name, type: port.type, link: null, widget: port.isWidget === true, optional: true, label: port.label, raw: freshRaw(node, port, port.isWidget) };
  });
  const extra = node.inputs.filter((socket) => !before.some((port) => port.name === socket.name));
  return [
    ...links.map((link): Edit => ({ kind: "removeLink", id: link.id })),
    { kind: "field", id: node.id, field: "inputs", value: [...value, ...extra] }, ...orderInFile(node, "inputs", [...value, ...extra].filter((socket) => socket.raw)),
  ];
}

function outputEdits(graph: Graph, node: GraphNode, ports: readonly PlacedPort[]): Edit[] {
  const value = ports.map((port, index): OutputSocket => {
    const old = port.was === null ? undefined : node.outputs[port.was];
    if (!old) return { name: port.name, type: port.type, links: [], label: port.label, raw: freshRaw(node, port) };
    const kept = relabelled(old, port);
    if (port.was === index) return kept;
    return { ...kept, links: [], raw: kept.raw && ("slot_index" in kept.raw ? { ...kept.raw, slot_index: index } : kept.raw) };
  });
  const change: Edit[] = [{ kind: "field", id: node.id, field: "outputs", value }, ...orderInFile(node, "outputs", value)];
  return relink(node.outputs.flatMap((socket) => linksOfOutput(graph, socket)), (link) => link.fromSlot, ports, change, (link, index) => ({ ...link, fromSlot: index }));
}

/** Every node that stands for a subgraph, with the graph it is in. */
export const instancesOf = (root: Graph, subgraph: string): { graph: Graph; node: GraphNode }[] =>
  root.everyGraph().flatMap((graph) => [...graph.nodes.values()].filter((node) => node.type === subgraph).map((node) => ({ graph, node })));

/** Edits of the whole workflow that give a subgraph these inputs or outputs. */
function setPorts(subgraph: Graph, side: Side, ports: readonly PlacedPort[]): Edit[] {
  const before = portsOf(subgraph, side);
  const told = (graph: Graph, edits: Edit[]): Edit[] => edits.map((edit) => ({ kind: "inside", definition: graph.id, edit }));
  const outside = instancesOf(subgraph.root, subgraph.id!).flatMap(({ graph, node }) =>
    told(graph, side === "input" ? inputEdits(graph, node, before, ports) : outputEdits(graph, node, ports)));
  return [...told(subgraph, insideEdits(subgraph, side, ports)), ...outside];
}

const placed = (subgraph: Graph, side: Side): PlacedPort[] => portsOf(subgraph, side).map((port, was) => ({ ...port, was }));

/** `name`, or the first of `name_1`, `name_2` … that is not taken. */
export function freeName(name: string, taken: readonly string[]): string {
  if (!taken.includes(name)) return name;
  let number = 1;
  while (taken.includes(`${name}_${number}`)) number += 1;
  return `${name}_${number}`;
}

export const newPort = (name: string, type: string): Port => ({ name, type, raw: { id: newId(), name, type, linkIds: [] } });

export function addPort(subgraph: Graph, side: Side, name: string, type: string, isWidget = false): Edit[] {
  const ports = placed(subgraph, side);
  return setPorts(subgraph, side, [...ports, { ...newPort(freeName(name, ports.map((port) => port.name)), type), was: null, isWidget }]);
}

export const removePort = (subgraph: Graph, side: Side, index: number): Edit[] => setPorts(subgraph, side, placed(subgraph, side).filter((port) => port.was !== index));

/** An empty text takes the label off. The name stays, by which links and other programs find the port. */
export function labelPort(subgraph: Graph, side: Side, index: number, text: string): Edit[] {
  const label = text.trim();
  return setPorts(subgraph, side, placed(subgraph, side).map((port) => {
    if (port.was !== index) return port;
    const raw = { ...port.raw, label };
    if (label === "") Reflect.deleteProperty(raw, "label");
    return { ...port, label: label || undefined, raw };
  }));
}

/** Exchanges a port with the one `by` places after it; nothing at the ends. */
export function movePort(subgraph: Graph, side: Side, index: number, by: number): Edit[] {
  const ports = placed(subgraph, side);
  const port = ports[index];
  const other = ports[index + by];
  if (!port || !other) return [];
  ports[index] = other;
  ports[index + by] = port;
  return setPorts(subgraph, side, ports);
}

/** The end of a link that is a border's empty socket, where a new port would be made; null where neither end is. */
export function newPortSide(graph: Graph, output: { node: string; slot: number }, input: { node: string; input: string }): Side | null {
  if (output.node === SUBGRAPH_INPUT && output.slot === graph.node(SUBGRAPH_INPUT).outputs.length) return isBorder(input.node) ? null : "input";
  return input.node === SUBGRAPH_OUTPUT && input.input === NEW_PORT && !isBorder(output.node) ? "output" : null;
}
