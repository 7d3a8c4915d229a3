/** What can the user do with subgraphs? Make, open, unpack, rename, publish; inputs, outputs and shown widgets. */

import type { Editor } from "../editor";
import type { Document } from "../model/document";
import type { Edit } from "../model/edits";
import { naturalSize } from "../model/geometry";
import { createNode } from "../model/graph";
import { convertGroup } from "../model/group_nodes";
import { insertFragment } from "../model/operations";
import { labelPort, movePort, removePort } from "../model/ports";
import { isPromoted, promote, type Promotion } from "../model/promoted";
import { refuseInside } from "../model/subgraph_copy";
import { borderSide, isBorder, portsOf } from "../model/subgraph_type";
import { createSubgraph, makeUnique } from "../model/subgraphs";
import type { GraphNode, NodeId, Point, WidgetSpec } from "../model/types";
import { unpackSubgraph } from "../model/unpack";
import type { MenuItem } from "../panels/ui_state";
import type { Hit } from "../view/canvas/hit_test";
import { t } from "../words";
import { publish } from "./library";

/** Does something that may be refused in words. */
function attempt<T>(editor: Editor, act: () => T): T | null {
  try {
    return act();
  } catch (error) {
    editor.ui.tell(error instanceof Error ? error.message : String(error), "error");
    return null;
  }
}

/**
 * Adds a node of a subgraph of the workflow or of the library, in a step that is left open. Null where that was refused,
 * undefined where `type` is neither.
 */
export function addSubgraph(editor: Editor, document: Document, type: string, at: Point): GraphNode | null | undefined {
  const { graph } = document;
  const blueprint = editor.blueprints.peek().get(type);
  if (!blueprint && !graph.subgraphs.has(type)) return undefined;
  return attempt(editor, () => {
    if (blueprint) {
      const { edits, ids } = insertFragment(graph, blueprint.fragment, [Math.round(at[0]), Math.round(at[1])]);
      document.edit("add node", edits, "add");
      return graph.node(ids[0]!);
    }
    refuseInside(graph, type);
    const node = createNode(graph, type, [Math.round(at[0]), Math.round(at[1])]);
    node.size = naturalSize(graph, node, false);
    document.edit("add node", [{ kind: "addNode", node }], "add");
    return node;
  });
}

export function makeSubgraph(editor: Editor): void {
  const document = editor.active.value;
  if (!document) return;
  attempt(editor, () => {
    const names = new Set([...document.root.subgraphs.values()].map((subgraph) => subgraph.name));
    let number = 1;
    while (names.has(number === 1 ? "Subgraph" : `Subgraph ${number}`)) number += 1;
    const made = createSubgraph(document.graph, document.selection.value, number === 1 ? "Subgraph" : `Subgraph ${number}`, (id) => document.bounds(id));
    document.edit("make a subgraph", made.edits);
    document.select([made.id]);
    editor.stage.raise([made.id]);
  });
}

function convert(document: Document, id: NodeId): void {
  const { type } = document.graph.node(id);
  document.edit("convert", convertGroup(document.root, type));
  document.select([id]);
}

/** Shows the inside of a subgraph's node; a group node of an old file has to become a subgraph for that. */
export function enterNode(editor: Editor, document: Document, id: NodeId): void {
  if (!document.graph.subgraphs.get(document.graph.node(id).type)?.isGroup) return document.enter(id);
  const action = { label: t("subgraph.convertIt"), act: () => { convert(document, id); document.enter(id); } };
  editor.ui.tell(t("subgraph.oldGroupNode"), "info", undefined, action);
}

/** Opens the one selected subgraph. */
export function enterSelected(editor: Editor): void {
  const document = editor.active.value;
  const [id] = document?.selection.value ?? [];
  if (document && id !== undefined && document.selection.value.size === 1) enterNode(editor, document, id);
}

export function unpackNode(editor: Editor, document: Document, id: NodeId): void {
  const unpacked = unpackSubgraph(document.graph, id);
  document.edit("unpack", unpacked.edits);
  document.select(unpacked.ids);
  editor.stage.raise(unpacked.ids);
}

export function renameSubgraph(document: Document, type: string): void {
  const before = document.root.subgraphs.get(type)?.name ?? "";
  const name = prompt(t("subgraph.name"), before)?.trim();
  if (name && name !== before) document.edit("rename", [{ kind: "definitionName", id: type, name }]);
}

/** What can be done with a node that stands for a subgraph. */
export function subgraphMenu(editor: Editor, document: Document, id: NodeId): (MenuItem | null)[] {
  const { graph } = document;
  const { type } = graph.node(id);
  if (graph.subgraphs.get(type)?.isGroup)
    return [{ label: t("subgraph.convert"), act: () => convert(document, id) }, { label: t("subgraph.unpackGroup"), act: () => unpackNode(editor, document, id) }, null];
  const isShared = graph.everyGraph().flatMap((place) => [...place.nodes.values()]).filter((node) => node.type === type).length > 1;
  return [
    { label: t("subgraph.open"), keys: "Enter", act: () => document.enter(id) },
    { label: t("subgraph.renameIt"), act: () => renameSubgraph(document, type) },
    { label: t("subgraph.widgetsInside"), act: () => chooseWidgets(editor, document, type) },
    { label: t("subgraph.unpack"), act: () => unpackNode(editor, document, id) },
    { label: t("subgraph.makeUnique"), disabled: !isShared, act: () => document.edit("make unique", makeUnique(graph, id)) },
    { label: t("subgraph.publish"), act: () => void publish(editor, graph, id) },
    null,
  ];
}

const shownName = (spec: WidgetSpec): string => spec.label.replaceAll("_", " ");

/** Shows or hides a widget on the nodes of a subgraph; the control of a seed goes with it. */
function togglePromotion(document: Document, type: string, node: GraphNode, spec: WidgetSpec): void {
  const subgraph = document.root.subgraphs.get(type)!;
  const promotion: Promotion = [node.id, spec.name];
  const isShown = isPromoted(document.root, type, promotion);
  const control = subgraph.widgets(node).find((other) => other.controls === spec.name);
  const edits = promote(document.root, type, promotion, !isShown);
  document.edit(isShown ? "hide a widget" : "show a widget", edits, "promote");
  if (control) document.edit("show a widget", promote(document.root, type, [node.id, control.name], !isShown), "promote");
  document.endGesture();
}

/** Offers every widget inside a subgraph; what is chosen appears on its nodes, or goes. */
function chooseWidgets(editor: Editor, document: Document, type: string, only?: NodeId): void {
  const subgraph = document.root.subgraphs.get(type)!;
  const entries = [...subgraph.nodes.values()].filter((node) => !isBorder(node.id) && (only === undefined || node.id === only)).flatMap((node) =>
    subgraph.widgets(node).filter((spec) => spec.kind !== "control").map((spec) => {
      const mark = isPromoted(document.root, type, [node.id, spec.name]) ? "✓ " : "";
      return { node, spec, label: `${mark}${subgraph.title(node)}: ${shownName(spec)}` };
    }));
  const [x, y] = [editor.stage.width / 2 - 140, editor.stage.height / 4];
  editor.ui.choice.value = {
    label: t("subgraph.widgetToShow"), anchor: new DOMRect(x, y, 300, 0), choices: entries.map((entry) => entry.label), value: null,
    pick: (label) => {
      const entry = entries.find((other) => other.label === label);
      if (entry) togglePromotion(document, type, entry.node, entry.spec);
    },
  };
}

function widgetUnder(document: Document, id: NodeId, [, y]: Point): WidgetSpec | undefined {
  const top = y - document.graph.node(id).pos[1];
  return document.layout(id).widgets.find((place) => top >= place.y && top < place.y + place.height)?.spec;
}

/** What the widget under the pointer is to the subgraphs here: shown further out, or hidden where it is shown. */
export function promotionMenu(editor: Editor, document: Document, id: NodeId, at: Point): (MenuItem | null)[] {
  const { graph } = document;
  const node = graph.node(id);
  const under = widgetUnder(document, id, at);
  const items: MenuItem[] = [];
  if (graph.id !== null && under && under.kind !== "control") {
    const isShown = isPromoted(graph.root, graph.id, [id, under.name]);
    items.push({ label: t(isShown ? "subgraph.hideOn" : "subgraph.showOn", { widget: shownName(under) }), act: () => togglePromotion(document, graph.id!, node, under) });
  }
  if (graph.id !== null && graph.widgets(node).length > 0)
    items.push({ label: t("subgraph.showWidgets"), act: () => chooseWidgets(editor, document, graph.id!, id) });
  const inner = under?.promoted && graph.subgraphs.get(node.type)?.nodes.get(under.promoted.node);
  const spec = inner && graph.subgraphs.get(node.type)!.widgets(inner).find((other) => other.name === under.promoted!.widget);
  if (inner && spec) items.push({ label: t("subgraph.hideHere", { widget: shownName(spec) }), act: () => togglePromotion(document, node.type, inner, spec) });
  return items.length > 0 ? [...items, null] : [];
}

/** The index of the input or output that a socket of the border is; null for the empty socket and for everything else. */
function portIndex(document: Document, hit: Hit): number | null {
  if (!("node" in hit) || !isBorder(hit.node)) return null;
  const index = hit.kind === "output" ? hit.slot : hit.kind === "input" ? Number(hit.input) : -1;
  return portsOf(document.graph, borderSide(hit.node))[index] ? index : null;
}

function renamePort(document: Document, id: NodeId, index: number): void {
  const side = borderSide(id);
  const port = portsOf(document.graph, side)[index]!;
  const label = prompt(t(`subgraph.nameOf${side}`), port.label ?? port.name);
  if (label !== null) document.edit("rename", labelPort(document.graph, side, index, label === port.name ? "" : label));
}

/** The menu of a subgraph's border. */
export function borderMenu(document: Document, id: NodeId, hit: Hit): MenuItem[] {
  const { graph } = document;
  const side = borderSide(id);
  const index = portIndex(document, hit);
  const change = (label: string, edits: () => Edit[]): void => document.edit(label, edits());
  const last = portsOf(graph, side).length - 1;
  const leave: MenuItem = { label: t("subgraph.leaveIt"), keys: "Escape", act: () => void document.leave() };
  if (index === null) return [leave];
  return [
    { label: t(`subgraph.rename${side}`), act: () => renamePort(document, id, index) },
    { label: t("subgraph.moveUp"), disabled: index === 0, act: () => change("move", () => movePort(graph, side, index, -1)) },
    { label: t("subgraph.moveDown"), disabled: index === last, act: () => change("move", () => movePort(graph, side, index, 1)) },
    { label: t(`subgraph.remove${side}`), act: () => change("remove", () => removePort(graph, side, index)) },
    leave,
  ];
}

/** A double click: opens a subgraph, or names an input or output at the border. */
export function openHit(editor: Editor, document: Document, hit: Hit): boolean {
  if (!("node" in hit)) return false;
  const index = portIndex(document, hit);
  if (index !== null) renamePort(document, hit.node, index);
  if (isBorder(hit.node)) return true;
  if (!document.graph.subgraphs.has(document.graph.node(hit.node).type)) return false;
  enterNode(editor, document, hit.node);
  return true;
}
