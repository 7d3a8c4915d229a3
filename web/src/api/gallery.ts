/** What did the user's jobs make? Pages of results from the server's index, newest first. */

import type { FileRef } from "../model/run_state";
import type { Json, JsonObject } from "../model/types";
import { getJson } from "./http";

export const MEDIA = ["image", "video", "audio", "latent", "model", "text"] as const;
export type Media = (typeof MEDIA)[number] | "other";

export interface Result {
  readonly file: FileRef;
  readonly media: Media;
  readonly size: number | null;
  readonly modified: number | null;
  readonly created: number;
  readonly job_id: string;
  readonly node_type: string;
  readonly node_title: string;
  /** Where the job tells its workflow; null where it came without one. */
  readonly workflow_at: string | null;
  readonly thumbnail: string | null;
}
export interface Page {
  readonly results: readonly Result[];
  readonly next: string | null;
  readonly total: number | null;
}
export interface Wanted {
  readonly search: string;
  /** "" for every kind. */
  readonly media: string;
}

export function page(wanted: Wanted, after: string | null, limit: number): Promise<Page> {
  const query = new URLSearchParams({ limit: String(limit) });
  for (const [name, value] of Object.entries({ ...wanted, after: after ?? "" })) if (value) query.set(name, value);
  return getJson(`/gallery?${query.toString()}`);
}

/** The workflow from which a result came, as the editor saved it. */
export async function workflowAt(address: string): Promise<Json> {
  const job = await getJson<{ workflow: { extra_data: { extra_pnginfo?: { workflow?: JsonObject } } } }>(address.replace(/^\/api/, ""));
  return job.workflow.extra_data.extra_pnginfo?.workflow ?? null;
}
