/** Where is the form? Its preview, its address, and what has to be saved before others see it. */

import { reason } from "../api/http";
import { storeDraft } from "../api/drafts";
import type { Editor } from "../editor";
import { draftAddress, formAddress } from "../form_page/address";
import { saveActive } from "../interaction/saving";
import type { Document } from "../model/document";
import { draftOf } from "../session";
import { t } from "../words";

async function copy(editor: Editor, address: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(address);
    editor.ui.tell(t("formPanel.copied"));
  } catch {
    editor.ui.tell(t("formPanel.copyFails"), "error"); // no permission, or plain http from another machine
  }
}

export function Sharing({ editor, document }: { editor: Editor; document: Document }) {
  void [document.revision.value, document.name.value];
  const { savedAs } = document;
  const address = savedAs === null ? null : new URL(formAddress(savedAs), location.href).href;
  const keep = (): void => void storeDraft(draftOf(document)).catch((error: unknown) => editor.ui.tell(reason(error), "error"));
  return (
    <div class="form-sharing">
      {address && (
        <div class="form-address">
          <label>{t("formPanel.address")}<input readOnly value={address} onFocus={({ currentTarget }) => currentTarget.select()} /></label>
          <button type="button" class="button" onClick={() => void copy(editor, address)}>{t("formPanel.copy")}</button>
        </div>
      )}
      <div class="form-sharing-row">
        <a class="button" href={draftAddress(document.id)} target="_blank" rel="opener" onPointerDown={keep} onFocus={keep}>{t("formPanel.preview")}</a>
        {(address === null || document.isDirty) && <>
          <button type="button" class="button run form-save" onClick={() => void saveActive(editor)}>{t("formPanel.save")}</button>
          <span class="muted">{address === null ? t("formPanel.saveFirst") : t("formPanel.saveAgain")}</span>
        </>}
      </div>
    </div>
  );
}
