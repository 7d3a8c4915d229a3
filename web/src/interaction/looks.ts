/** How does the user order what is on the canvas? Pins, colours, and columns by depth. */

import type { Editor } from "../editor";
import { COLORS, recolored } from "../model/colors";
import type { Document } from "../model/document";
import { isBorder } from "../model/subgraph_type";
import { tidyEdits } from "../model/tidy";
import type { NodeId, Point } from "../model/types";

const NONE = "no colour";

const chosen = (document: Document): NodeId[] => [...document.selection.value].filter((id) => !isBorder(id));

export function togglePinned(editor: Editor): void {
  const document = editor.active.value;
  const ids = document ? chosen(document) : [];
  if (!document || ids.length === 0) return;
  const value = !ids.every((id) => document.graph.node(id).pinned);
  document.edit(value ? "pin" : "unpin", ids.map((id) => ({ kind: "field", id, field: "pinned", value })));
}

function offerColors(editor: Editor, [x, y]: Point, pick: (name: string | null) => void): void {
  editor.ui.choice.value = {
    label: "colour", anchor: new DOMRect(x, y, 180, 0), choices: [NONE, ...Object.keys(COLORS)], value: null,
    pick: (name) => pick(name === NONE ? null : String(name)),
  };
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
