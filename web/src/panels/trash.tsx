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
import { Dialog } from "./dialogs";

function TrashRow({ editor, trashed, reload }: { editor: Editor; trashed: Trashed; reload: () => void }) {
  const name = withoutSuffix(trashed.name);
  const now = Date.now();
  const act = (deed: () => Promise<unknown>): void => void deed().then(reload, (error: unknown) => editor.ui.tell(reason(error), "error"));
  const restore = async (): Promise<void> => {
    const file = await workflows.revive(trashed.id);
    editor.ui.tell(`${withoutSuffix(file)} is back.`);
    await editor.openSaved(file);
  };
  return (
    <li>
      <span class="row-name">{name}<span class="muted" title={exactly(trashed.deleted_ms)}>
        deleted {ago(trashed.deleted_ms, now)}{trashed.deleted_by === "outside" && " by another program"} · goes {ago(trashed.forgotten_ms, now)} · {trashed.versions === 1 ? "one version" : `${trashed.versions} versions`}
      </span></span>
      <button type="button" class="button" aria-label={`Restore ${name}`} onClick={() => act(restore)}>Restore</button>
      <button type="button" class="icon-button" aria-label={`Delete ${name} for good`} title="Delete for good"
        onClick={() => { if (confirm(`Delete ${name} and all its versions for good?`)) act(() => workflows.purge(trashed.id)); }}><CloseIcon /></button>
    </li>
  );
}

export function TrashDialog({ editor }: { editor: Editor }) {
  const [listed, setListed] = useState<readonly Trashed[] | null>(null);
  const reload = (): void => void workflows.trash().then(setListed, (error: unknown) => editor.ui.tell(reason(error), "error"));
  useEffect(reload, []);
  return (
    <Dialog editor={editor} title="Deleted workflows">
      <ul class="rows">
        {listed?.map((trashed) => <TrashRow key={trashed.id} editor={editor} trashed={trashed} reload={reload} />)}
        {listed?.length === 0 && <li class="nothing">Nothing was deleted. What is, stays here for 30 days with all its versions.</li>}
      </ul>
      <div class="dialog-buttons"><button type="button" class="button quiet" onClick={() => (editor.ui.dialog.value = "open")}>Back to the saved ones</button></div>
    </Dialog>
  );
}

function DraftRow({ editor, draft }: { editor: Editor; draft: DraftInfo }) {
  return (
    <li>
      <span class="row-name">{draft.name}<span class="muted" title={exactly(draft.changed_ms)}>
        changed {ago(draft.changed_ms, Date.now())}{draft.saved_as ? ` · of ${withoutSuffix(draft.saved_as)}` : " · never saved"}
      </span></span>
      <button type="button" class="button" aria-label={`Open ${draft.name}`} onClick={() => void openRecovered(editor, draft)}>Open</button>
      <button type="button" class="icon-button" aria-label={`Discard ${draft.name}`} title="Discard"
        onClick={() => { if (confirm(`Discard the unsaved work in ${draft.name}?`)) void discardRecovered(editor, draft); }}><CloseIcon /></button>
    </li>
  );
}

/** Drafts that the server has and this browser has not. */
export function RecoveredDialog({ editor }: { editor: Editor }) {
  const drafts = editor.ui.recovered.value;
  return (
    <Dialog editor={editor} title="Unsaved work">
      <p class="muted">The server keeps this from other browsers, or from this one before it lost its data.</p>
      <ul class="rows">
        {drafts.map((draft) => <DraftRow key={draft.id} editor={editor} draft={draft} />)}
      </ul>
      <div class="dialog-buttons"><button type="button" class="button quiet" onClick={() => { editor.ui.dialog.value = null; dismissRecovered(editor); }}>Leave it for later</button></div>
    </Dialog>
  );
}

/** A button in the strip at the bottom; nothing where nothing was found. */
export function RecoveredNotice({ editor }: { editor: Editor }) {
  const count = editor.ui.recovered.value.length;
  if (count === 0) return null;
  return (
    <button type="button" class="recovered-notice" title="Show it" onClick={() => (editor.ui.dialog.value = "recovered")}>
      <DraftIcon />{count === 1 ? "Unsaved work was found" : `Unsaved work was found: ${count} workflows`}
    </button>
  );
}
