/** What lies in a file that someone opens? A workflow, a prompt, or a picture that carries one. */

import type { Definitions } from "./model/definitions";
import { parseJson } from "./model/exact_json";
import type { Graph } from "./model/graph";
import { readPictureTexts, svgText } from "./model/picture_metadata";
import { isPrompt, readPrompt } from "./model/prompt_read";
import type { CameraState } from "./model/workflow_write";
import { isObject, isWorkflow, readPoint, readWorkflow } from "./model/workflow_read";
import { t } from "./words";

const LARGEST_JSON = 64 * 1024 * 1024;

export interface Opened {
  readonly graph: Graph;
  /** Where the file looked last; null where it does not say. */
  readonly camera: CameraState | null;
  readonly messages: readonly string[];
}

function savedCamera(raw: unknown): CameraState | null {
  const ds = isObject(raw) && isObject(raw.extra) ? raw.extra.ds : undefined;
  if (!isObject(ds) || typeof ds.scale !== "number" || !(ds.scale > 0)) return null;
  const [x, y] = readPoint(ds.offset, [0, 0]);
  return { scale: ds.scale, x: x * ds.scale, y: y * ds.scale };
}

function missingMessage(types: readonly string[]): string[] {
  if (types.length === 0) return [];
  const names = types.slice(0, 5).join(", ") + (types.length > 5 ? ` and ${types.length - 5} more` : "");
  return [t("workflows.notInstalled", { names })];
}

/** Data of either format -> graph. Raises with the reason where it is neither. */
export function openData(data: unknown, definitions: Definitions): Opened {
  const isUi = isWorkflow(data);
  if (!isUi && isObject(data) && isPrompt(data.prompt)) return openData(data.prompt, definitions);
  if (!isUi && !isPrompt(data)) throw new Error(t("workflows.noWorkflow"));
  // copied, so that the graph owns its raw data
  const own: unknown = structuredClone(data);
  const media = new Set(["SaveImage", "PreviewImage", "LoadImage"]);
  const { graph, problems, missingTypes } = isUi ? readWorkflow(own, definitions) : readPrompt(own, definitions, (node) => media.has(node.type));
  return { graph, camera: isUi ? savedCamera(own) : null, messages: [...missingMessage(missingTypes), ...problems.slice(0, 3)] };
}

/** The workflow or prompt in a JSON file or in a picture's metadata; null for a file without one. */
export async function readFile(file: File): Promise<unknown> {
  if (file.type === "application/json" || file.name.toLowerCase().endsWith(".json")) {
    if (file.size > LARGEST_JSON) throw new Error(t("workflows.tooLarge", { size: Math.round(file.size / 1e6) }));
    return parseJson(await file.text());
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (file.type === "image/svg+xml" || /\.svg$/i.test(file.name)) {
    const inside = svgText(new TextDecoder().decode(bytes));
    const data = inside === null ? null : parseJson(inside);
    return isObject(data) ? (data.workflow ?? data.prompt ?? null) : null;
  }
  const texts = await readPictureTexts(bytes);
  const text = texts.workflow ?? texts.prompt;
  return text === undefined ? null : parseJson(text);
}
