/** What can be asked of the server? One function per question, each answer in a known shape. */

import { parseJson, toJson } from "../model/exact_json";
import type { Pack } from "../model/packs";
import type { FileRef } from "../model/run_state";
import type { Prompt } from "../model/prompt";
import type { Json, JsonObject } from "../model/types";
import { t } from "../words";

const BASE = "/api";

/** The server refused or could not be reached; `status` is 0 for the latter. */
export class HttpError extends Error {
  constructor(message: string, readonly status: number, readonly body: Json = null) {
    super(message);
  }
}

/** What went wrong, in the server's own words where it sent some. */
export function reason(error: unknown): string {
  const body = error instanceof HttpError ? error.body : null;
  if (body !== null && typeof body === "object" && "error" in body) return String(body.error);
  return error instanceof Error ? error.message : String(error);
}

export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(BASE + path, init);
  } catch {
    throw new HttpError(t("errors.noServer"), 0);
  }
  if (response.ok) return response;
  const text = await response.text();
  let body: Json = text;
  try {
    body = JSON.parse(text) as Json;
  } catch {
    // a plain-text answer stays the text it is
  }
  throw new HttpError(t("errors.answered", { request: `${init.method ?? "GET"} ${path}`, status: `${response.status} ${response.statusText}` }), response.status, body);
}

export const getJson = async <T>(path: string): Promise<T> => parseJson(await (await send(path)).text()) as T;

export const request = (method: string, path: string, body: unknown = {}): Promise<Response> =>
  send(path, { method, headers: { "Content-Type": "application/json" }, body: toJson(body) });

const post = (path: string, body: unknown): Promise<Response> => request("POST", path, body);

export interface QueueItem {
  readonly number: number;
  readonly promptId: string;
}
export interface QueueState {
  readonly running: readonly QueueItem[];
  readonly pending: readonly QueueItem[];
  /** No further job is begun until someone says so. */
  readonly isPaused: boolean;
}
export interface HistoryItem {
  readonly promptId: string;
  readonly outputs: Record<string, Json>;
  readonly workflow: Json;
  readonly succeeded: boolean;
  readonly messages: readonly (readonly [string, JsonObject])[];
}

type RawItem = [number, string, ...unknown[]];
type RawHistory = Record<string, { prompt?: unknown[]; outputs?: Record<string, Json>; status?: { status_str?: string; messages?: [string, JsonObject][] } }>;

const toItem = (item: RawItem): QueueItem => ({ number: item[0], promptId: item[1] });

function toHistory(raw: RawHistory): HistoryItem[] {
  return Object.entries(raw).map(([promptId, entry]) => {
    const extra = entry.prompt?.[3] as { extra_pnginfo?: { workflow?: Json } } | undefined;
    return {
      promptId, outputs: entry.outputs ?? {}, workflow: extra?.extra_pnginfo?.workflow ?? null,
      succeeded: entry.status?.status_str === "success", messages: entry.status?.messages ?? [],
    };
  });
}

/** How the loading of packs went; `loaded` is false as long as the server does not know. */
export const packs = (): Promise<{ readonly loaded: boolean; readonly packs: readonly Pack[] }> => getJson("/weft/packs");
export const objectInfo = (): Promise<JsonObject> => getJson("/object_info");
export const settings = (): Promise<JsonObject> => getJson("/settings");

export async function queue(): Promise<QueueState> {
  const raw = await getJson<{ queue_running: RawItem[]; queue_pending: RawItem[]; paused?: boolean }>("/queue");
  return { running: raw.queue_running.map(toItem), pending: raw.queue_pending.map(toItem).sort((a, b) => a.number - b.number), isPaused: raw.paused === true };
}

export const historyOf = async (promptId: string): Promise<HistoryItem | null> =>
  toHistory(await getJson<RawHistory>(`/history/${encodeURIComponent(promptId)}`))[0] ?? null;

export interface QueuedPrompt {
  readonly prompt_id: string;
  readonly number: number;
  readonly node_errors: JsonObject;
}

/** Queues a prompt, or only what its output nodes `targets` need. Raises HttpError with the server's `{error, node_errors}` in `body` where it was refused. */
export async function queuePrompt(prompt: Prompt, promptId: string, clientId: string, workflow: JsonObject, targets: readonly string[] | null): Promise<QueuedPrompt> {
  const response = await post("/prompt", { prompt, prompt_id: promptId, client_id: clientId, extra_data: { extra_pnginfo: { workflow } }, ...(targets ? { partial_execution_targets: targets } : {}) });
  return (await response.json()) as QueuedPrompt;
}

export const interrupt = (promptId: string): Promise<Response> => post("/interrupt", { prompt_id: promptId });
export const removeFromQueue = (promptIds: readonly string[]): Promise<Response> => post("/queue", { delete: promptIds });

/** Gives a waiting prompt another place; the smallest number runs first. */
export const moveInQueue = (promptId: string, number: number): Promise<Response> => post("/queue", { move: { [promptId]: number } });
export const pauseQueue = (isPaused: boolean): Promise<Response> => post("/queue", isPaused ? { pause: true } : { resume: true });

/** Uploads a picture into the input folder; the answer names it as the server stored it. */
export async function uploadImage(file: File, folder = "input"): Promise<FileRef & { readonly name: string }> {
  const form = new FormData();
  form.append("image", file, file.name);
  form.append("type", folder);
  const response = await send("/upload/image", { method: "POST", body: form });
  const answer = (await response.json()) as { name: string; subfolder: string; type: string };
  return { name: answer.subfolder ? `${answer.subfolder}/${answer.name}` : answer.name, filename: answer.name, subfolder: answer.subfolder, type: answer.type };
}

/** Stores the picture `original` with the alpha of `png` as a file of the input folder. */
export async function uploadMask(png: Blob, name: string, subfolder: string, original: FileRef): Promise<FileRef> {
  const form = new FormData();
  form.append("image", png, name);
  form.append("type", "input");
  form.append("subfolder", subfolder);
  form.append("original_ref", JSON.stringify(original));
  const answer = (await (await send("/upload/mask", { method: "POST", body: form })).json()) as { name: string; subfolder: string; type: string };
  return { filename: answer.name, subfolder: answer.subfolder, type: answer.type };
}

const userPath = (file: string): string => `/userdata/${encodeURIComponent(file)}`;

/** The files below one of the user's folders, by their paths in it; none where there is no such folder. */
export async function listUserFiles(folder: string): Promise<string[]> {
  // asked first, since a missing folder is an error that a browser prints
  const entries = await getJson<{ readonly name: string; readonly type: string }[]>("/v2/userdata");
  if (!entries.some((entry) => entry.type === "directory" && entry.name === folder)) return [];
  return getJson(`/userdata?dir=${encodeURIComponent(folder)}&recurse=true`);
}
export const readUserFile = async (file: string): Promise<string> => (await send(userPath(file))).text();
/** Raises HttpError 409 where a file is there and `overwrite` is false. */
export const writeUserFile = (file: string, text: string, overwrite: boolean): Promise<Response> =>
  send(`${userPath(file)}?overwrite=${overwrite}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: text });

/** The subgraphs that packs bring for all workflows, by their ids. */
export const packSubgraphs = (): Promise<Record<string, { readonly name: string; readonly info: { readonly node_pack?: string } }>> => getJson("/global_subgraphs");
export const packSubgraph = async (id: string): Promise<string> => (await getJson<{ readonly data: string }>(`/global_subgraphs/${encodeURIComponent(id)}`)).data;

/** Address of a file that a node made or read; `thumbnail` asks for a smaller WebP of it. */
export function viewUrl(ref: FileRef, thumbnail = false): string {
  const query = new URLSearchParams({ filename: ref.filename, type: ref.type, subfolder: ref.subfolder });
  if (thumbnail) query.set("preview", "webp;80");
  return `${BASE}/view?${query.toString()}`;
}

/** `folder/name.png [output]` as LoadImage names a file -> the file. */
export function annotatedRef(value: string, folder: string): FileRef {
  const match = /^(.*?)(?: \[(input|output|temp)\])?$/.exec(value);
  const path = match?.[1] ?? value;
  const cut = path.lastIndexOf("/");
  return { filename: path.slice(cut + 1), subfolder: cut < 0 ? "" : path.slice(0, cut), type: match?.[2] ?? folder };
}
