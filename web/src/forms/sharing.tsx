/** Where is the form? Its preview, its address, and what has to be saved before others see it. */

import { reason } from "../api/http";
import { storeDraft } from "../api/drafts";
import type { Editor } from "../editor";
import { draftAddress, formAddress } from "../form_page/address";
import { saveActive } from "../interaction/saving";
import type { Document } from "../model/document";
import { draftOf } from "../session";
import { t } from "../words";
import { Address } from "./address_field";
import { Publishing } from "./publishing";

export function Sharing({ editor, document }: { editor: Editor; document: Document }) {
  void [document.revision.value, document.name.value];
  const { savedAs } = document;
  const keep = (): void => void storeDraft(draftOf(document)).catch((error: unknown) => editor.ui.tell(reason(error), "error"));
  return (
    <div class="form-sharing">
      {savedAs !== null && <Address editor={editor} label={t("formPanel.address")} path={formAddress(savedAs)} />}
      <div class="form-sharing-row">
        <a class="button" href={draftAddress(document.id)} target="_blank" rel="opener" onPointerDown={keep} onFocus={keep}>{t("formPanel.preview")}</a>
        {(savedAs === null || document.isDirty) && <>
          <button type="button" class="button run form-save" onClick={() => void saveActive(editor)}>{t("formPanel.save")}</button>
          <span class="muted">{savedAs === null ? t("formPanel.saveFirst") : t("formPanel.saveAgain")}</span>
        </>}
      </div>
      <Publishing editor={editor} document={document} />
    </div>
  );
}
