/** What does a brush leave on a mask? Each pixel takes the strongest touch of a stroke, so that crossing itself adds nothing. */

import { clip, joined, type Area, type Mask } from "./mask";

export interface Brush {
  /** Diameter in pixels of the picture. */
  readonly size: number;
  /** The part of the radius that is full, 0..1; beyond it the touch fades to nothing. */
  readonly hardness: number;
  /** How much a stroke may add or take away, 0..1. */
  readonly opacity: number;
  readonly erases: boolean;
}
export interface Touch {
  readonly x: number;
  readonly y: number;
  /** 0..1; 1 is the brush at its size. */
  readonly pressure: number;
}

/** A pen that barely touches still draws this part of the size. */
const THINNEST = 0.15;

/** How strongly a brush of `radius` touches a point at `distance`, 0..1; hard edges are smooth over one pixel. */
export function touchAt(distance: number, radius: number, hardness: number): number {
  const fade = Math.max(radius * (1 - hardness), 1);
  const part = Math.max(0, Math.min(1, (radius + 0.5 - distance) / fade));
  return part * part * (3 - 2 * part);
}

export class Stroke {
  private readonly before: Uint8Array;
  private readonly coverage: Uint8Array;
  private last: Touch | null = null;
  private area: Area | null = null;

  constructor(private readonly mask: Mask, private readonly brush: Brush) {
    this.before = mask.data.slice();
    this.coverage = new Uint8Array(mask.data.length);
  }

  /** Goes on to a point; gives the area that changed. */
  to(touch: Touch): Area | null {
    const from = this.last ?? touch;
    this.last = touch;
    const reach = this.brush.size / 2 + 1;
    const { width, height } = this.mask;
    const area = clip(Math.min(from.x, touch.x) - reach, Math.min(from.y, touch.y) - reach, Math.max(from.x, touch.x) + reach, Math.max(from.y, touch.y) + reach, width, height);
    if (!area) return null;
    this.cover(area, from, touch);
    this.area = joined(this.area, area);
    return area;
  }

  /** Ends the stroke: it is one step to undo. */
  end(): void {
    this.mask.remember(this.before, this.area);
  }

  /** Takes the stroke back as if it had not begun; gives the area that changed. */
  cancel(): Area | null {
    this.mask.data.set(this.before);
    return this.area;
  }

  /** Touches the pixels of `area` by their distance from the line between two points. */
  private cover(area: Area, from: Touch, to: Touch): void {
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const squared = dx * dx + dy * dy;
    const radius = (pressure: number): number => (this.brush.size / 2) * (THINNEST + (1 - THINNEST) * pressure);
    const [start, end] = [radius(from.pressure), radius(to.pressure)];
    for (let y = area.y; y < area.y + area.height; y++)
      for (let x = area.x; x < area.x + area.width; x++) {
        const [px, py] = [x + 0.5 - from.x, y + 0.5 - from.y];
        const along = squared === 0 ? 0 : Math.max(0, Math.min(1, (px * dx + py * dy) / squared));
        const distance = Math.hypot(px - along * dx, py - along * dy);
        const strength = Math.round(255 * touchAt(distance, start + (end - start) * along, this.brush.hardness));
        const at = y * this.mask.width + x;
        if (strength > this.coverage[at]!) this.paint(at, strength);
      }
  }

  private paint(at: number, strength: number): void {
    this.coverage[at] = strength;
    const before = this.before[at]!;
    const part = (strength / 255) * this.brush.opacity;
    this.mask.data[at] = Math.round(this.brush.erases ? before * (1 - part) : before + (255 - before) * part);
  }
}
