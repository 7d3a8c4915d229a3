/** Is the library open, and which half of it? */

import { signal, type Signal } from "@preact/signals";

export type Half = "workflows" | "models";

/** Null while it is closed. */
export const shownHalf: Signal<Half | null> = signal(null);
/** Which one was open last. */
export const lastHalf: Signal<Half> = signal("workflows");

/** Opens a half, or closes the library where that half is open. */
export function toggleHalf(half: Half = lastHalf.peek()): void {
  shownHalf.value = shownHalf.peek() === half ? null : half;
  lastHalf.value = half;
}

/** What a dragged thing of the library is, for those that it is dropped on. */
export const WORKFLOW_TYPE = "application/x-weft-workflow";
export const FOLDER_TYPE = "application/x-weft-folder";
export const MODEL_TYPE = "application/x-weft-model";
