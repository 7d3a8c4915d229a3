/** How do files come in and go out? Opened, dropped, pasted; saved on the server or downloaded. */

import { toJson } from "../model/exact_json";
import type { Editor } from "../editor";
import type { Document } from "../model/document";
import { buildPrompt } from "../model/prompt";
import { valueEdit } from "../model/promoted";
import type { GraphNode, Point } from "../model/types";
import { readFile } from "../opening";
import { t } from "../words";

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export function download(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export const fileText = (active: Document): string => toJson(active.toWorkflow(), 2);

export function downloadActive(editor: Editor): void {
  const active = editor.active.value;
  if (active) download(`${active.name.value}.json`, fileText(active));
}

/** What scripts send to `POST /prompt`: the prompt alone, as a run of the workflow would have it. */
export function exportPrompt(editor: Editor): void {
  const active = editor.active.value;
  if (active) download(`${active.name.value}_api.json`, toJson(buildPrompt(active.root), 2));
}

function imageNodeAt(editor: Editor, at: Point): GraphNode | null {
  const active = editor.active.value;
  const hit = editor.stage.scene?.hit(at, editor.stage.camera.scale);
  const node = hit && "node" in hit ? active?.graph.nodes.get(hit.node) : undefined;
  return node && active!.graph.widgets(node).some((spec) => spec.kind === "image") ? node : null;
}

async function placeImage(editor: Editor, file: File, at: Point, node: GraphNode | null): Promise<void> {
  const name = await editor.upload(file);
  const active = editor.active.value;
  if (!name || !active) return;
  const id = node?.id ?? editor.addNode("LoadImage", at)?.id;
  const spec = id ? active.graph.widgets(active.graph.node(id)).find((widget) => widget.kind === "image") : undefined;
  if (id && spec) active.edit("choose picture", [valueEdit(active.graph, active.graph.node(id), spec, name)]);
}

/** A list of tags becomes the user's own, by which prompts are completed. */
async function takeTags(editor: Editor, file: File): Promise<void> {
  try {
    const { replaceTags } = await import("../api/words");
    const count = await replaceTags(editor, await file.text());
    editor.ui.tell(t("prompts.tagsTaken", { n: count, file: file.name }));
  } catch (error) {
    editor.ui.tell(t("prompts.noTagList", { name: file.name, why: words(error) }), "error");
  }
}

/**
 * Pictures and JSON files: their workflow opens. A picture that is dropped on a node that takes one, or that holds no
 * workflow, becomes that node's input, or a new one's.
 */
export async function takeFiles(editor: Editor, files: readonly File[], at: Point, dropped = false): Promise<void> {
  for (const file of files) {
    if (/\.csv$/i.test(file.name)) {
      await takeTags(editor, file);
      continue;
    }
    const node = dropped ? imageNodeAt(editor, at) : null;
    const found = node ? null : await readFile(file).catch((error: unknown) => t("workflows.unread", { name: file.name, words: words(error) }));
    if (typeof found === "string") editor.ui.tell(found, "error");
    else if (found) editor.open(found, file.name.replace(/\.[^.]+$/, ""));
    else if (file.type.startsWith("image/")) await placeImage(editor, file, at, node);
    else editor.ui.tell(t("workflows.holdsNone", { name: file.name }), "error");
  }
}
