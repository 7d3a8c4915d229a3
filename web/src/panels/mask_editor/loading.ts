/** How do a picture and its mask come from the server, and how does a mask go there? As the alpha of a PNG, free where it is painted. */

import { send, viewUrl } from "../../api/http";
import { Mask } from "../../model/mask/mask";
import type { FileRef } from "../../model/run_state";

export interface Painting {
  /** The colours alone: what is transparent in the file is seen too. */
  readonly picture: ImageBitmap;
  readonly mask: Mask;
}

const BASE = "/api";

/** One channel of a picture, "rgb" or "a". */
async function channel(ref: FileRef, which: "rgb" | "a"): Promise<ImageBitmap> {
  const answer = await send(`${viewUrl(ref).slice(BASE.length)}&channel=${which}`);
  return createImageBitmap(await answer.blob());
}

function sheet(width: number, height: number): { canvas: OffscreenCanvas; context: OffscreenCanvasRenderingContext2D } {
  const canvas = new OffscreenCanvas(width, height);
  return { canvas, context: canvas.getContext("2d", { willReadFrequently: true })! };
}

/** The picture, and its transparency as the mask to go on with. */
export async function load(ref: FileRef): Promise<Painting> {
  const [picture, alpha] = await Promise.all([channel(ref, "rgb"), channel(ref, "a")]);
  const { context } = sheet(alpha.width, alpha.height);
  context.drawImage(alpha, 0, 0);
  const pixels = context.getImageData(0, 0, alpha.width, alpha.height).data;
  const mask = new Mask(alpha.width, alpha.height);
  for (let at = 0; at < mask.data.length; at++) mask.data[at] = 255 - pixels[at * 4 + 3]!;
  alpha.close();
  return { picture, mask };
}

/** A PNG whose alpha is the mask turned round; its colours do not matter, the server keeps the picture's. */
export function toPng(mask: Mask): Promise<Blob> {
  const { canvas, context } = sheet(mask.width, mask.height);
  const image = new ImageData(mask.width, mask.height);
  for (let at = 0; at < mask.data.length; at++) image.data[at * 4 + 3] = 255 - mask.data[at]!;
  context.putImageData(image, 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}
