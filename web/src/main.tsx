/** The roof of the editor: asks the server for its nodes, builds the editor, shows it. */

import "./words/whole";
import { effect } from "@preact/signals";
import { render } from "preact";
import { HttpError } from "./api/http";
import { clientId } from "./api/socket";
import { Editor } from "./editor";
import { watchFocus } from "./interaction/focus";
import { listenToKeys } from "./interaction/keymap";
import { PointerMachine } from "./interaction/pointer";
import { watchSaves } from "./interaction/saving";
import { editorSurface } from "./interaction/surface";
import { App, Waiting } from "./panels/app";
import { watchEnds, watchRunningNode } from "./running/attention";
import { watchRepeat } from "./running/repeat";
import { showTheme, speakChosen } from "./settings/applied";
import { followSettings } from "./settings/followed";
import { Settings } from "./settings/settings";
import "./style/index.css";
import { publishShapes } from "./view/socket_shapes";
import { t } from "./words";
import { registerBuiltInWidgets } from "./view/dom/widgets";

const RETRY_MS = 1500;
const root = document.getElementById("app")!;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function start(id: string): Promise<Editor> {
  for (;;) {
    try {
      return await Editor.start(id);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      render(<Waiting message={error.status === 0 ? t("status.waitingForServer") : error.message} />, root);
      await wait(RETRY_MS);
    }
  }
}

/** The tab's title says how far the run is. */
function followTitle(editor: Editor): void {
  effect(() => {
    const name = editor.active.value?.name.value ?? "Weft";
    const running = editor.documents.value.find((entry) => entry.runningNode.value !== null);
    const node = running?.runningNode.value;
    const run = running && node ? running.run(node).value : null;
    const part = run && run.max > 1 ? `${Math.round((100 * run.value) / run.max)} % · ` : run ? "… · " : "";
    document.title = `${part}${name} · Weft`;
  });
}

registerBuiltInWidgets();
publishShapes(document.documentElement);
const remembered = new Settings(() => undefined); // by the browser, until the server says
showTheme(remembered);
await speakChosen(remembered).catch(() => undefined); // English until then; followSettings asks again and tells
const editor = await start(await clientId());
const machine = new PointerMachine(editorSurface(editor));
editor.cancelGesture = () => {
  if (!machine.isBusy) return false;
  machine.cancel();
  return true;
};
listenToKeys(editor);
watchFocus(editor);
watchSaves(editor);
watchRepeat(editor);
watchRunningNode(editor);
watchEnds(editor);
followSettings(editor);
void editor.settings.load();
render(<App editor={editor} machine={machine} />, root);
followTitle(editor);
// what packs bring comes after the first frame, and never before it
requestAnimationFrame(() => setTimeout(() => {
  import("./ext/host").then(({ ExtensionHost, isSafeStart }) => new ExtensionHost(editor, isSafeStart()).start())
    .catch((error: unknown) => editor.ui.tell(t("extensions.cannotLoad", { why: String(error) }), "error"));
}));
// for tests and for the curious: counts of what was drawn and what is in the page
Object.assign(globalThis, { weft: editor });
