/** What is known of a node's run? Its progress, preview, results and errors. */

import type { Json, NodeId } from "./types";

export interface FileRef {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: string;
}

export type Phase = "idle" | "waiting" | "running" | "done" | "cached" | "error";

export interface NodeError {
  /** The input it is about; "" for the node as a whole. */
  readonly input: string;
  readonly message: string;
  readonly details: string;
  /** Key of the node inside the subgraph that it is about. */
  readonly inside?: string;
}

export interface NodeRun {
  readonly phase: Phase;
  readonly value: number;
  readonly max: number;
  /** Address of the newest preview (a blob) while it runs. */
  readonly preview: string | null;
  readonly images: readonly FileRef[];
  readonly texts: readonly string[];
  readonly errors: readonly NodeError[];
}

export const IDLE: NodeRun = { phase: "idle", value: 0, max: 0, preview: null, images: [], texts: [], errors: [] };

export interface RunError {
  readonly title: string;
  readonly message: string;
  /** Key of the node, through the subgraphs it is in. */
  readonly node: NodeId | null;
  readonly details: string;
}

const isFileRef = (value: unknown): value is FileRef =>
  typeof value === "object" && value !== null && typeof (value as FileRef).filename === "string";

const asRef = (value: FileRef): FileRef => ({ filename: value.filename, subfolder: value.subfolder ?? "", type: value.type ?? "output" });

/** The pictures and texts of a node's `ui` output. */
export function readOutput(output: Json | undefined): Pick<NodeRun, "images" | "texts"> {
  const images: FileRef[] = [];
  const texts: string[] = [];
  if (typeof output === "object" && output !== null && !Array.isArray(output))
    for (const [name, entries] of Object.entries(output)) {
      if (!Array.isArray(entries)) continue;
      if (["images", "gifs", "animated"].includes(name)) images.push(...(entries as unknown[]).filter(isFileRef).map(asRef));
      else if (name === "text") texts.push(...entries.map(String));
    }
  return { images, texts };
}
