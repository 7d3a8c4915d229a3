/** What does the server know of saved workflows and of model files? */

import type { FileRef } from "../model/run_state";
import { getJson, request, send } from "./http";

export interface LibraryEntry {
  readonly name: string;
  readonly digest: string;
  readonly size: number;
  readonly modified_ms: number;
  readonly versions: number;
  /** The workflow's own id; "" where it has none. */
  readonly id: string;
  readonly nodes: number;
  readonly models: readonly string[];
  /** For each of these the types of the nodes that name it. */
  readonly named_by: Readonly<Record<string, readonly string[]>>;
}
export interface Library {
  readonly folders: readonly string[];
  readonly workflows: readonly LibraryEntry[];
  readonly notice: string;
}

export const library = (search = ""): Promise<Library> => getJson(`/weft/library${search ? `?${new URLSearchParams({ search })}` : ""}`);

/** At most so many ids are asked for at once. */
export const MOST_IDS = 100;
/** Addresses of small pictures of what workflows made last, by the workflows' ids. */
export const lastPictures = (ids: readonly string[]): Promise<Record<string, string>> => getJson(`/weft/library/pictures?${new URLSearchParams(ids.map((id) => ["id", id]))}`);

const folderPath = (name: string): string => `/weft/library/folders/${encodeURIComponent(name)}`;
export const makeFolder = (name: string): Promise<Response> => send(folderPath(name), { method: "PUT" });
export const moveFolder = (name: string, to: string): Promise<Response> => send(`${folderPath(name)}/move?${new URLSearchParams({ to })}`, { method: "POST" });
export const removeFolder = async (name: string): Promise<{ readonly trashed: number; readonly left: number }> =>
  (await (await send(folderPath(name), { method: "DELETE" })).json()) as { trashed: number; left: number };
export const moveWorkflow = (name: string, to: string): Promise<Response> => send(`/weft/workflows/${encodeURIComponent(name)}/move?${new URLSearchParams({ to })}`, { method: "POST" });

export interface ModelInfo {
  readonly kind: string;
  readonly name: string;
  readonly root: number;
  readonly size: number;
  readonly modified_ms: number;
  readonly picture: string | null;
}
export interface Models {
  readonly kinds: readonly { readonly name: string; readonly folders: readonly string[] }[];
  readonly models: readonly ModelInfo[];
}
export interface AboutModel extends ModelInfo {
  readonly path: string;
  readonly has_chosen_picture: boolean;
  readonly family: string;
  readonly title: string;
  readonly author: string;
  readonly description: string;
  readonly license: string;
  readonly usage: string;
  readonly architecture: string;
  readonly base: string;
  readonly resolution: string;
  readonly triggers: string;
  readonly rank: string;
  readonly tags: readonly { readonly tag: string; readonly count: number }[];
  readonly types: Readonly<Record<string, number>>;
  readonly numbers: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly sha256: string;
  /** Why its header can't be read. */
  readonly problem: string;
}

type Which = Pick<ModelInfo, "kind" | "name" | "root">;
const asked = ({ kind, name, root }: Which): string => new URLSearchParams({ kind, name, root: String(root) }).toString();

export const models = (): Promise<Models> => getJson("/weft/models");
export const aboutModel = (which: Which): Promise<AboutModel> => getJson(`/weft/models/about?${asked(which)}`);
export const hashModel = async (which: Which): Promise<string> => ((await (await send(`/weft/models/hash?${asked(which)}`, { method: "POST" })).json()) as { sha256: string }).sha256;
export const choosePicture = (which: Which, picture: FileRef): Promise<Response> => request("PUT", `/weft/models/picture?${asked(which)}`, picture);
export const forgetPicture = (which: Which): Promise<Response> => send(`/weft/models/picture?${asked(which)}`, { method: "DELETE" });
