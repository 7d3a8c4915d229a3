/** Which job's times are shown, and is a sweep? */

import { signal, type Signal } from "@preact/signals";
import type { Editor } from "../editor";
import { t } from "../words";

/** The id of a job; null while the panel is closed. */
export const timedJob: Signal<string | null> = signal(null);

/** Shows the times of the last run of the workflow in front, or closes them. */
export function toggleTimes(editor: Editor): void {
  if (timedJob.peek() !== null) return void (timedJob.value = null);
  const last = editor.active.peek()?.prompts.peek().at(-1);
  if (last) timedJob.value = last;
  else editor.ui.tell(t("run.notRunYet"));
}

export const showsSweep = signal(false);
