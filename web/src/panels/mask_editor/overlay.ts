/** What is seen while a mask is painted? The mask as a colour over the picture, drawn again only where it changed. */

import type { Area, Mask } from "../../model/mask/mask";
import type { Point } from "../../model/types";

/** As strong as the colour gets, so that the picture shines through. */
const STRENGTH = 0.62;
const COLOUR = [255, 64, 96] as const;

export class Overlay {
  private readonly context: CanvasRenderingContext2D;

  constructor(canvas: HTMLCanvasElement, private readonly mask: Mask) {
    canvas.width = mask.width;
    canvas.height = mask.height;
    this.context = canvas.getContext("2d")!;
    this.show(mask.whole);
  }

  show(area: Area | null): void {
    if (!area) return;
    const image = new ImageData(area.width, area.height);
    for (let y = 0, at = 0; y < area.height; y++)
      for (let x = 0; x < area.width; x++, at += 4) {
        const value = this.mask.data[(area.y + y) * this.mask.width + area.x + x]!;
        [image.data[at], image.data[at + 1], image.data[at + 2]] = COLOUR;
        image.data[at + 3] = value * STRENGTH;
      }
    this.context.putImageData(image, area.x, area.y);
  }
}

/** A polygon as the `points` of an SVG line. */
export const polyline = (points: readonly Point[]): string => points.map((point) => point.join(",")).join(" ");
