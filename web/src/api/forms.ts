/** Which forms did their owners publish for everybody whom the server lets in? */

import { parseJson } from "../model/exact_json";
import type { JsonObject } from "../model/types";
import { getJson, request, send } from "./http";

export interface Published {
  /** Of its address. */
  readonly id: string;
  /** The workflow's own id; "" if it has none. */
  readonly workflow: string;
  /** The file that it was taken from. */
  readonly name: string;
  /** Names the content that it was taken from. */
  readonly digest: string;
  readonly published_ms: number;
}

export const publishedForms = async (): Promise<readonly Published[]> => (await getJson<{ readonly forms: readonly Published[] }>("/weft/forms")).forms;

/** Publishes a saved workflow as it is under `digest`, at the address that it has already, if any. */
export const publishForm = async (workflow: string, digest: string): Promise<Published> => parseJson(await (await request("POST", "/weft/forms", { workflow, digest })).text()) as unknown as Published;

export const takeBackForm = (id: string): Promise<Response> => send(`/weft/forms/${encodeURIComponent(id)}`, { method: "DELETE" });
export const readForm = (id: string): Promise<{ readonly name: string; readonly workflow: JsonObject }> => getJson(`/weft/forms/${encodeURIComponent(id)}`);

/** The form that was published of a workflow, also where it was renamed since. */
export const formOf = (forms: readonly Published[], id: string, file: string): Published | undefined => forms.find((form) => (id !== "" && form.workflow !== "" ? form.workflow === id : form.name === file));
