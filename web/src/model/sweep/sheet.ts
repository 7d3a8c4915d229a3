/** How is a contact sheet laid out? Sizes and places in pixels; what draws it only follows them. */

import type { Json } from "../types";

/** Browsers draw no larger canvas than this on a side, and slower devices none of more pixels. */
const LONGEST_SIDE = 16_000;
const MOST_PIXELS = 60e6;
const LARGEST_CELL = 512;
const GAP = 8;
const MARGIN = 20;
const TITLE = 54;
const HEAD = 34;
const SIDE = 150;
const LONGEST_LABEL = 80;

export interface SheetLayout {
  readonly width: number;
  readonly height: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
  /** Left upper corner of a cell. */
  readonly at: (column: number, row: number) => readonly [x: number, y: number];
  /** Middle of the labels over the columns, and left edge and room of those beside the rows. */
  readonly headY: number;
  readonly sideX: number;
  readonly sideWidth: number;
  readonly titleY: number;
}

/** For pictures of the given size, made smaller where the sheet would be too large. */
export function layoutSheet(columns: number, rows: number, hasRowLabels: boolean, pictureWidth: number, pictureHeight: number): SheetLayout {
  const sideWidth = hasRowLabels ? SIDE : 0;
  const left = MARGIN + (hasRowLabels ? SIDE + GAP : 0);
  const top = MARGIN + TITLE + HEAD;
  const widest = (LONGEST_SIDE - left - MARGIN) / columns - GAP;
  const tallest = (LONGEST_SIDE - top - MARGIN) / rows - GAP;
  const byArea = Math.sqrt(MOST_PIXELS / (columns * rows * pictureWidth * pictureHeight));
  const scale = Math.min(1, LARGEST_CELL / pictureWidth, LARGEST_CELL / pictureHeight, widest / pictureWidth, tallest / pictureHeight, byArea);
  const [cellWidth, cellHeight] = [Math.max(1, Math.floor(pictureWidth * scale)), Math.max(1, Math.floor(pictureHeight * scale))];
  return {
    width: left + columns * (cellWidth + GAP) - GAP + MARGIN, height: top + rows * (cellHeight + GAP) - GAP + MARGIN, cellWidth, cellHeight,
    at: (column, row) => [left + column * (cellWidth + GAP), top + row * (cellHeight + GAP)],
    headY: top - HEAD / 2, sideX: MARGIN, sideWidth, titleY: MARGIN + TITLE / 2 - 4,
  };
}

/** A value as a label: names of files without their folder and ending, long texts cut. */
export function labelOf(value: Json): string {
  if (typeof value === "boolean") return value ? "on" : "off";
  const text = String(value).replace(/\s+/g, " ").replace(/^.*[\\/](?=[^\\/]+\.(?:safetensors|ckpt|pt|sft|png|jpe?g|webp)$)/i, "").replace(/\.(?:safetensors|ckpt|pt|sft)$/i, "");
  return text.length > LONGEST_LABEL ? `${text.slice(0, LONGEST_LABEL - 1)}…` : text;
}

/** Breaks a label into lines that fit, at spaces where it can; the last of `most` lines is cut with an ellipsis. */
export function wrap(text: string, width: number, most: number, measure: (text: string) => number): string[] {
  const lines: string[] = [];
  let line = "";
  const push = (): void => {
    if (line) lines.push(line);
    line = "";
  };
  for (const word of text.split(" ")) {
    const next = line ? `${line} ${word}` : word;
    if (measure(next) <= width) {
      line = next;
      continue;
    }
    push();
    line = word;
    while (measure(line) > width && line.length > 1) {
      let cut = line.length - 1;
      while (cut > 1 && measure(line.slice(0, cut)) > width) cut -= 1;
      lines.push(line.slice(0, cut));
      line = line.slice(cut);
    }
  }
  push();
  if (lines.length <= most) return lines;
  let last = `${lines[most - 1]!}…`;
  while (measure(last) > width && last.length > 1) last = `${last.slice(0, -2)}…`;
  return [...lines.slice(0, most - 1), last];
}
