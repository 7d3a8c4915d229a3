/** How does the user like prompts to be written? Kept with their settings on the server. */

import { signal, type Signal } from "@preact/signals";
import { request, settings } from "../../../api/http";
import type { Editor } from "../../../editor";

/** Words that no dictionary of the browser has are underlined. */
export const checksSpelling = signal(true);
/** Tags are written as `long_hair`, not as `long hair`. */
export const keepsUnderscores = signal(false);

const KEYS: readonly (readonly [string, Signal<boolean>])[] = [["weft.prompt.spelling", checksSpelling], ["weft.prompt.underscores", keepsUnderscores]];
let isRead = false;

export async function readPromptSettings(editor: Editor): Promise<void> {
  if (isRead) return;
  isRead = true;
  try {
    const stored = await settings();
    for (const [key, value] of KEYS) if (typeof stored[key] === "boolean") value.value = stored[key];
  } catch (error) {
    isRead = false;
    editor.ui.tell(`Your settings can't be read: ${String(error)}`, "error");
  }
}

export function toggle(editor: Editor, setting: Signal<boolean>): void {
  setting.value = !setting.value;
  const [key] = KEYS.find(([, value]) => value === setting)!;
  request("POST", `/settings/${key}`, setting.value).catch((error: unknown) => editor.ui.tell(`The setting could not be kept: ${String(error)}`, "error"));
}
