/** What came of a run? The files and texts of its nodes, by the outputs of the form. */

import type { Job } from "../api/jobs";
import type { FileRef } from "../model/run_state";
import type { Json } from "../model/types";
import { t } from "../words";

export interface Shown {
  readonly label: string;
  readonly files: readonly FileRef[];
  readonly texts: readonly string[];
}
export interface WantedOutput {
  readonly key: string;
  readonly label: string;
}

const isFile = (value: unknown): value is FileRef => typeof value === "object" && value !== null && typeof (value as FileRef).filename === "string";

/** Files under whatever name a node lists them, and texts. */
export function readResults(output: Json): Omit<Shown, "label"> {
  const files: FileRef[] = [];
  const texts: string[] = [];
  if (typeof output === "object" && output !== null && !Array.isArray(output))
    for (const [name, entries] of Object.entries(output)) {
      if (!Array.isArray(entries)) continue;
      if (name === "text") texts.push(...entries.map(String));
      else files.push(...(entries as unknown[]).filter(isFile).map(({ filename, subfolder, type }) => ({ filename, subfolder: subfolder ?? "", type: type ?? "output" })));
    }
  return { files, texts };
}

/** The results of the wanted outputs in their order; of all nodes where none is wanted. */
export function resultsOf(outputs: Job["outputs"], wanted: readonly WantedOutput[]): Shown[] {
  const all = wanted.length > 0 ? wanted : Object.keys(outputs).map((key) => ({ key, label: "" }));
  return all.map(({ key, label }) => ({ label, ...readResults(outputs[key] ?? null) })).filter(({ files, texts }) => files.length + texts.length > 0);
}

export const firstFile = (shown: readonly Shown[]): FileRef | null => shown.flatMap(({ files }) => files)[0] ?? null;

/** Why a job made nothing, in words, with the node's name where `titleOf` knows it; "" for one that was cancelled. */
export function failureOf({ execution_error: error }: Job, titleOf: (key: string) => string | null): string {
  if (!error) return "";
  const said = String(error.exception_message ?? "").trim() || String(error.exception_type ?? t("errors.runFailedSilently"));
  const node = titleOf(String(error.node_id ?? "")) ?? String(error.node_type ?? "");
  return node ? `${node}: ${said}` : said;
}
