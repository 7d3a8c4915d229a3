/** What did the server say? Text and binary frames of the websocket -> one typed event. */

import type { Json, JsonObject } from "../model/types";

export interface NodeProgress {
  readonly node: string;
  readonly value: number;
  readonly max: number;
  readonly state: "pending" | "running" | "finished" | "error";
}

export type ServerEvent =
  | { readonly kind: "status"; readonly remaining: number }
  | { readonly kind: "started"; readonly prompt: string }
  | { readonly kind: "cached"; readonly prompt: string; readonly nodes: readonly string[] }
  | { readonly kind: "executing"; readonly prompt: string; readonly node: string | null }
  | { readonly kind: "progress"; readonly prompt: string; readonly nodes: readonly NodeProgress[] }
  | { readonly kind: "executed"; readonly prompt: string; readonly node: string; readonly output: Json }
  | { readonly kind: "succeeded"; readonly prompt: string }
  | { readonly kind: "failed"; readonly prompt: string; readonly node: string; readonly nodeType: string; readonly type: string; readonly message: string; readonly traceback: string }
  | { readonly kind: "interrupted"; readonly prompt: string; readonly node: string }
  | { readonly kind: "preview"; readonly prompt: string | null; readonly node: string | null; readonly image: Blob }
  | { readonly kind: "text"; readonly node: string; readonly text: string };

const isObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: Json | undefined): string => (typeof value === "string" || typeof value === "number" ? String(value) : "");
const number = (value: Json | undefined): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);

function progressState(data: JsonObject): NodeProgress[] {
  const nodes = isObject(data.nodes) ? data.nodes : {};
  return Object.entries(nodes).flatMap(([id, entry]) =>
    isObject(entry)
      ? [{ node: text(entry.display_node_id) || id, value: number(entry.value), max: number(entry.max), state: text(entry.state) as NodeProgress["state"] }]
      : [],
  );
}

function failure(data: JsonObject, prompt: string): ServerEvent {
  return {
    kind: "failed", prompt, node: text(data.node_id), nodeType: text(data.node_type), type: text(data.exception_type),
    message: text(data.exception_message), traceback: Array.isArray(data.traceback) ? data.traceback.map(String).join("") : "",
  };
}

/** A message `{type, data}` -> event; null for types that the editor has no use for. */
export function readMessage(type: string, data: JsonObject): ServerEvent | null {
  const prompt = text(data.prompt_id);
  switch (type) {
    case "status": {
      const info = isObject(data.status) && isObject(data.status.exec_info) ? data.status.exec_info : {};
      return { kind: "status", remaining: number(info.queue_remaining) };
    }
    case "execution_start":
      return { kind: "started", prompt };
    case "execution_cached":
      return { kind: "cached", prompt, nodes: Array.isArray(data.nodes) ? data.nodes.map(text) : [] };
    case "executing":
      return { kind: "executing", prompt, node: data.node === null || data.node === undefined ? null : text(data.display_node) || text(data.node) };
    case "progress":
      return { kind: "progress", prompt, nodes: [{ node: text(data.node), value: number(data.value), max: number(data.max), state: "running" }] };
    case "progress_state":
      return { kind: "progress", prompt, nodes: progressState(data) };
    case "executed":
      return { kind: "executed", prompt, node: text(data.display_node) || text(data.node), output: data.output ?? null };
    case "execution_success":
      return { kind: "succeeded", prompt };
    case "execution_error":
      return failure(data, prompt);
    case "execution_interrupted":
      return { kind: "interrupted", prompt, node: text(data.node_id) };
    default:
      return null;
  }
}

const mime = (kind: number): string => (kind === 2 ? "image/png" : "image/jpeg");

/** A preview that names its node: `uint32 length`, JSON, image. */
function previewWithMetadata(view: DataView): ServerEvent | null {
  const length = view.getUint32(4);
  if (8 + length > view.byteLength) return null;
  const bytes = new Uint8Array(view.buffer, view.byteOffset + 8, length);
  const metadata = JSON.parse(new TextDecoder().decode(bytes)) as JsonObject;
  const image = new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset + 8 + length);
  const type = text(metadata.image_type);
  return {
    kind: "preview", prompt: text(metadata.prompt_id) || null, node: text(metadata.display_node_id) || text(metadata.node_id) || null,
    image: new Blob([image], { type: type.includes("/") ? type : mime(type.toUpperCase() === "PNG" || type === "2" ? 2 : 1) }),
  };
}

/** A binary frame -> event; null for a kind we do not know or a frame that is cut short. */
export function readFrame(frame: ArrayBuffer): ServerEvent | null {
  if (frame.byteLength < 8) return null;
  const view = new DataView(frame);
  switch (view.getUint32(0)) {
    case 1:
      return { kind: "preview", prompt: null, node: null, image: new Blob([new Uint8Array(frame, 8)], { type: mime(view.getUint32(4)) }) };
    case 3: {
      const length = view.getUint32(4);
      if (8 + length > frame.byteLength) return null;
      const decoder = new TextDecoder();
      return { kind: "text", node: decoder.decode(new Uint8Array(frame, 8, length)), text: decoder.decode(new Uint8Array(frame, 8 + length)) };
    }
    case 4:
      return previewWithMetadata(view);
    default:
      return null;
  }
}
