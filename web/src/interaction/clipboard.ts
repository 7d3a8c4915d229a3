/** How do nodes travel through the system clipboard? As JSON text, so that they also cross tabs. */

import type { Editor } from "../editor";
import { cutOut, fragmentFromText, fragmentToText, insertFragment } from "../model/operations";
import type { Point } from "../model/types";
import { t } from "../words";
import { takeFiles } from "./files";

const isTyping = (): boolean => {
  const element = document.activeElement;
  return element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement || (element instanceof HTMLElement && element.isContentEditable);
};

function copySelection(editor: Editor, event: ClipboardEvent): boolean {
  const active = editor.active.value;
  if (!active || isTyping() || !active.hasSelection || (getSelection()?.toString() ?? "") !== "") return false;
  event.clipboardData?.setData("text/plain", fragmentToText(cutOut(active.graph, active.selection.value, active.selectedGroups.value)));
  event.preventDefault();
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
  const fragment = fragmentFromText(text);
  if (fragment) {
    event.preventDefault();
    try {
      const { edits, ids, groups } = insertFragment(active.graph, fragment, at, keepOutside);
      active.edit("paste", edits);
      active.select(ids, groups);
      editor.stage.raise(ids);
    } catch (error) {
      editor.ui.tell(error instanceof Error ? error.message : String(error), "error");
    }
  } else if (text.trimStart().startsWith("{")) {
    event.preventDefault();
    editor.openText(text, t("workflows.pasted"));
  }
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
