/** What does the pointer machine act on in the real editor? Stage and panels behind one small interface. */

import type { Editor } from "../editor";
import { t } from "../words";
import { dissolveNode } from "../model/operations";
import { offerForForm } from "../forms/shown";
import { setsArea } from "../model/regions";
import { isBorder } from "../model/subgraph_type";
import { insertInto } from "../model/rewire";
import type { Document } from "../model/document";
import type { LinkId, NodeId, Point } from "../model/types";
import { SNAP, SNAP_SIZE } from "../settings/built_in";
import type { Hit } from "../view/canvas/hit_test";
import { menuItems, type MenuTarget } from "../ext/contributions";
import type { MenuItem } from "../panels/ui_state";
import { pasteByCommand } from "./clipboard";
import { joinAt } from "./linking";
import { ARRANGE_IDS, colorGroup, colorNodes, fitGroup, placeOfSelection, renameGroup, ungroup } from "./looks";
import { pictureOf } from "./masks";
import type { Surface } from "./pointer";
import { borderMenu, openHit, promotionMenu, subgraphMenu } from "./subgraphs";

/** What can be done to several nodes only. */
const arrangeMenu = (editor: Editor, ids: readonly NodeId[]): (MenuItem | null)[] =>
  ids.length < 2 ? [] : [null, ...["arrange.tidy", ...ARRANGE_IDS].map((id) => editor.commands.item(id))];

function nodeMenu(editor: Editor, document: Document, at: Point): (MenuItem | null)[] {
  const ids = [...document.selection.value].filter((id) => !isBorder(id));
  const only = ids.length === 1 ? ids[0]! : null;
  const { commands } = editor;
  return [
    ...(only !== null && document.graph.subgraphs.has(document.graph.node(only).type) ? subgraphMenu(editor, document, only) : []),
    ...(only === null ? [] : promotionMenu(editor, document, only, editor.stage.canvasPoint(at))),
    commands.item("run.selected", only !== null ? t("menu.runHere") : t("menu.runSelected")),
    ...(only !== null && pictureOf(document, only) ? [commands.item("node.mask")] : []),
    ...(only !== null && setsArea(document.graph.node(only)) ? [{ label: t("menu.areas"), act: () => (editor.ui.regions.value = { document, first: only }) }] : []),
    commands.item("node.rename"),
    ...(only !== null && document.graph.widgets(document.graph.node(only)).length > 0 ? [{ label: t("formPanel.addToForm"), act: () => offerForForm(document.key(only)) }] : []),
    null,
    { ...commands.item("edit.copy"), keys: "Mod+C" },
    commands.item("edit.duplicate"),
    commands.item("edit.group", t("menu.group")),
    commands.item("subgraph.make", t("menu.makeSubgraph")),
    null,
    commands.item("node.collapse"),
    commands.item("node.pin"),
    { label: t("menu.color"), act: () => colorNodes(editor, document, at) },
    commands.item("node.mute"),
    commands.item("node.bypass"),
    null,
    {
      label: t("menu.swap"), disabled: only === null,
      act: () => (editor.ui.search.value = { screen: at, filter: null, says: t("menu.swapFor"), pick: (type) => only && editor.swapNode(only, type) }),
    },
    { label: t("menu.dissolve"), disabled: only === null, act: () => only && document.edit("dissolve", dissolveNode(document.graph, only)) },
    commands.item("edit.delete", t("common.delete")),
    ...arrangeMenu(editor, ids),
  ];
}

function linkMenu(editor: Editor, document: Document, id: LinkId, at: Point): MenuItem[] {
  const type = document.graph.links.get(id)?.type ?? "*";
  return [
    {
      label: t("menu.putNode"),
      act: () => (editor.ui.search.value = { screen: at, filter: { side: "input", type }, pick: (name) => editor.addNode(name, editor.stage.canvasPoint(at), (node) => insertInto(document.graph, id, node)) }),
    },
    { label: t("menu.putReroute"), act: () => editor.addNode("Reroute", editor.stage.canvasPoint([at[0] - 38 * editor.stage.camera.scale, at[1] - 14 * editor.stage.camera.scale]), (node) => insertInto(document.graph, id, node)) },
    { label: t("menu.removeLink"), act: () => document.edit("disconnect", [{ kind: "removeLink", id }]) },
  ];
}

/** A group that was right-clicked is selected with all that it holds. */
const groupMenu = (editor: Editor, document: Document, id: number, at: Point): (MenuItem | null)[] => [
  { label: t("menu.groupRename"), act: () => renameGroup(editor, id) },
  { label: t("menu.groupColor"), act: () => colorGroup(editor, document, id, at) },
  { label: t("menu.groupFit"), act: () => fitGroup(document, id) },
  null,
  ...["run.selected", "edit.copy", "edit.duplicate", "subgraph.make", "node.collapse", "node.pin", "node.mute", "node.bypass"].map((command) => editor.commands.item(command)),
  null,
  { label: t("menu.ungroup"), act: () => ungroup(document, id) },
  editor.commands.item("edit.delete", t("menu.deleteGroup")),
];

/** What was clicked, in the words of extensions. */
function targetOf(document: Document, hit: Hit, at: Point): MenuTarget | null {
  if ("node" in hit) return isBorder(hit.node) ? null : { place: "node", nodes: [...document.selection.value] };
  if (hit.kind === "link") return { place: "link", link: hit.link };
  return "group" in hit ? { place: "group", group: hit.group } : { place: "canvas", at };
}

function menuFor(editor: Editor, document: Document, hit: Hit, at: Point): (MenuItem | null)[] {
  if ("node" in hit && isBorder(hit.node)) return borderMenu(document, hit.node, hit);
  if ("node" in hit) return nodeMenu(editor, document, at);
  if (hit.kind === "link") return linkMenu(editor, document, hit.link, at);
  const addNode: MenuItem = { ...editor.commands.item("edit.add"), act: () => editor.ui.search.value = { screen: at, filter: null, pick: (type) => editor.addNode(type, editor.stage.canvasPoint(at)) } };
  if ("group" in hit) return [...groupMenu(editor, document, hit.group, at), null, addNode];
  return [
    addNode,
    { ...editor.commands.item("edit.paste"), keys: "Mod+V", act: () => void pasteByCommand(editor, editor.stage.canvasPoint(at)) },
    ...["edit.select_all", "edit.box", "view.all", "workflow.versions", "workflow.download", "workflow.export", "workflow.share", "palette.open"].map((id) => editor.commands.item(id)),
  ];
}

/** The menu of the selected nodes, for who has no right button. */
export function offerMenuOfSelection(editor: Editor): void {
  const document = editor.active.value;
  const at = placeOfSelection(editor);
  if (document && document.selection.value.size > 0) editor.ui.menu.value = { at, items: nodeMenu(editor, document, at) };
}

function withExtensions(items: (MenuItem | null)[], target: MenuTarget | null): (MenuItem | null)[] {
  const added = target ? menuItems.peek()(target) : [];
  return added.length > 0 ? [...items, null, ...added] : items;
}

export function editorSurface(editor: Editor): Surface {
  const { stage, ui } = editor;
  return {
    get document() {
      return editor.active.value;
    },
    get camera() {
      return stage.camera;
    },
    get snap() {
      return editor.settings.of(SNAP).peek() ? editor.settings.of(SNAP_SIZE).peek() : 1;
    },
    get otherSnap() {
      return editor.settings.of(SNAP).peek() ? 1 : editor.settings.of(SNAP_SIZE).peek();
    },
    setCamera: (camera) => stage.setCamera(camera),
    hit: (at, linking, coarse) => stage.hit(at, linking, coarse),
    nodesIn: (area) => stage.scene?.visible(area) ?? [],
    raise: (ids) => stage.raise(ids),
    keep: (id, isKept) => stage.keep(id, isKept),
    showGesture: (gesture) => (stage.gesture.value = gesture),
    showLinking: (linking) => (stage.linking.value = linking),
    offerFitting: (at, linking) => {
      const filter = { side: linking.end.side === "output" ? "input" : "output", type: linking.type } as const;
      ui.search.value = { screen: at, filter, pick: (type) => editor.addNode(type, stage.canvasPoint(at), (node) => joinAt(editor.active.value!, linking, node, stage.canvasPoint(at))) };
    },
    offerMenu: (at, hit) => {
      const document = editor.active.value;
      if (document) ui.menu.value = { at, items: withExtensions(menuFor(editor, document, hit, at), targetOf(document, hit, editor.stage.canvasPoint(at))) };
    },
    renameGroup: (group) => renameGroup(editor, group),
    offerNodes: (at) => (ui.search.value = { screen: at, filter: null, pick: (type) => editor.addNode(type, stage.canvasPoint(at)) }),
    open: (hit) => editor.active.value !== null && openHit(editor, editor.active.value, hit),
    rename: (node) => (ui.renaming.value = node),
  };
}
