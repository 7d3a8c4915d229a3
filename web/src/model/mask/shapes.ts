/** Which pixels lie in a polygon, or together with one of them? Filling, and softening of edges. */

import { clip, type Area, type Mask } from "./mask";
import type { Point } from "../types";

/** Lines per pixel at which a polygon's edges are looked at. */
const LINES = 4;
/** Values from here on count as painted where a filling ends. */
const PAINTED = 128;
const BLURS = 3;

/** Where a line crosses the edges of a polygon, from left to right. */
function crossings(points: readonly Point[], y: number): number[] {
  const found: number[] = [];
  for (const [index, [x1, y1]] of points.entries()) {
    const [x2, y2] = points[(index + 1) % points.length]!;
    if (y1 <= y !== y2 <= y) found.push(x1 + ((y - y1) / (y2 - y1)) * (x2 - x1));
  }
  return found.sort((a, b) => a - b);
}

/** How much of each pixel of a row a polygon covers, 0..1, for `width` pixels from `left`. */
function coverRow(points: readonly Point[], row: number, left: number, width: number): Float32Array {
  const cover = new Float32Array(width);
  for (let line = 0; line < LINES; line++) {
    const edges = crossings(points, row + (line + 0.5) / LINES);
    for (let pair = 0; pair + 1 < edges.length; pair += 2) {
      const from = Math.max(0, edges[pair]! - left);
      const to = Math.min(width, edges[pair + 1]! - left);
      for (let x = Math.floor(from); x < to; x++) cover[x]! += (Math.min(to, x + 1) - Math.max(from, x)) / LINES;
    }
  }
  return cover;
}

/** Fills a polygon (even-odd where it crosses itself) or clears it, as one step. */
export function fillPolygon(mask: Mask, points: readonly Point[], opacity: number, erases: boolean): Area | null {
  if (points.length < 3) return null;
  const [xs, ys] = [points.map((point) => point[0]), points.map((point) => point[1])];
  const area = clip(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys), mask.width, mask.height);
  if (!area) return null;
  mask.remember(mask.data, area);
  for (let y = area.y; y < area.y + area.height; y++) {
    const cover = coverRow(points, y, area.x, area.width);
    for (let x = 0; x < area.width; x++) {
      const at = y * mask.width + area.x + x;
      const part = Math.min(1, cover[x]!) * opacity;
      const before = mask.data[at]!;
      mask.data[at] = Math.round(erases ? before * (1 - part) : before + (255 - before) * part);
    }
  }
  return area;
}

/** Fills what lies together with a pixel, up to where it is painted (or, to clear, all that is painted with it), as one step. */
export function fillFrom(mask: Mask, x: number, y: number, erases: boolean): Area | null {
  const { width, height, data } = mask;
  if (x < 0 || y < 0 || x >= width || y >= height) return null;
  const isPainted = (at: number): boolean => data[at]! >= PAINTED;
  if (isPainted(y * width + x) !== erases) return null;
  const before = data.slice();
  const seen = new Uint8Array(data.length);
  const open = [y * width + x];
  let [left, top, right, bottom] = [x, y, x, y];
  while (open.length > 0) {
    const row = Math.floor(open[open.length - 1]! / width) * width;
    let start = open.pop()!;
    if (seen[start]) continue;
    while (start > row && isPainted(start - 1) === erases && !seen[start - 1]) start--;
    let end = start;
    for (; end < row + width && isPainted(end) === erases && !seen[end]; end++) {
      seen[end] = 1;
      for (const next of [end - width, end + width]) if (next >= 0 && next < data.length && !seen[next] && isPainted(next) === erases) open.push(next);
    }
    [left, right] = [Math.min(left, start - row), Math.max(right, end - row)];
    [top, bottom] = [Math.min(top, row / width), Math.max(bottom, row / width + 1)];
  }
  for (let at = 0; at < data.length; at++) if (seen[at]) data[at] = erases ? 0 : 255;
  const area = clip(left, top, right, bottom, width, height);
  mask.remember(before, area);
  return area;
}

const clamped = (index: number, count: number): number => (index < 0 ? 0 : index >= count ? count - 1 : index);

/** Running means over `2 * radius + 1` values of each row; what lies outside is as the edge. */
function blurRows(from: Float32Array, to: Float32Array, { width, height }: Area, radius: number): void {
  for (let start = 0; start < width * height; start += width) {
    let sum = 0;
    for (let x = -radius; x <= radius; x++) sum += from[start + clamped(x, width)]!;
    for (let x = 0; x < width; x++) {
      to[start + x] = sum / (2 * radius + 1);
      sum += from[start + clamped(x + radius + 1, width)]! - from[start + clamped(x - radius, width)]!;
    }
  }
}

/** The same for each column; row by row, since that is how memory is read fast. */
function blurColumns(from: Float32Array, to: Float32Array, { width, height }: Area, radius: number): void {
  const sums = new Float64Array(width);
  for (let y = -radius; y <= radius; y++) for (let x = 0, row = clamped(y, height) * width; x < width; x++) sums[x]! += from[row + x]!;
  for (let y = 0; y < height; y++) {
    const [comes, goes] = [clamped(y + radius + 1, height) * width, clamped(y - radius, height) * width];
    for (let x = 0; x < width; x++) {
      to[y * width + x] = sums[x]! / (2 * radius + 1);
      sums[x]! += from[comes + x]! - from[goes + x]!;
    }
  }
}

/** Where a mask is not all of one value, with `margin` around it; null where it is. */
function variedArea({ data, width, height }: Mask, margin: number): Area | null {
  const even = data[0]!;
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at++)
      if (data[at] !== even) {
        if (x < left) left = x;
        if (x > right) right = x;
        if (y < top) top = y;
        bottom = y;
      }
  return right < 0 ? null : clip(left - margin, top - margin, right + 1 + margin, bottom + 1 + margin, width, height);
}

/** Softens the edges over about `radius` pixels, as one step: three running means are nearly a Gaussian. Gives the area that changed. */
export function feather(mask: Mask, radius: number): Area | null {
  const each = Math.max(1, Math.round(radius / BLURS));
  const area = variedArea(mask, BLURS * each + 1);
  if (!area) return null;
  mask.remember(mask.data, area);
  const row = (y: number): number => (area.y + y) * mask.width + area.x;
  const values = new Float32Array(area.width * area.height);
  const other = new Float32Array(values.length);
  for (let y = 0; y < area.height; y++) values.set(mask.data.subarray(row(y), row(y) + area.width), y * area.width);
  for (let times = 0; times < BLURS; times++) {
    blurRows(values, other, area, each);
    blurColumns(other, values, area, each);
  }
  for (let y = 0; y < area.height; y++) for (let x = 0; x < area.width; x++) mask.data[row(y) + x] = Math.round(values[y * area.width + x]!);
  return area;
}

/** What was painted is free, and the other way round, as one step. */
export const invert = (mask: Mask): void => mask.replace(mask.data.map((value) => 255 - value));

export const clear = (mask: Mask): void => mask.replace(new Uint8Array(mask.data.length));
