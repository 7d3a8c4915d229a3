/** What does the user want of runs? Kept on the server, so that it holds in every browser. */

import { signal, type Signal } from "@preact/signals";
import * as http from "../api/http";
import type { Editor } from "../editor";

const FOLLOW = "weft.follow_running_node";
const NOTIFY = "weft.notify_of_long_runs";

/** The camera shows the node that runs. */
export const followsNode = signal(false);
/** The browser tells when a long run ends while the page is hidden. */
export const tellsEnds = signal(false);

export async function loadPreferences(editor: Editor): Promise<void> {
  try {
    const found = await http.settings();
    followsNode.value = found[FOLLOW] === true;
    tellsEnds.value = found[NOTIFY] === true;
  } catch (error) {
    editor.ui.tell(`Your settings can't be read: ${http.reason(error)}`, "error");
  }
}

async function keep(editor: Editor, setting: Signal<boolean>, name: string, value: boolean): Promise<void> {
  setting.value = value;
  try {
    await http.request("POST", `/settings/${name}`, value);
  } catch (error) {
    editor.ui.tell(`The setting holds in this tab only; the server could not keep it: ${http.reason(error)}`, "error");
  }
}

export const setFollows = (editor: Editor, value: boolean): Promise<void> => keep(editor, followsNode, FOLLOW, value);

/** Asks the browser's leave when it is switched on. */
export async function setTellsEnds(editor: Editor, value: boolean): Promise<void> {
  if (value && !("Notification" in globalThis)) return editor.ui.tell("This browser shows notifications only for pages on https or localhost.", "error");
  if (value && (await Notification.requestPermission()) !== "granted")
    return editor.ui.tell("The browser does not let this page show notifications. Allow them in the settings for this site, then switch this on again.", "error");
  await keep(editor, tellsEnds, NOTIFY, value);
}
