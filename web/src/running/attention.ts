/** Where does the user's attention go during a run? The camera follows it, and a notification tells of its end. */

import { effect, untracked } from "@preact/signals";
import type { Editor } from "../editor";
import type { Document } from "../model/document";
import { readableSeconds } from "../words/format";
import { toScreen } from "../view/canvas/camera";
import { FOLLOW_NODE, TELL_ENDS } from "../settings/built_in";
import { t } from "../words";

/** Shorter runs are waited for. */
const LONG_MS = 20_000;
const MARGIN = 24;

/** The node of the level that is shown which is the one with this key, or has it inside; null for one at another level. */
export function shownNode(key: string, path: readonly string[]): string | null {
  const ids = key.split(":");
  return ids.length > path.length && path.every((id, index) => id === ids[index]) ? ids[path.length]! : null;
}

/** Brings a node into the middle unless all of it is in view; the zoom stays. */
function bringIntoView({ stage }: Editor, document: Document, id: string): void {
  if (!document.graph.nodes.has(id)) return;
  const { x, y, width, height } = document.bounds(id);
  const { camera, insets } = stage;
  const [left, top] = toScreen(camera, [x, y]);
  const [right, bottom] = toScreen(camera, [x + width, y + height]);
  const area = { left: MARGIN, top: insets.top + MARGIN, right: stage.width - insets.right - MARGIN, bottom: stage.height - insets.bottom - MARGIN };
  if (left >= area.left && top >= area.top && right <= area.right && bottom <= area.bottom) return;
  stage.setCamera({ ...camera, x: camera.x + (area.left + area.right - left - right) / 2, y: camera.y + (area.top + area.bottom - top - bottom) / 2 });
}

export function watchRunningNode(editor: Editor): void {
  effect(() => {
    const document = editor.active.value;
    const key = document?.runningNode.value;
    if (!editor.settings.of(FOLLOW_NODE).value || !document || !key) return;
    const id = shownNode(key, document.path.value);
    if (id !== null) untracked(() => bringIntoView(editor, document, id));
  });
}

function tellEnd(editor: Editor, workflow: Document, ms: number): void {
  const failure = workflow.errors.peek()[0];
  const took = readableSeconds(ms / 1000);
  const notification = new Notification(t(failure ? "run.endedFailed" : "run.endedDone", { name: workflow.name.peek() }), {
    body: failure ? `${failure.title}: ${failure.message}` : t("run.took", { took }), icon: "./icon.svg", tag: workflow.id,
  });
  notification.onclick = () => {
    focus();
    if (editor.documents.peek().includes(workflow)) editor.activate(workflow);
    notification.close();
  };
}

/** Tells of the end of a run that took long, while nobody looks at the page. */
export function watchEnds(editor: Editor): void {
  const begun = new Map<Document, number>();
  effect(() => {
    for (const workflow of editor.documents.value) {
      const isRunning = workflow.runningNode.value !== null;
      const since = begun.get(workflow);
      if (isRunning && since === undefined) begun.set(workflow, Date.now());
      if (isRunning || since === undefined) continue;
      begun.delete(workflow);
      const ms = Date.now() - since;
      if (ms > LONG_MS && globalThis.document.hidden && editor.settings.of(TELL_ENDS).peek()) untracked(() => tellEnd(editor, workflow, ms));
    }
  });
}
