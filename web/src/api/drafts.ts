/** Where is work kept that was not saved yet? In the browser's database, one record per open workflow. */

import type { DocumentView } from "../model/document";
import type { JsonObject } from "../model/types";
import { t } from "../words";

export interface Draft {
  readonly id: string;
  readonly name: string;
  readonly savedAs: string | null;
  /** The content of `savedAs` that this work began with; unknown in drafts of earlier versions. */
  readonly savedDigest?: string | null;
  readonly isDirty: boolean;
  readonly workflow: JsonObject;
  /** Where in it the user was; unknown in drafts of earlier versions. */
  readonly view?: DocumentView;
  readonly prompts: readonly string[];
  readonly changedAt: number;
}

const STORE = "drafts";

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("weft", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error(t("errors.noDatabase")));
  });
}

async function transact<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error(t("errors.noDraft")));
    });
  } finally {
    database.close();
  }
}

export const storeDraft = (draft: Draft): Promise<IDBValidKey> => transact("readwrite", (store) => store.put(draft));
export const readDraft = (id: string): Promise<Draft | undefined> => transact("readonly", (store) => store.get(id) as IDBRequest<Draft | undefined>);
export const dropDraft = (id: string): Promise<undefined> => transact("readwrite", (store) => store.delete(id));

/** All drafts, newest first. */
export async function listDrafts(): Promise<Draft[]> {
  const all = await transact("readonly", (store) => store.getAll() as IDBRequest<Draft[]>);
  return all.sort((a, b) => b.changedAt - a.changedAt);
}
