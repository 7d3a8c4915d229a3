/** Would a run make the same as the one before it? */

import { toJson } from "./exact_json";
import type { Graph } from "./graph";
import { buildPrompt } from "./prompt";

/** Draws with the first and with the last choice differ wherever there is something to draw. */
const [FIRST, LAST] = [() => 0, () => 1 - Number.EPSILON];

/** Names what a run of the workflow computes; null where that is drawn anew each time (`{a|b}`), or where it can't run as it stands. */
export function fingerprint(root: Graph): string | null {
  try {
    const text = toJson(buildPrompt(root, FIRST));
    return text === toJson(buildPrompt(root, LAST)) ? text : null;
  } catch {
    return null; // a circle of subgraphs: the run itself says so
  }
}
