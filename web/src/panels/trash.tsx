/** What was deleted in the last 30 days, and what work was never saved? */

import { useEffect, useState } from "preact/hooks";
import { reason } from "../api/http";
import * as workflows from "../api/workflows";
import type { DraftInfo, Trashed } from "../api/workflows";
import type { Editor } from "../editor";
import { withoutSuffix } from "../interaction/saving";
import { discardRecovered, dismissRecovered, openRecovered } from "../server_drafts";
import { ago, exactly } from "../words/format";
import { CloseIcon, DraftIcon } from "../view/icons";
import { t } from "../words";
import { Dialog } from "./dialogs";

function TrashRow({ editor, trashed, reload }: { editor: Editor; trashed: Trashed; reload: () => void }) {
  const name = withoutSuffix(trashed.name);
  const now = Date.now();
  const act = (deed: () => Promise<unknown>): void => void deed().then(reload, (error: unknown) => editor.ui.tell(reason(error), "error"));
  const restore = async (): Promise<void> => {
    const file = await workflows.revive(trashed.id);
    editor.ui.tell(t("workflows.isBack", { name: withoutSuffix(file) }));
    await editor.openSaved(file);
  };
  return (
    <li>
      <span class="row-name">{name}<span class="muted" title={exactly(trashed.deleted_ms)}>
        {t(trashed.deleted_by === "outside" ? "workflows.deletedOutside" : "workflows.deletedWhen", { when: ago(trashed.deleted_ms, now) })} · {t("workflows.goes", { when: ago(trashed.forgotten_ms, now) })} · {t("workflows.versionCount", { n: trashed.versions })}
      </span></span>
      <button type="button" class="button" aria-label={t("workflows.restoreNamed", { name })} onClick={() => act(restore)}>{t("workflows.restore")}</button>
      <button type="button" class="icon-button" aria-label={t("workflows.deleteForGoodNamed", { name })} title={t("workflows.deleteForGood")}
        onClick={() => { if (confirm(t("workflows.confirmForGood", { name }))) act(() => workflows.purge(trashed.id)); }}><CloseIcon /></button>
    </li>
  );
}

export function TrashDialog({ editor }: { editor: Editor }) {
  const [listed, setListed] = useState<readonly Trashed[] | null>(null);
  const reload = (): void => void workflows.trash().then(setListed, (error: unknown) => editor.ui.tell(reason(error), "error"));
  useEffect(reload, []);
  return (
    <Dialog editor={editor} title={t("workflows.deleted")}>
      <ul class="rows">
        {listed?.map((trashed) => <TrashRow key={trashed.id} editor={editor} trashed={trashed} reload={reload} />)}
        {listed?.length === 0 && <li class="nothing">{t("workflows.nothingDeleted")}</li>}
      </ul>
      <div class="dialog-buttons"><button type="button" class="button quiet" onClick={() => (editor.ui.dialog.value = "open")}>{t("workflows.backToSaved")}</button></div>
    </Dialog>
  );
}

function DraftRow({ editor, draft }: { editor: Editor; draft: DraftInfo }) {
  return (
    <li>
      <span class="row-name">{draft.name}<span class="muted" title={exactly(draft.changed_ms)}>
        {t("workflows.changedWhen", { when: ago(draft.changed_ms, Date.now()) })} · {draft.saved_as ? t("workflows.of", { name: withoutSuffix(draft.saved_as) }) : t("workflows.neverSaved")}
      </span></span>
      <button type="button" class="button" aria-label={t("workflows.openNamed", { name: draft.name })} onClick={() => void openRecovered(editor, draft)}>{t("workflows.open")}</button>
      <button type="button" class="icon-button" aria-label={t("workflows.discardNamed", { name: draft.name })} title={t("workflows.discard")}
        onClick={() => { if (confirm(t("workflows.confirmDiscard", { name: draft.name }))) void discardRecovered(editor, draft); }}><CloseIcon /></button>
    </li>
  );
}

/** Drafts that the server has and this browser has not. */
export function RecoveredDialog({ editor }: { editor: Editor }) {
  const drafts = editor.ui.recovered.value;
  return (
    <Dialog editor={editor} title={t("workflows.unsaved")}>
      <p class="muted">{t("workflows.unsavedFrom")}</p>
      <ul class="rows">
        {drafts.map((draft) => <DraftRow key={draft.id} editor={editor} draft={draft} />)}
      </ul>
      <div class="dialog-buttons"><button type="button" class="button quiet" onClick={() => { editor.ui.dialog.value = null; dismissRecovered(editor); }}>{t("workflows.later")}</button></div>
    </Dialog>
  );
}

/** A button in the strip at the bottom; nothing where nothing was found. */
export function RecoveredNotice({ editor }: { editor: Editor }) {
  const count = editor.ui.recovered.value.length;
  if (count === 0) return null;
  return (
    <button type="button" class="recovered-notice" title={t("workflows.show")} onClick={() => (editor.ui.dialog.value = "recovered")}>
      <DraftIcon />{t("workflows.foundUnsaved", { n: count })}
    </button>
  );
}
