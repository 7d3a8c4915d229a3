/** How do other people get to the form, on a server with accounts? Its author publishes a copy, and takes it back. */

import { useEffect, useState } from "preact/hooks";
import { people } from "../api/accounts";
import * as api from "../api/forms";
import { reason } from "../api/http";
import type { Editor } from "../editor";
import { publishedAddress } from "../form_page/address";
import { saveActive } from "../interaction/saving";
import type { Document } from "../model/document";
import { readForm } from "../model/form/form";
import { t } from "../words";
import { ago, exactly } from "../words/format";
import { Address } from "./address_field";

/** Whether there is anybody else to publish for, and what is published; null as long as it is not known. */
function usePublished(): [readonly api.Published[] | null, (forms: readonly api.Published[]) => void] {
  const [forms, setForms] = useState<readonly api.Published[] | null>(null);
  useEffect(() => {
    const ask = async (): Promise<void> => {
      if ((await people()).me) setForms(await api.publishedForms());
    };
    ask().catch(() => setForms(null)); // without the server there is nothing to publish on
  }, []);
  return [forms, setForms];
}

const ownId = ({ root }: Document): string => (typeof root.raw.id === "string" ? root.raw.id : "");

export function Publishing({ editor, document }: { editor: Editor; document: Document }) {
  void [document.revision.value, document.savedRevision.value, document.name.value];
  const [forms, setForms] = usePublished();
  const [isBusy, setBusy] = useState(false);
  const { savedAs } = document;
  if (forms === null || savedAs === null) return null;
  const form = api.formOf(forms, ownId(document), savedAs);
  const act = (deed: () => Promise<string>): void => {
    setBusy(true);
    const done = async (): Promise<void> => {
      const said = await deed();
      setForms(await api.publishedForms());
      if (said) editor.ui.tell(said);
    };
    void done().catch((error: unknown) => editor.ui.tell(reason(error), "error")).finally(() => setBusy(false));
  };
  const publish = (): void => act(async () => {
    if (document.isDirty) await saveActive(editor);
    if (document.isDirty || document.savedDigest === null) return ""; // the save was refused, and a dialog says why
    await api.publishForm(document.savedAs!, document.savedDigest);
    return t("formPanel.published");
  });
  const takeBack = (id: string): void => {
    if (confirm(t("formPanel.takeBackSure"))) act(async () => (await api.takeBackForm(id), t("formPanel.takenBack")));
  };
  const isOlder = form !== undefined && (document.isDirty || form.digest !== document.savedDigest);
  return (
    <fieldset class="form-publishing">
      <legend>{t("formPanel.forOthers")}</legend>
      <p class="muted">{t("formPanel.forOthersHint")}</p>
      {form && <Address editor={editor} label={t("formPanel.addressForOthers")} path={publishedAddress(form.id)} />}
      <div class="form-sharing-row">
        {(!form || isOlder) && <button type="button" class={form ? "button" : "button run form-save"} disabled={isBusy || !readForm(document.root)} onClick={publish}>{form ? t("formPanel.publishAgain") : t("formPanel.publish")}</button>}
        {form && <button type="button" class="button quiet form-remove" disabled={isBusy} onClick={() => takeBack(form.id)}>{t("formPanel.takeBack")}</button>}
        {form && <span class="muted" title={exactly(form.published_ms)}>{t("formPanel.publishedAt", { time: ago(form.published_ms, Date.now()) })}{isOlder && ` · ${t("formPanel.isOlder")}`}</span>}
      </div>
    </fieldset>
  );
}
