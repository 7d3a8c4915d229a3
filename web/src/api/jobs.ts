/** What became of a job, and where did its time go? */

import type { Prompt } from "../model/prompt";
import type { Timeline } from "../model/timeline";
import type { Json, JsonObject } from "../model/types";
import { getJson, HttpError } from "./http";

export interface Job {
  readonly id: string;
  readonly status: "pending" | "in_progress" | "completed" | "failed";
  readonly create_time: number;
  readonly execution_start_time: number | null;
  readonly execution_end_time: number | null;
  readonly execution_error: JsonObject | null;
  readonly outputs: Record<string, Json>;
  /** Null until the job has ended. */
  readonly timeline: Timeline | null;
  readonly workflow: { readonly prompt: Prompt };
}

/** Null for a job that the server does not know (any more). */
export async function job(id: string): Promise<Job | null> {
  try {
    return await getJson<Job>(`/jobs/${encodeURIComponent(id)}`);
  } catch (error) {
    if (error instanceof HttpError && error.status === 404) return null;
    throw error;
  }
}

/** The job that an address of its own names, as results carry it. */
export const jobOfAddress = (address: string): string | null => {
  const id = /\/jobs\/([^/?]+)$/.exec(address)?.[1];
  return id === undefined ? null : decodeURIComponent(id);
};
