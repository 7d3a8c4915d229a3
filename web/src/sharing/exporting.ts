/** What goes out when a workflow is shared? JSON, a prompt or a picture of the graph, with no more in it than was chosen. */

import { reason, viewUrl } from "../api/http";
import type { FileRef } from "../model/run_state";
import type { Editor } from "../editor";
import type { Document } from "../model/document";
import { toJson } from "../model/exact_json";
import type { Graph } from "../model/graph";
import { findPrivate, leaveOut, type Found, type PrivatePart } from "../model/private_parts";
import { buildPrompt } from "../model/prompt";
import type { JsonObject, NodeId } from "../model/types";
import { readWorkflow } from "../model/workflow_read";
import { writeWorkflow } from "../model/workflow_write";
import { t } from "../words";
import { pngWith } from "./embed";
import { graphSvg, type SvgPicture } from "./graph_svg";
import { withoutMetadata } from "./strip_metadata";

export const KINDS = ["workflow", "api", "png", "svg"] as const;
export type Kind = (typeof KINDS)[number];

export interface Wanted {
  readonly kind: Kind;
  /** Of a picture: only the selected nodes. */
  readonly isSelection: boolean;
  /** Of a picture: with the workflow in it. */
  readonly isEmbedded: boolean;
  readonly without: ReadonlySet<PrivatePart>;
}

const copyOf = (document: Document): Graph => readWorkflow(structuredClone(document.toWorkflow()), document.root.definitions).graph;

/** What the whole workflow tells. */
export const tellsOf = (document: Document): Found => findPrivate(copyOf(document));

function cleaned(document: Document, without: ReadonlySet<PrivatePart>): Graph {
  const graph = copyOf(document);
  if (without.size > 0) leaveOut(graph, without);
  return graph;
}

const written = (document: Document, without: ReadonlySet<PrivatePart>): JsonObject => (without.size === 0 ? document.toWorkflow() : writeWorkflow(cleaned(document, without)));

/** A colour as every program knows it: the browser paints one pixel of it. */
function painter(): (color: string) => string {
  const brush = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })!;
  const known = new Map<string, string>();
  return (color) => {
    let found = known.get(color);
    if (found === undefined) {
      brush.fillStyle = "#000";
      brush.fillStyle = color;
      brush.fillRect(0, 0, 1, 1);
      found = `#${[...brush.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
      known.set(color, found);
    }
    return found;
  };
}

/** Browsers draw no canvas beyond these. */
const LONGEST_SIDE = 16_000;
const MOST_PIXELS = 120e6;

async function asPng({ svg, width, height }: SvgPicture): Promise<Uint8Array> {
  const scale = Math.min(2, LONGEST_SIDE / Math.max(width, height), Math.sqrt(MOST_PIXELS / (width * height)));
  const picture = new Image();
  picture.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    await picture.decode();
    const canvas = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale));
    canvas.getContext("2d")!.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
  } finally {
    URL.revokeObjectURL(picture.src);
  }
}

/** A picture shows the values as they go out: what is left out is not drawn either. */
function drawn(editor: Editor, document: Document, { isSelection, isEmbedded, kind, without }: Wanted): SvgPicture {
  const ids: readonly NodeId[] | null = isSelection ? [...document.selection.peek()] : null;
  const values = new Map<string, Record<string, unknown>>();
  if (without.size > 0) for (const graph of cleaned(document, without).everyGraph()) for (const node of graph.nodes.values()) values.set(`${graph.id ?? ""} ${node.id}`, node.values);
  const said = (id: NodeId, name: string): unknown => values.get(`${document.graph.id ?? ""} ${id}`)?.[name];
  return graphSvg(document, ids, editor.stage.theme, painter(), { workflow: isEmbedded && kind === "svg" ? written(document, without) : null, said });
}

export interface Made {
  readonly name: string;
  readonly blob: Blob;
}

/** Makes the file. Raises in words where there is nothing to make it of. */
export async function make(editor: Editor, document: Document, wanted: Wanted): Promise<Made> {
  const name = document.name.peek();
  switch (wanted.kind) {
    case "workflow":
      return { name: `${name}.json`, blob: new Blob([toJson(written(document, wanted.without), 2)], { type: "application/json" }) };
    case "api":
      return { name: `${name}_api.json`, blob: new Blob([toJson(buildPrompt(wanted.without.size > 0 ? cleaned(document, wanted.without) : document.root), 2)], { type: "application/json" }) };
    case "svg":
      return { name: `${name}.svg`, blob: new Blob([drawn(editor, document, wanted).svg], { type: "image/svg+xml" }) };
    case "png": {
      const png = await asPng(drawn(editor, document, wanted));
      return { name: `${name}.png`, blob: new Blob([wanted.isEmbedded ? pngWith(png, written(document, wanted.without)) : png.slice()], { type: "image/png" }) };
    }
  }
}

export function downloadBlob({ name, blob }: Made): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Puts it on the clipboard; a PNG as a picture, all else as text. */
export async function copyOut({ blob }: Made): Promise<void> {
  if (typeof navigator.clipboard?.write !== "function") throw new Error(t("sharing.noClipboard"));
  await (blob.type === "image/png" ? navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]) : navigator.clipboard.writeText(await blob.text()));
}

/** Downloads a result without what it says of its making. */
export async function downloadBare(editor: Editor, ref: FileRef): Promise<void> {
  try {
    const answer = await fetch(viewUrl(ref));
    if (!answer.ok) throw new Error(t("looking.serverAnswered", { status: answer.status }));
    downloadBlob({ name: ref.filename, blob: new Blob([withoutMetadata(new Uint8Array(await answer.arrayBuffer()), ref.filename)], { type: answer.headers.get("Content-Type") ?? "" }) });
  } catch (error) {
    editor.ui.tell(t("sharing.bareFails", { name: ref.filename, why: reason(error) }), "error");
  }
}
