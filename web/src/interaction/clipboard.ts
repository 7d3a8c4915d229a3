/** How do nodes travel through the system clipboard? As JSON text, so that they also cross tabs. */

import type { Editor } from "../editor";
import type { Document } from "../model/document";
import { cutOut, fragmentFromText, fragmentToText, insertFragment } from "../model/operations";
import type { Point } from "../model/types";
import { t } from "../words";
import { takeFiles } from "./files";

const isTyping = (): boolean => {
  const element = document.activeElement;
  return element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement || (element instanceof HTMLElement && element.isContentEditable);
};

/** What was copied here last: for a page that may not read the clipboard unasked. */
let kept = "";

/** The selection as text. */
function copied(document: Document): string {
  kept = fragmentToText(cutOut(document.graph, document.selection.value, document.selectedGroups.value));
  return kept;
}

function copySelection(editor: Editor, event: ClipboardEvent): boolean {
  const active = editor.active.value;
  if (!active || isTyping() || !active.hasSelection || (getSelection()?.toString() ?? "") !== "") return false;
  event.clipboardData?.setData("text/plain", copied(active));
  event.preventDefault();
  return true;
}

/** Copies by menu or command, where no key was pressed. */
export async function copyByCommand(editor: Editor): Promise<void> {
  const active = editor.active.value;
  if (!active?.hasSelection) return;
  const text = copied(active);
  await navigator.clipboard?.writeText(text).catch(() => undefined); // refused, or not there without https: it is pasted within this page then
}

/** Pastes by menu or command: what the browser lets the page read, else what was copied here. */
export async function pasteByCommand(editor: Editor, at: Point): Promise<void> {
  const text = await navigator.clipboard?.readText().catch(() => kept) ?? kept;
  if (!pasteText(editor, text, at, false)) editor.ui.tell(t("menu.nothingToPaste"));
}

/** Puts in what a text holds: a piece of a graph, or a workflow in a tab of its own. False where it is neither. */
function pasteText(editor: Editor, text: string, at: Point, keepOutside: boolean): boolean {
  const active = editor.active.value;
  const fragment = fragmentFromText(text);
  if (!fragment && text.trimStart().startsWith("{")) {
    editor.openText(text, t("workflows.pasted"));
    return true;
  }
  if (!active || !fragment) return false;
  try {
    const { edits, ids, groups } = insertFragment(active.graph, fragment, at, keepOutside);
    active.edit("paste", edits);
    active.select(ids, groups);
    editor.stage.raise(ids);
  } catch (error) {
    editor.ui.tell(error instanceof Error ? error.message : String(error), "error");
  }
  return true;
}

async function paste(editor: Editor, event: ClipboardEvent, at: Point, keepOutside: boolean): Promise<void> {
  const active = editor.active.value;
  if (!active || isTyping()) return;
  const file = [...(event.clipboardData?.files ?? [])].find((entry) => entry.type.startsWith("image/"));
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (file) {
    event.preventDefault();
    await takeFiles(editor, [file], at);
    return;
  }
  if (pasteText(editor, text, at, keepOutside)) event.preventDefault();
}

/** `pointer` tells where on the canvas things are to be put. Shift while pasting keeps the links from outside. */
export function listenToClipboard(editor: Editor, pointer: () => Point): void {
  let isShift = false;
  addEventListener("keydown", (event) => (isShift = event.shiftKey));
  addEventListener("copy", (event) => void copySelection(editor, event));
  addEventListener("cut", (event) => {
    if (copySelection(editor, event)) editor.removeSelection();
  });
  addEventListener("paste", (event) => void paste(editor, event, pointer(), isShift));
}
