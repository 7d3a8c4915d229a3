/** The contact sheet of a sweep, drawn on a canvas. */

import { viewUrl } from "../api/http";
import { labelOf, layoutSheet, wrap, type SheetLayout } from "../model/sweep/sheet";
import type { Axis } from "../model/sweep/sweep";
import { t } from "../words";
import type { Cell } from "./sweep_run";

const FONT = "system-ui, 'Segoe UI', 'Helvetica Neue', 'Noto Sans', sans-serif";
const PAPER = "#ffffff";
const INK = "#1d212b";
const PALE = "#636b7e";
const EMPTY = "#eceef4";
const LINE = 17;

export const nameOf = ({ widget }: Axis): string => `${widget.title}: ${widget.spec.label}`;

function loadPicture(cell: Cell): Promise<HTMLImageElement | null> {
  if (!cell.image) return Promise.resolve(null);
  const image = new Image();
  image.src = viewUrl(cell.image);
  return image.decode().then(() => image, () => null); // a file that is gone leaves its cell empty
}

function drawLines(context: CanvasRenderingContext2D, lines: readonly string[], x: number, middle: number): void {
  lines.forEach((line, index) => context.fillText(line, x, middle + (index - (lines.length - 1) / 2) * LINE));
}

function drawLabels(context: CanvasRenderingContext2D, sheet: SheetLayout, x: Axis, y: Axis | null, title: string): void {
  const measure = (text: string): number => context.measureText(text).width;
  context.textBaseline = "middle";
  context.fillStyle = INK;
  context.font = `600 18px ${FONT}`;
  context.textAlign = "left";
  context.fillText(wrap(title, sheet.width - 40, 1, measure)[0] ?? "", 20, sheet.titleY - 12);
  context.font = `13px ${FONT}`;
  context.fillStyle = PALE;
  context.fillText(wrap([t("sweep.acrossIs", { name: nameOf(x) }), y ? t("sweep.downIs", { name: nameOf(y) }) : ""].join("   ").trimEnd(), sheet.width - 40, 1, measure)[0] ?? "", 20, sheet.titleY + 12);
  context.fillStyle = INK;
  context.font = `600 13px ${FONT}`;
  context.textAlign = "center";
  x.values.forEach((value, column) => drawLines(context, wrap(labelOf(value), sheet.cellWidth, 2, measure), sheet.at(column, 0)[0] + sheet.cellWidth / 2, sheet.headY));
  context.textAlign = "right";
  const most = Math.max(1, Math.floor(sheet.cellHeight / LINE));
  y?.values.forEach((value, row) => drawLines(context, wrap(labelOf(value), sheet.sideWidth - 6, most, measure), sheet.sideX + sheet.sideWidth, sheet.at(0, row)[1] + sheet.cellHeight / 2));
}

/** Draws every cell in its place, whole and undistorted. A picture is decoded, drawn and let go before the next. */
export async function drawSheet(canvas: HTMLCanvasElement, cells: readonly Cell[], x: Axis, y: Axis | null, title: string): Promise<void> {
  let first: HTMLImageElement | null = null;
  for (const cell of cells) if ((first = await loadPicture(cell))) break;
  const sheet = layoutSheet(x.values.length, y?.values.length ?? 1, y !== null, first?.naturalWidth ?? 256, first?.naturalHeight ?? 256);
  [canvas.width, canvas.height] = [sheet.width, sheet.height];
  const context = canvas.getContext("2d");
  if (!context) throw new Error(t("sweep.noCanvas", { width: sheet.width, height: sheet.height }));
  context.fillStyle = PAPER;
  context.fillRect(0, 0, sheet.width, sheet.height);
  drawLabels(context, sheet, x, y, title);
  context.imageSmoothingQuality = "high";
  for (const cell of cells) {
    const [left, top] = sheet.at(cell.column, cell.row);
    context.fillStyle = EMPTY;
    context.fillRect(left, top, sheet.cellWidth, sheet.cellHeight);
    const image = await loadPicture(cell);
    if (!image) continue;
    const scale = Math.min(sheet.cellWidth / image.naturalWidth, sheet.cellHeight / image.naturalHeight);
    const [width, height] = [image.naturalWidth * scale, image.naturalHeight * scale];
    context.drawImage(image, left + (sheet.cellWidth - width) / 2, top + (sheet.cellHeight - height) / 2, width, height);
  }
}

export function downloadCanvas(canvas: HTMLCanvasElement, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (!blob) return reject(new Error(t("sweep.noPng")));
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
      resolve();
    }, "image/png");
  });
}
