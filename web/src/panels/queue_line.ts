/** How is the line of waiting runs changed? */

import * as http from "../api/http";
import type { Editor } from "../editor";
import { t } from "../words";

async function change(editor: Editor, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    editor.ui.tell(t("status.queueFails", { why: error instanceof Error ? error.message : String(error) }), "error");
  }
  await editor.refreshQueue();
}

/** Lets a waiting prompt run before all others. */
export async function runNext(editor: Editor, prompt: string): Promise<void> {
  await editor.refreshQueue();
  const first = editor.queue.value.pending[0];
  if (first && first.promptId !== prompt) await change(editor, () => http.moveInQueue(prompt, first.number - 1));
}

/** What runs goes on; nothing else is begun while the queue is paused. */
export const pause = (editor: Editor, isPaused: boolean): Promise<void> => change(editor, () => http.pauseQueue(isPaused));
