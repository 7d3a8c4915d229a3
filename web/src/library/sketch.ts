/** How does a workflow look that has made no picture yet? Drawn small, its links among its nodes. */

import * as workflows from "../api/workflows";
import type { Editor } from "../editor";
import { Document } from "../model/document";
import { parseJson } from "../model/exact_json";
import { openData } from "../opening";
import { linkEnds, traceLink } from "../view/canvas/link_path";
import { mapPlace, paintMap, worldOf } from "../view/canvas/minimap";
import { typeColor, type Theme } from "../view/theme";

export const SKETCH_WIDTH = 320;
export const SKETCH_HEIGHT = 240;
const MOST_KEPT = 300;
const AT_ONCE = 3;

const kept = new Map<string, ImageBitmap>();
const waiting: (() => void)[] = [];
let busy = 0;

async function inTurn<T>(act: () => Promise<T>): Promise<T> {
  if (busy >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  busy += 1;
  try {
    return await act();
  } finally {
    busy -= 1;
    waiting.shift()?.();
  }
}

/** Draws a workflow; null where there is nothing in it. */
export function draw(document: Document, theme: Theme): OffscreenCanvas | null {
  const world = worldOf(document);
  if (!world) return null;
  const sheet = new OffscreenCanvas(SKETCH_WIDTH, SKETCH_HEIGHT);
  const context = sheet.getContext("2d")!;
  const place = mapPlace(world, SKETCH_WIDTH, SKETCH_HEIGHT);
  context.setTransform(place.scale, 0, 0, place.scale, place.x, place.y);
  context.lineWidth = 1.4 / place.scale;
  context.globalAlpha = 0.8;
  for (const link of document.graph.links.values()) {
    const path = new Path2D();
    traceLink(path, ...linkEnds(document, link));
    context.strokeStyle = typeColor(link.type, theme);
    context.stroke(path);
  }
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalAlpha = 1;
  paintMap(context, document, place, theme);
  return sheet;
}

/**
 * The drawing of a saved workflow, by the digest of its content; null where it is empty or can't be read.
 * `isWanted` is asked when its turn comes: what was scrolled past is not drawn.
 */
export async function sketchOf(editor: Editor, name: string, digest: string, isWanted: () => boolean): Promise<ImageBitmap | null> {
  const { theme } = editor.stage;
  const key = `${digest} ${theme.canvas}`;
  const known = kept.get(key);
  if (known) return known;
  return inTurn(async () => {
    if (!isWanted()) return null;
    try {
      const { text } = await workflows.read(name);
      const { graph } = openData(parseJson(text), editor.definitions);
      const bitmap = draw(new Document("", "", graph), theme)?.transferToImageBitmap() ?? null;
      if (bitmap) {
        kept.set(key, bitmap);
        if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value!);
      }
      return bitmap;
    } catch {
      return null; // opening it says what is wrong
    }
  });
}
