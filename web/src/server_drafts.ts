/** How does unsaved work outlive the browser? The server is given it as well, and offers what no browser data has any more. */

import { effect } from "@preact/signals";
import { listDrafts } from "./api/drafts";
import { HttpError, reason } from "./api/http";
import * as workflows from "./api/workflows";
import type { DraftInfo } from "./api/workflows";
import type { Editor } from "./editor";
import type { Document } from "./model/document";
import { draftOf } from "./session";
import { t } from "./words";

const DELAY_MS = 2000;
const RETRY_MS = 15_000;
/** Browsers send no more than 64 KB of a page that goes away. */
const LAST_WORDS_BYTES = 60_000;
const DISMISSED = "weft.dismissed";

/**
 * Gives the server the draft a moment after each change for as long as there is something unsaved, and takes it away then.
 * Returns what ends it (and drops the draft).
 */
export function keepServerDraft(document: Document, mayBeThere: boolean, onRefused: (why: string) => void): () => Promise<unknown> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isThere = mayBeThere;
  let isPending = false;
  let refusal = "";
  let writing: Promise<unknown> = Promise.resolve();
  const isDirty = (): boolean => document.revision.peek() !== document.savedRevision.peek();

  const write = async (): Promise<void> => {
    isPending = false;
    try {
      if (isDirty()) await workflows.putDraft(draftOf(document));
      else {
        await workflows.dropDraft(document.id);
        isThere = isDirty();
      }
      refusal = "";
    } catch (error) {
      if (error instanceof HttpError && error.status >= 400 && refusal === "") onRefused((refusal = reason(error)));
      later(RETRY_MS); // the browser keeps it meanwhile
    }
  };
  const later = (delay: number): void => {
    isPending = true;
    clearTimeout(timer);
    timer = setTimeout(() => (writing = writing.then(write)), delay);
  };
  const stop = effect(() => {
    void [document.revision.value, document.name.value, document.savedRevision.value];
    isThere ||= isDirty(); // from now on it may be, whoever gives it to the server
    if (isThere) later(DELAY_MS);
  });
  const flush = (): void => {
    if (!isPending || !isDirty()) return;
    const draft = draftOf(document);
    const isSmall = JSON.stringify(draft.workflow, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)).length < LAST_WORDS_BYTES;
    if (isSmall) workflows.putDraft(draft, true).catch(() => undefined); // the page goes away; the browser's own draft is written
  };
  addEventListener("pagehide", flush);
  return async () => {
    stop();
    clearTimeout(timer);
    removeEventListener("pagehide", flush);
    await writing;
    if (isThere) await workflows.dropDraft(document.id);
  };
}

function readDismissed(): Record<string, number> {
  try {
    return JSON.parse(localStorage.getItem(DISMISSED) ?? "{}") as Record<string, number>;
  } catch {
    return {}; // someone else's text under our name: nothing was dismissed
  }
}

/** Offers the unsaved work that the server has and this browser has not. */
export async function findRecovered(editor: Editor): Promise<void> {
  const [kept, own] = await Promise.all([workflows.drafts(), listDrafts().catch(() => [])]);
  const known = new Set([...own.map((draft) => draft.id), ...editor.documents.peek().map((document) => document.id)]);
  const dismissed = readDismissed();
  editor.ui.recovered.value = kept.filter((draft) => !known.has(draft.id) && (dismissed[draft.id] ?? 0) < draft.changed_ms);
}

function settled(editor: Editor, draft: DraftInfo): void {
  editor.ui.recovered.value = editor.ui.recovered.peek().filter((other) => other !== draft);
  if (editor.ui.recovered.peek().length === 0 && editor.ui.dialog.peek() === "recovered") editor.ui.dialog.value = null;
}

/** Opens it in a tab of its own. The server's draft goes once the new tab's one is there. */
export async function openRecovered(editor: Editor, draft: DraftInfo): Promise<void> {
  try {
    const found = await workflows.readDraft(draft.id);
    const document = editor.open(found.workflow, found.name, { savedAs: found.savedAs, savedDigest: found.savedDigest });
    if (!document) return;
    document.savedRevision.value = -1;
    if (found.view) document.restoreView(found.view);
    await workflows.putDraft(draftOf(document));
    await workflows.dropDraft(draft.id);
    settled(editor, draft);
  } catch (error) {
    editor.ui.tell(t("workflows.opensNot", { name: draft.name, why: reason(error) }), "error");
  }
}

export async function discardRecovered(editor: Editor, draft: DraftInfo): Promise<void> {
  try {
    await workflows.dropDraft(draft.id);
    settled(editor, draft);
  } catch (error) {
    editor.ui.tell(reason(error), "error");
  }
}

/** They stay on the server, and are not offered again in this browser unless they change. */
export function dismissRecovered(editor: Editor): void {
  const dismissed = { ...readDismissed(), ...Object.fromEntries(editor.ui.recovered.peek().map((draft) => [draft.id, draft.changed_ms])) };
  localStorage.setItem(DISMISSED, JSON.stringify(dismissed));
  editor.ui.recovered.value = [];
}
