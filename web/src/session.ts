/** How does a tab find its workflows again? Drafts are written as they change and read at the start. */

import { parseJson, toJson } from "./model/exact_json";
import { effect } from "@preact/signals";
import { dropDraft, listDrafts, readDraft, storeDraft, type Draft } from "./api/drafts";
import { canClaim, holdForTab, RELOAD_MS } from "./api/socket";
import { newId } from "./model/ids";
import type { Document } from "./model/document";

const OPEN = "weft.open";
const DELAY_MS = 350;

interface OpenList {
  readonly ids: readonly string[];
  readonly active: string | null;
}

function readOpenList(): OpenList {
  const text = sessionStorage.getItem(OPEN);
  if (text === null) return { ids: [], active: null };
  return JSON.parse(text) as OpenList;
}

export const writeOpenList = (ids: readonly string[], active: string | null): void =>
  sessionStorage.setItem(OPEN, JSON.stringify({ ids, active } satisfies OpenList));

const lockName = (id: string): string => `weft.document.${id}`;
/** Keeps other tabs from opening the same draft. False when another tab has it. */
export const claimDocument = (id: string, patienceMs = 0): Promise<boolean> => holdForTab(lockName(id), patienceMs);

const UNWRITTEN = "weft.unwritten.";

/**
 * The browser's database may not finish while a page goes away, so what is pending then is noted at once in its small store.
 * Raises where that is full.
 */
const noteUnwritten = (draft: Draft): void => localStorage.setItem(UNWRITTEN + draft.id, toJson(draft));

/** Takes what was noted over into the database, where it is newer. */
async function absorbUnwritten(): Promise<void> {
  for (const key of Object.keys(localStorage).filter((name) => name.startsWith(UNWRITTEN))) {
    const noted = parseJson(localStorage.getItem(key) ?? "null") as Draft | null;
    if (noted && ((await readDraft(noted.id))?.changedAt ?? 0) < noted.changedAt) await storeDraft(noted);
    localStorage.removeItem(key);
  }
}

export interface Restored {
  readonly drafts: readonly Draft[];
  readonly active: string | null;
}

/**
 * The drafts of this tab after a reload; in a new tab, the newest draft that no other tab has open (one that was closed or
 * crashed). Empty where there is none or where the browser keeps no database.
 */
export async function restoreDrafts(): Promise<Restored> {
  await absorbUnwritten();
  const open = readOpenList();
  const claimed = await Promise.all(open.ids.map(async (id) => ((await claimDocument(id, RELOAD_MS)) ? readDraft(id) : undefined)));
  const own = claimed.filter((draft) => draft !== undefined);
  if (own.length > 0) return { drafts: own, active: open.active };
  if (!canClaim()) {
    // without locks nobody knows whether another tab has it open: a copy overwrites nothing
    const [newest] = await listDrafts();
    return newest ? { drafts: [{ ...newest, id: newId() }], active: null } : { drafts: [], active: null };
  }
  for (const draft of (await listDrafts()).slice(0, 20)) if (await claimDocument(draft.id)) return { drafts: [draft], active: draft.id };
  return { drafts: [], active: null };
}

export const draftOf = (document: Document): Draft => ({
  id: document.id, name: document.name.peek(), savedAs: document.savedAs, savedDigest: document.savedDigest, isDirty: document.revision.peek() !== document.savedRevision.peek(),
  workflow: document.toWorkflow(), view: document.view, prompts: document.prompts.peek(), changedAt: Date.now(),
});

/** Writes the draft a moment after each change, and at once when the page goes away. Returns what ends it (and drops the draft). */
export function keepDraft(document: Document, onError: (error: unknown) => void): () => Promise<unknown> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let changes = 0;
  let written = 0; // how many changes have reached the database: a write that has only begun may be lost with the page
  const write = (): void => {
    clearTimeout(timer);
    const begun = changes;
    storeDraft(draftOf(document)).then(() => void (written = begun), onError);
  };
  const stop = effect(() => {
    void [document.revision.value, document.name.value, document.prompts.value, document.camera.value, document.path.value, document.savedRevision.value];
    changes += 1;
    clearTimeout(timer);
    timer = setTimeout(write, DELAY_MS);
  });
  const flush = (): void => {
    if (written === changes) return;
    try {
      noteUnwritten(draftOf(document));
    } catch (error) {
      onError(error);
    }
    write();
  };
  addEventListener("pagehide", flush);
  addEventListener("visibilitychange", flush);
  return () => {
    stop();
    clearTimeout(timer);
    removeEventListener("pagehide", flush);
    removeEventListener("visibilitychange", flush);
    return dropDraft(document.id);
  };
}
