/** How does a graph change? By edits: data that, when applied, return the edit that takes them back. */

import type { Graph } from "./graph";
import type { Group, GraphNode, InputSocket, Json, JsonObject, Link, LinkId, NodeId, OutputSocket, Point, Rect } from "./types";

/** A node's fields that are set as one value. */
export interface NodeFields {
  title: string | null;
  pos: Point;
  size: Point;
  mode: number;
  collapsed: boolean;
  pinned: boolean;
  inputs: InputSocket[];
  outputs: OutputSocket[];
  properties: JsonObject;
  raw: JsonObject;
}
type FieldEdit = { [K in keyof NodeFields]: { kind: "field"; id: NodeId; field: K; value: NodeFields[K] } }[keyof NodeFields];

export type Edit =
  | FieldEdit
  | { kind: "addNode"; node: GraphNode }
  | { kind: "removeNode"; id: NodeId }
  | { kind: "addLink"; link: Link; at?: number }
  | { kind: "removeLink"; id: LinkId }
  | { kind: "value"; id: NodeId; name: string; value: Json | undefined }
  | { kind: "addGroup"; group: Group; at?: number }
  | { kind: "removeGroup"; id: number }
  | { kind: "groupBounds"; id: number; bounds: Rect }
  | { kind: "groupTitle"; id: number; title: string }
  | { kind: "groupColor"; id: number; color: string | null }
  | { kind: "addDefinition"; subgraph: Graph }
  | { kind: "removeDefinition"; id: string }
  | { kind: "definitionName"; id: string; name: string }
  /** The file's `extra` as a whole, so that taking it back restores the order of its fields. */
  | { kind: "extra"; value: Json | undefined }
  /** An edit of another graph of the workflow: of a subgraph's definition, or of the workflow itself (null). */
  | { kind: "inside"; definition: string | null; edit: Edit };

/** The changed nodes per graph, by the id of its definition. */
export type Touched = Map<string | null, Set<NodeId>>;

/** The thing an edit sets, or null where two edits can't stand for one. Used to coalesce a gesture. */
export function editTarget(edit: Edit): string | null {
  switch (edit.kind) {
    case "field":
      return `field ${edit.id} ${edit.field}`;
    case "value":
      return `value ${edit.id} ${edit.name}`;
    case "groupBounds":
    case "groupTitle":
    case "groupColor":
    case "definitionName":
      return `${edit.kind} ${edit.id}`;
    case "extra":
      return "extra";
    case "inside": {
      const target = editTarget(edit.edit);
      return target === null ? null : `inside ${edit.definition ?? ""} ${target}`;
    }
    default:
      return null;
  }
}

function setField(node: GraphNode, edit: FieldEdit): Edit {
  const inverse = { kind: "field", id: edit.id, field: edit.field, value: node[edit.field] } as FieldEdit;
  Object.assign(node, { [edit.field]: edit.value });
  return inverse;
}

function setValue(node: GraphNode, name: string, value: Json | undefined): Edit {
  const inverse: Edit = { kind: "value", id: node.id, name, value: node.values[name] };
  if (value === undefined) Reflect.deleteProperty(node.values, name);
  else node.values[name] = value;
  return inverse;
}

function addLink(graph: Graph, link: Link, at?: number): Edit {
  const output = graph.node(link.from).outputs[link.fromSlot];
  const input = graph.input(link.to, link.toInput);
  if (!output || !input) throw new Error(`expected sockets for link ${link.id} on nodes ${link.from} and ${link.to}, found none`);
  if (input.link !== null) throw new Error(`expected input ${link.toInput} of node ${link.to} to be free, found link ${input.link}`);
  output.links.splice(at ?? output.links.length, 0, link.id);
  input.link = link.id;
  graph.links.set(link.id, link);
  return { kind: "removeLink", id: link.id };
}

function removeLink(graph: Graph, id: LinkId): Edit {
  const link = graph.links.get(id);
  if (!link) throw new Error(`expected a link ${id} in the graph, found none`);
  const links = graph.nodes.get(link.from)?.outputs[link.fromSlot]?.links ?? [];
  const at = links.indexOf(id);
  if (at >= 0) links.splice(at, 1);
  const input = graph.input(link.to, link.toInput);
  if (input) input.link = null;
  graph.links.delete(id);
  return { kind: "addLink", link, at: Math.max(0, at) };
}

function removeNode(graph: Graph, id: NodeId): Edit {
  const node = graph.node(id);
  if (graph.linksOf(id).length > 0) throw new Error(`expected node ${id} to be unlinked before it is removed`);
  graph.nodes.delete(id);
  return { kind: "addNode", node };
}

/** Among the others, or last: what a file lists later lies on top. */
function addGroup(graph: Graph, group: Group, at = graph.groups.size): Edit {
  const above = [...graph.groups].slice(at);
  for (const [id] of above) graph.groups.delete(id);
  for (const [id, each] of [[group.id, group] as const, ...above]) graph.groups.set(id, each);
  return { kind: "removeGroup", id: group.id };
}

function editGroup(graph: Graph, id: number, change: (group: Group) => Edit): Edit {
  const group = graph.groups.get(id);
  if (!group) throw new Error(`expected a group ${id} in the graph, found none`);
  return change(group);
}

/** The graph of a definition in the same workflow. */
export function graphOf(graph: Graph, definition: string | null): Graph {
  const found = definition === null ? graph.root : graph.subgraphs.get(definition);
  if (!found) throw new Error(`expected a subgraph ${definition} in the workflow, found none`);
  return found;
}

function removeDefinition(graph: Graph, id: string): Edit {
  const subgraph = graphOf(graph, id);
  graph.subgraphs.delete(id);
  return { kind: "addDefinition", subgraph };
}

function nameDefinition(graph: Graph, id: string, name: string): Edit {
  const subgraph = graphOf(graph, id);
  const inverse: Edit = { kind: "definitionName", id, name: subgraph.name };
  subgraph.name = name;
  return inverse;
}

function setExtra(root: Graph, value: Json | undefined): Edit {
  const { extra, ...others } = root.raw;
  // a field that was there keeps its place
  root.raw = value === undefined ? others : { ...root.raw, extra: value };
  return { kind: "extra", value: extra };
}

/** Applies one edit to the graph and returns its inverse. Raises when the graph does not hold what the edit names. */
export function applyEdit(graph: Graph, edit: Edit): Edit {
  switch (edit.kind) {
    case "field":
      return setField(graph.node(edit.id), edit);
    case "value":
      return setValue(graph.node(edit.id), edit.name, edit.value);
    case "addNode":
      graph.nodes.set(edit.node.id, edit.node);
      return { kind: "removeNode", id: edit.node.id };
    case "removeNode":
      return removeNode(graph, edit.id);
    case "addLink":
      return addLink(graph, edit.link, edit.at);
    case "removeLink":
      return removeLink(graph, edit.id);
    case "addGroup":
      return addGroup(graph, edit.group, edit.at);
    case "removeGroup":
      return editGroup(graph, edit.id, (group) => {
        const at = [...graph.groups.keys()].indexOf(edit.id);
        graph.groups.delete(edit.id);
        return { kind: "addGroup", group, at };
      });
    case "groupBounds":
      return editGroup(graph, edit.id, (group) => {
        const inverse: Edit = { kind: "groupBounds", id: edit.id, bounds: group.bounds };
        group.bounds = edit.bounds;
        return inverse;
      });
    case "groupTitle":
      return editGroup(graph, edit.id, (group) => {
        const inverse: Edit = { kind: "groupTitle", id: edit.id, title: group.title };
        group.title = edit.title;
        return inverse;
      });
    case "groupColor":
      return editGroup(graph, edit.id, (group) => {
        const inverse: Edit = { kind: "groupColor", id: edit.id, color: group.color };
        group.color = edit.color;
        return inverse;
      });
    case "addDefinition":
      graph.subgraphs.set(edit.subgraph.id!, edit.subgraph);
      return { kind: "removeDefinition", id: edit.subgraph.id! };
    case "removeDefinition":
      return removeDefinition(graph, edit.id);
    case "definitionName":
      return nameDefinition(graph, edit.id, edit.name);
    case "extra":
      return setExtra(graph.root, edit.value);
    case "inside":
      return { ...edit, edit: applyEdit(graphOf(graph, edit.definition), edit.edit) };
  }
}

/** Adds the nodes whose picture an edit changes. Call it before the edit is applied. */
export function touch(graph: Graph, edit: Edit, touched: Touched): void {
  if (edit.kind === "inside") return touch(graphOf(graph, edit.definition), edit.edit, touched);
  const place = edit.kind === "definitionName" ? edit.id : graph.id;
  let nodes = touched.get(place);
  if (!nodes) touched.set(place, (nodes = new Set()));
  for (const id of touchedNodes(graph, edit)) nodes.add(id);
}

function touchedNodes(graph: Graph, edit: Edit): NodeId[] {
  switch (edit.kind) {
    case "field":
    case "value":
    case "removeNode":
      return [edit.id];
    case "addNode":
      return [edit.node.id];
    case "addLink":
      return [edit.link.from, edit.link.to];
    case "removeLink": {
      const link = graph.links.get(edit.id);
      return link ? [link.from, link.to] : [];
    }
    default:
      return [];
  }
}
