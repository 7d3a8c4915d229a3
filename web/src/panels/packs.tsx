/** Which packs did not load, why, and what can be done about it? */

import type { Editor } from "../editor";
import { troubled, troubleLine } from "../model/packs";
import { WarningIcon } from "../view/icons";
import { t } from "../words";
import { Dialog } from "./dialogs";

/** A button in the strip at the bottom; nothing as long as all is well. */
export function PackNotice({ editor }: { editor: Editor }) {
  const line = troubleLine(editor.packs.value);
  if (line === "") return null;
  return (
    <button type="button" class="pack-notice" title={t("packs.showTrouble")} onClick={() => (editor.ui.dialog.value = "packs")}>
      <WarningIcon />{line}
    </button>
  );
}

export function PacksDialog({ editor }: { editor: Editor }) {
  return (
    <Dialog editor={editor} title={t("packs.title")}>
      <p class="muted">{t("packs.advice")}</p>
      {troubled(editor.packs.value).map((pack) => (
        <section key={pack.name} class="pack">
          <h3><strong>{pack.name}</strong> {pack.state === "partly loaded" && t("packs.partly")}</h3>
          {pack.troubles.map((trouble, index) => (
            <div key={index} class="problem">
              <p class="pack-summary">{trouble.summary}</p>
              {trouble.advice && <p class="pack-advice">{trouble.advice}</p>}
              {trouble.traceback && <details><summary>{t("packs.where")}</summary><pre>{trouble.traceback}</pre></details>}
            </div>
          ))}
        </section>
      ))}
    </Dialog>
  );
}
