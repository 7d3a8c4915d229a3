/** Where do settings take effect in the editor that no panel asks for by itself? On its page and on the canvas. */

import { effect, untracked } from "@preact/signals";
import { reason } from "../api/http";
import type { Editor } from "../editor";
import { nodeWords } from "../model/node_words";
import { linkShape } from "../view/canvas/link_path";
import { spokenLanguage, t } from "../words";
import { keepLook, showTheme, speakChosen } from "./applied";
import { LINK_SHAPE, SHOWS_DOTS } from "./built_in";

/** Applies the settings now and whenever they change. */
export function followSettings({ settings, stage, ui }: Editor): void {
  effect(() => void speakChosen(settings).catch((error: unknown) => ui.tell(t("settings.languageFails", { why: reason(error) }), "error")));
  effect(() => keepLook(settings));
  effect(() => {
    showTheme(settings);
    untracked(() => stage.readColors());
  });
  effect(() => {
    linkShape.value = settings.of(LINK_SHAPE).value;
    stage.showsDots = settings.of(SHOWS_DOTS).value;
    void [spokenLanguage.value, nodeWords.value]; // the canvas has texts too
    stage.request();
  });
}
