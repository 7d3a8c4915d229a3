/** What do fingers do that have no Shift and no right button? Two buttons: select with boxes and taps, and the menu of the selection. */

import type { Editor } from "../editor";
import { t } from "../words";
import { BoxIcon, MoreIcon } from "../view/icons";
import { offerMenuOfSelection } from "./surface";

export function TouchTools({ editor }: { editor: Editor }) {
  const isOn = editor.ui.selectsBoxes.value;
  const hasNodes = (editor.active.value?.selection.value.size ?? 0) > 0;
  return (
    <div class={`touch-tools${isOn ? " is-on" : ""}`} role="toolbar" aria-label={t("gestures.touch")}>
      <button type="button" class="icon-button" aria-pressed={isOn} aria-label={t("commands.edit.box")} title={t("gestures.boxMode")} onClick={() => editor.commands.run("edit.box")}><BoxIcon /></button>
      {isOn && <span class="touch-says">{t("gestures.boxMode")}</span>}
      {hasNodes && <button type="button" class="icon-button" aria-haspopup="menu" aria-label={t("gestures.selectionMenu")} title={t("gestures.selectionMenu")} onClick={() => offerMenuOfSelection(editor)}><MoreIcon /></button>}
    </div>
  );
}
