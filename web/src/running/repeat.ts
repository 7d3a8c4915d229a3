/** How often is a workflow run? Several times at once, or again and again until someone says stop. */

import { effect, signal, untracked, type Signal } from "@preact/signals";
import * as http from "../api/http";
import { run } from "../api/running";
import type { Editor } from "../editor";
import type { Document } from "../model/document";
import { fingerprint } from "../model/fingerprint";
import { t } from "../words";

export const MOST_RUNS = 999;
/** Edits within this time are one change. */
const CHANGE_MS = 200;

/** How many runs Run queues. */
export const count = signal(1);
/** The workflow that is run again whenever the queue is empty. */
export const kept: Signal<Document | null> = signal(null);
/** True while the kept workflow would make the same once more, and so waits for a change. */
export const waitsForChange = signal(false);
const isQueueing = signal(false);

export const setCount = (wanted: number): void => void (count.value = Number.isFinite(wanted) ? Math.min(MOST_RUNS, Math.max(1, Math.round(wanted))) : 1);

/** Queues the workflow in front `count` times; each seed moves on as its control says. A refusal ends it, and so does what would only be repeated. */
export async function runBatch(editor: Editor): Promise<void> {
  const document = editor.active.peek();
  if (!document || isQueueing.peek()) return;
  isQueueing.value = true;
  try {
    let before: string | null = null;
    for (let done = 0; done < count.peek(); done++) {
      const now = fingerprint(document.root);
      if (before !== null && now === before) {
        editor.ui.tell(t("run.queuedOnly", { n: done }));
        break;
      }
      before = now;
      if ((await run(document, editor.router, editor.clientId, null, "runs")) === null) break;
    }
  } finally {
    document.endGesture();
    isQueueing.value = false;
  }
  await editor.refreshQueue();
}

export function keepRunning(editor: Editor): void {
  const document = editor.active.peek();
  if (document) [waitsForChange.value, kept.value] = [false, document];
}

export const stopKeeping = (): void => void (kept.value = null);

/** Stops what runs, and what would run it again. */
export async function cancelRun(editor: Editor): Promise<void> {
  stopKeeping();
  await editor.cancel();
}

/** Takes everything that waits out of the queue; what runs goes on. */
export async function cancelWaiting(editor: Editor): Promise<void> {
  stopKeeping();
  await editor.refreshQueue();
  try {
    await http.removeFromQueue(editor.queue.peek().pending.map((item) => item.promptId));
  } catch (error) {
    editor.ui.tell(t("run.cancelWaitingFails", { why: http.reason(error) }), "error");
  }
  await editor.refreshQueue();
}

/** Runs the kept workflow again whenever the queue is empty. */
export function watchRepeat(editor: Editor): void {
  let last: string | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const again = async (document: Document): Promise<void> => {
    if (last !== null && document.errors.peek().length > 0) {
      stopKeeping();
      return editor.ui.tell(t("run.failedNotAgain", { name: document.name.peek() }), "error");
    }
    const now = fingerprint(document.root);
    waitsForChange.value = now !== null && now === last;
    if (waitsForChange.peek()) return;
    isQueueing.value = true;
    last = now ?? "";
    try {
      if ((await run(document, editor.router, editor.clientId, null, "runs")) === null) stopKeeping();
      await editor.refreshQueue();
    } finally {
      isQueueing.value = false;
    }
  };

  effect(() => {
    const document = kept.value;
    const { running, pending } = editor.queue.value;
    clearTimeout(timer);
    if (!document) {
      last = null;
      return;
    }
    void document.revision.value;
    if (!editor.documents.value.includes(document)) return stopKeeping();
    if (running.length + pending.length > 0 || isQueueing.value) return;
    timer = setTimeout(() => untracked(() => void again(document)), last === null ? 0 : CHANGE_MS);
  });
}
