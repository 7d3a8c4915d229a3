/** How does the user order what is on the canvas? Pins, colours, and columns by depth. */

import type { Editor } from "../editor";
import { arrange, type Arrangement } from "../model/arrange";
import { COLORS, recolored } from "../model/colors";
import type { Document } from "../model/document";
import { isBorder } from "../model/subgraph_type";
import { contains, union } from "../model/geometry";
import { frameRound, heldBy, middleOf } from "../model/groups";
import { tidyEdits } from "../model/tidy";
import type { Group, NodeId, Point, Rect } from "../model/types";
import { SNAP_SIZE } from "../settings/built_in";
import { toScreen } from "../view/canvas/camera";
import { named, t } from "../words";
import { movedBy, movingOf } from "./moving";

const chosen = (document: Document): NodeId[] => [...document.selection.value].filter((id) => !isBorder(id));

export function togglePinned(editor: Editor): void {
  const document = editor.active.value;
  const ids = document ? chosen(document) : [];
  if (!document || ids.length === 0) return;
  const value = !ids.every((id) => document.graph.node(id).pinned);
  document.edit(value ? "pin" : "unpin", ids.map((id) => ({ kind: "field", id, field: "pinned", value })));
}

function offerColors(editor: Editor, [x, y]: Point, pick: (name: string | null) => void): void {
  const names = [null, ...Object.keys(COLORS)];
  const choices = names.map((name) => (name === null ? t("node.noColor") : named("colors", name)));
  editor.ui.choice.value = { label: t("node.color"), anchor: new DOMRect(x, y, 180, 0), choices, value: null, pick: (label) => pick(names[choices.indexOf(String(label))] ?? null) };
}

/** Colours the selected nodes with what is picked from a list at `at`. */
export function colorNodes(editor: Editor, document: Document, at: Point): void {
  offerColors(editor, at, (name) =>
    document.edit("colour", chosen(document).map((id) => ({ kind: "field", id, field: "raw", value: recolored(document.graph.node(id).raw, name) }))));
}

export function colorGroup(editor: Editor, document: Document, id: number, at: Point): void {
  offerColors(editor, at, (name) => document.edit("colour", [{ kind: "groupColor", id, color: name === null ? null : COLORS[name]!.group }]));
}

/** Lays the selected nodes out in columns, from where the topmost leftmost of them is. */
export function tidySelection(editor: Editor): void {
  const document = editor.active.value;
  const ids = document ? chosen(document).filter((id) => !document.graph.node(id).pinned) : [];
  if (document && ids.length > 1) document.edit("tidy up", tidyEdits(document.graph, new Set(ids), (node) => document.hasMedia(node)));
}

export const ARRANGEMENTS: readonly Arrangement[] = [
  "left", "right", "top", "bottom", "across", "down",
];
/** The commands that line up, as menus list them. */
export const ARRANGE_IDS = ARRANGEMENTS.map((how) => `arrange.${how}`);

/** Lines the selected nodes up, or spaces them out evenly. */
export function alignSelection(editor: Editor, how: Arrangement): void {
  const document = editor.active.value;
  const ids = document ? chosen(document) : [];
  if (document && ids.length > 1) document.edit("align", arrange(document.graph, ids.map((id) => ({ id, bounds: document.bounds(id) })), how));
}

/** The one selected group, else the innermost that all selected nodes lie in; null where there is none. */
export function groupOfSelection({ active }: Editor): Group | null {
  const document = active.value;
  if (document?.selectedGroups.value.size === 1) return document.graph.groups.get([...document.selectedGroups.value][0]!) ?? null;
  const area = document && union(chosen(document).map((id) => document.bounds(id)));
  if (!area) return null;
  const around = [...document.graph.groups.values()].filter(({ bounds }) => contains(bounds, middleOf(area)));
  return around.sort((a, b) => a.bounds.width * a.bounds.height - b.bounds.width * b.bounds.height)[0] ?? null;
}

export const renameGroup = (editor: Editor, id: number): void => void (editor.ui.renamingGroup.value = id);

/** Makes a group as large as the nodes and groups in it need. */
export function fitGroup(document: Document, id: number): void {
  const { nodes, groups } = heldBy(document.graph, [id], (node) => document.bounds(node));
  const area = union([...nodes.map((node) => document.bounds(node)), ...groups.filter((group) => group !== id).map((group) => document.graph.groups.get(group)!.bounds)]);
  if (area) document.edit("resize", [{ kind: "groupBounds", id, bounds: frameRound(area) }]);
}

/** Removes a group; its nodes stay. */
export const ungroup = (document: Document, id: number): void => document.edit("ungroup", [{ kind: "removeGroup", id }]);

/** Selects the nodes of a group that is chosen from a list. */
export function offerGroups(editor: Editor): void {
  const document = editor.active.value;
  if (!document) return;
  const groups = [...document.graph.groups.values()];
  const label = (group: Group): string => `${group.title} (${group.id})`;
  editor.ui.choice.value = {
    label: t("node.groupToFind"), anchor: new DOMRect(editor.stage.width / 2 - 130, editor.stage.height / 4, 260, 0), choices: groups.map(label), value: null,
    pick: (picked) => {
      const found = groups.find((group) => label(group) === picked);
      if (!found) return;
      document.selectGroup(found.id);
      editor.stage.fitArea(found.bounds);
    },
  };
}

/** Moves the selected nodes and groups by steps of the grid. */
export function nudgeSelection(editor: Editor, dx: number, dy: number): void {
  const document = editor.active.value;
  if (!document) return;
  const step = editor.settings.of(SNAP_SIZE).peek();
  document.edit("move", movedBy(movingOf(document, true), dx * step, dy * step), "nudge");
}

/** Round all that is selected. */
export const areaOfSelection = (document: Document): Rect | null =>
  union([...chosen(document).map((id) => document.bounds(id)), ...[...document.selectedGroups.value].flatMap((id) => document.graph.groups.get(id)?.bounds ?? [])]);

/** Where on the screen something about the selected nodes may open: at their top left corner, or what of it is in view. */
export function placeOfSelection({ active, stage }: Editor): Point {
  const document = active.value;
  const area = document && areaOfSelection(document);
  const [x, y] = area ? toScreen(stage.camera, [area.x + 24, area.y + 24]) : [stage.width / 2, stage.height / 3];
  return [Math.max(8, Math.min(x, stage.width - 200)), Math.max(60, Math.min(y, stage.height - 120))];
}
