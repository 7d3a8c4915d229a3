/** Which picture of a node is masked, and where does the masked one go? */

import { annotatedRef, uploadMask } from "../api/http";
import type { Editor } from "../editor";
import type { Document } from "../model/document";
import { valueEdit } from "../model/promoted";
import type { FileRef } from "../model/run_state";
import type { GraphNode, NodeId, WidgetSpec } from "../model/types";

/** Where the ecosystem's editors keep such pictures, below the input folder. */
const FOLDER = "clipspace";
const GAP = 40;

/** Stores a picture with the alpha of `png`; gives the name by which a node takes it. */
export async function storeMask(png: Blob, picture: FileRef): Promise<string> {
  const stored = await uploadMask(png, `${FOLDER}-mask-${Date.now()}.png`, FOLDER, picture);
  return `${stored.subfolder}/${stored.filename} [${stored.type}]`;
}

export interface MaskRequest {
  readonly document: Document;
  readonly node: NodeId;
  readonly ref: FileRef;
}

const imageWidget = (document: Document, node: GraphNode): WidgetSpec | undefined => document.graph.widgets(node).find((spec) => spec.kind === "image");

/** The picture that a node takes, else the first that it shows. */
export function pictureOf(document: Document, id: NodeId): FileRef | null {
  const node = document.graph.nodes.get(id);
  const spec = node && imageWidget(document, node);
  const value = spec && document.graph.value(node, spec);
  if (spec && typeof value === "string" && value !== "") return annotatedRef(value, spec.folder ?? "input");
  return document.run(document.key(id)).peek().images[0] ?? null;
}

export function editMask(editor: Editor, document: Document, id: NodeId): void {
  const ref = pictureOf(document, id);
  if (ref) editor.ui.mask.value = { document, node: id, ref };
}

export function editSelectedMask(editor: Editor): void {
  const document = editor.active.value;
  const id = [...(document?.selection.value ?? [])].find((id) => pictureOf(document!, id));
  if (document && id) editMask(editor, document, id);
}

/** Stores the picture with the alpha of `png`; the node takes it, or, where it takes none, a new Load Image beside it. */
export async function saveMask(editor: Editor, { document, node: id, ref }: MaskRequest, png: Blob): Promise<void> {
  const value = await storeMask(png, ref);
  editor.uploads.value = [...new Set([value, ...editor.uploads.value])];
  const node = document.graph.nodes.get(id);
  const spec = node && imageWidget(document, node);
  if (node && spec) return document.edit("mask", [valueEdit(document.graph, node, spec, value)]);
  const beside = node ? document.bounds(id) : { x: 0, y: 0, width: 0, height: 0 };
  editor.addNode("LoadImage", [beside.x + beside.width + GAP, node?.pos[1] ?? beside.y], (made) => [{ kind: "value", id: made.id, name: "image", value }]);
}
