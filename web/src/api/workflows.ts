/** What does the server keep of workflows: files with versions, a trash, drafts? */

import { parseJson, toJson } from "../model/exact_json";
import type { DocumentView } from "../model/document";
import type { JsonObject } from "../model/types";
import type { Draft } from "./drafts";
import { getJson, HttpError, reason, send } from "./http";

export interface WorkflowInfo {
  readonly name: string;
  readonly digest: string;
  readonly size: number;
  readonly modified_ms: number;
  readonly version: number;
  readonly versions: number;
}
export interface VersionInfo {
  readonly version: number;
  readonly digest: string;
  readonly size: number;
  readonly created_ms: number;
  readonly kind: "save" | "restore" | "outside";
  readonly author: string;
}
export interface Versions {
  readonly name: string;
  readonly digest: string;
  /** The present one. */
  readonly version: number;
  readonly versions: readonly VersionInfo[];
}
export interface Saved {
  readonly name: string;
  readonly digest: string;
  readonly version: number;
  readonly modified_ms: number;
  /** What is wrong with the keeping of versions; "" if all is well. */
  readonly notice: string;
}
export interface Stored {
  readonly text: string;
  readonly digest: string;
}
export interface Trashed {
  readonly id: number;
  readonly name: string;
  readonly deleted_ms: number;
  readonly deleted_by: "user" | "outside";
  readonly forgotten_ms: number;
  readonly size: number;
  readonly versions: number;
}
export interface DraftInfo {
  readonly id: string;
  readonly name: string;
  readonly saved_as: string | null;
  readonly changed_ms: number;
  readonly size: number;
}
/** What is there instead of what a save was to replace. */
export interface Current {
  readonly digest: string;
  readonly version: number | null;
  readonly kind: VersionInfo["kind"] | null;
  readonly author: string;
  readonly modified_ms: number;
  readonly text: string;
}

/** A save was refused, since the file is not what the writer took it for. Nothing was overwritten. */
export class Conflict extends Error {
  /** `current` is null where the file is gone; `base` is what the writer began with, null where that is not known. */
  constructor(message: string, readonly current: Current | null, readonly base: string | null) {
    super(message);
  }
}

const path = (name: string): string => `/weft/workflows/${encodeURIComponent(name)}`;
const tagOf = (response: Response): string => (response.headers.get("ETag") ?? "").replace(/^W\//, "").replaceAll('"', "");

async function orConflict<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof HttpError) || error.status !== 409) throw error;
    const body = error.body as unknown as { current?: Current | null; base?: string | null };
    throw new Conflict(reason(error), body.current ?? null, body.base ?? null);
  }
}

export const list = (): Promise<{ readonly workflows: readonly WorkflowInfo[]; readonly notice: string }> => getJson("/weft/workflows");

export async function read(name: string): Promise<Stored> {
  const response = await send(path(name));
  return { text: await response.text(), digest: tagOf(response) };
}

/** The digest of what is there, without its content. */
export const digestOf = async (name: string): Promise<string> => tagOf(await send(path(name), { method: "HEAD" }));

/** Saves over the content of digest `base`; "" for a name that must be free. Raises Conflict. */
export async function save(name: string, text: string, base: string, by: string): Promise<Saved> {
  const query = new URLSearchParams({ base, by });
  const init = { method: "PUT", headers: { "Content-Type": "application/json" }, body: text };
  return (await (await orConflict(send(`${path(name)}?${query}`, init))).json()) as Saved;
}

/** Moves it to the trash. Raises Conflict where it is not the content of digest `base` any more. */
export const remove = (name: string, base: string): Promise<Response> => orConflict(send(`${path(name)}?${new URLSearchParams({ base })}`, { method: "DELETE" }));

export const versions = (name: string): Promise<Versions> => getJson(`${path(name)}/versions`);
export const readVersion = async (name: string, version: number): Promise<string> => (await send(`${path(name)}/versions/${version}`)).text();

/** Makes a version the present content, in place of that of digest `base`. Raises Conflict. */
export async function restore(name: string, version: number, base: string, by: string): Promise<Saved> {
  const query = new URLSearchParams({ version: String(version), base, by });
  return (await (await orConflict(send(`${path(name)}/restore?${query}`, { method: "POST" }))).json()) as Saved;
}

export const trash = (): Promise<readonly Trashed[]> => getJson("/weft/trash");
export const readTrashed = async (id: number): Promise<string> => (await send(`/weft/trash/${id}`)).text();
/** Answers with the name that it has again. */
export const revive = async (id: number): Promise<string> => ((await (await send(`/weft/trash/${id}/restore`, { method: "POST" })).json()) as { name: string }).name;
export const purge = (id: number): Promise<Response> => send(`/weft/trash/${id}`, { method: "DELETE" });

export const drafts = (): Promise<readonly DraftInfo[]> => getJson("/weft/drafts");
export const dropDraft = (id: string): Promise<Response> => send(`/weft/drafts/${id}`, { method: "DELETE" });

/** `keepalive` lets a small one arrive although the page goes away. */
export function putDraft(draft: Draft, keepalive = false): Promise<Response> {
  const { id, name, savedAs, savedDigest, workflow, view, changedAt } = draft;
  const body = toJson({ name, saved_as: savedAs, saved_digest: savedDigest ?? null, changed_at: changedAt, workflow, view });
  return send(`/weft/drafts/${id}`, { method: "PUT", headers: { "Content-Type": "application/json" }, body, keepalive });
}

export async function readDraft(id: string): Promise<Draft> {
  const body = parseJson(await (await send(`/weft/drafts/${id}`)).text()) as { name: string; saved_as?: string | null; saved_digest?: string | null; changed_at?: number; workflow: JsonObject; view?: DocumentView };
  return { id, name: body.name, savedAs: body.saved_as ?? null, savedDigest: body.saved_digest ?? null, isDirty: true, workflow: body.workflow, view: body.view, prompts: [], changedAt: body.changed_at ?? 0 };
}
