/** How do files come in and go out? Opened, dropped, pasted; saved on the server or downloaded. */

import { toJson } from "../model/exact_json";
import * as http from "../api/http";
import type { Editor } from "../editor";
import type { Document } from "../model/document";
import { buildPrompt } from "../model/prompt";
import type { GraphNode, Point } from "../model/types";
import { readFile } from "../opening";

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const withoutSuffix = (file: string): string => file.replace(/\.json$/i, "");

function download(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const fileText = (active: Document): string => toJson(active.toWorkflow(), 2);

export function downloadActive(editor: Editor): void {
  const active = editor.active.value;
  if (active) download(`${active.name.value}.json`, fileText(active));
}

/** What scripts send to `POST /prompt`: the prompt alone, as a run of the workflow would have it. */
export function exportPrompt(editor: Editor): void {
  const active = editor.active.value;
  if (active) download(`${active.name.value}_api.json`, toJson(buildPrompt(active.root), 2));
}

/** Stores the text; a file of another workflow is overwritten only when the user says so. False where not. */
async function store(file: string, text: string, isOwn: boolean): Promise<boolean> {
  try {
    await http.writeUserFile(`workflows/${file}`, text, isOwn);
    return true;
  } catch (error) {
    if (!(error instanceof http.HttpError) || error.status !== 409) throw error;
    if (!confirm(`${file} is there already. Overwrite it?`)) return false;
    await http.writeUserFile(`workflows/${file}`, text, true);
    return true;
  }
}

/** Saves on the server under its name, or asks for one; where the server can't keep it, offers a download. */
export async function saveActive(editor: Editor, name?: string): Promise<void> {
  const active = editor.active.value;
  if (!active) return;
  if (!name && !active.savedAs) {
    editor.ui.dialog.value = "save";
    return;
  }
  const file = name ? `${withoutSuffix(name)}.json` : active.savedAs!;
  const revision = active.revision.peek();
  const text = fileText(active);
  try {
    if (!(await store(file, text, file === active.savedAs))) return;
    active.savedAs = file;
    active.name.value = withoutSuffix(file);
    active.savedRevision.value = revision;
    editor.ui.tell(`Saved as ${file}`);
  } catch (error) {
    editor.ui.tell(`The server could not save it (${words(error)}); here is a download.`, "error");
    download(`${active.name.value}.json`, text);
  }
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
  if (id && spec) active.edit("choose picture", [{ kind: "value", id, name: spec.name, value: name }]);
}

/**
 * Pictures and JSON files: their workflow opens. A picture that is dropped on a node that takes one, or that holds no
 * workflow, becomes that node's input, or a new one's.
 */
export async function takeFiles(editor: Editor, files: readonly File[], at: Point, dropped = false): Promise<void> {
  for (const file of files) {
    const node = dropped ? imageNodeAt(editor, at) : null;
    const found = node ? null : await readFile(file).catch((error: unknown) => `${file.name} can't be read: ${words(error)}`);
    if (typeof found === "string") editor.ui.tell(found, "error");
    else if (found) editor.open(found, file.name.replace(/\.[^.]+$/, ""));
    else if (file.type.startsWith("image/")) await placeImage(editor, file, at, node);
    else editor.ui.tell(`${file.name} holds no workflow`, "error");
  }
}
