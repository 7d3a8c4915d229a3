/** Where do rows and tiles of a long list lie, and which of them are in view? Rows come first, tiles below them. */

import type { Rect } from "../types";

export interface Layout {
  readonly rows: number;
  readonly tiles: number;
  readonly rowHeight: number;
  readonly columns: number;
  /** Of a tile with the gap behind it. */
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** Of everything. */
  readonly height: number;
}
export interface Sizes {
  readonly rowHeight: number;
  readonly smallestTile: number;
  /** Height of a tile of a given width, each with the gap behind it. */
  readonly tileHeight: (width: number) => number;
}

/** Pixels above and below the view in which things are mounted as well. */
const MARGIN = 240;

export function layOut(rows: number, tiles: number, width: number, { rowHeight, smallestTile, tileHeight }: Sizes): Layout {
  const columns = Math.max(1, Math.floor(width / smallestTile));
  const tileWidth = Math.max(1, Math.floor(width / columns));
  const high = tileHeight(tileWidth);
  return { rows, tiles, rowHeight, columns, tileWidth, tileHeight: high, height: rows * rowHeight + Math.ceil(tiles / columns) * high };
}

export function placeOf({ rows, rowHeight, columns, tileWidth, tileHeight }: Layout, index: number): Rect {
  if (index < rows) return { x: 0, y: index * rowHeight, width: columns * tileWidth, height: rowHeight };
  const tile = index - rows;
  return { x: (tile % columns) * tileWidth, y: rows * rowHeight + Math.floor(tile / columns) * tileHeight, width: tileWidth, height: tileHeight };
}

/** The first of those that are mounted, and the first behind them. */
export function inView(layout: Layout, top: number, height: number): readonly [number, number] {
  const { rows, tiles, rowHeight, columns, tileHeight } = layout;
  const [from, to] = [top - MARGIN, top + height + MARGIN];
  const tilesTop = rows * rowHeight;
  const first = from < tilesTop ? Math.max(0, Math.floor(from / rowHeight)) : rows + Math.floor((from - tilesTop) / tileHeight) * columns;
  const end = to < tilesTop ? Math.ceil(to / rowHeight) : rows + Math.ceil((to - tilesTop) / tileHeight) * columns;
  return [Math.min(first, rows + tiles), Math.max(0, Math.min(end, rows + tiles))];
}

/** The thing that an arrow key leads to; the same one where there is none. */
export function moved({ rows, tiles, columns }: Layout, index: number, key: string): number {
  const all = rows + tiles;
  if (key === "Home") return 0;
  if (key === "End") return Math.max(0, all - 1);
  const isRow = index < rows;
  if (key === "ArrowDown") return isRow ? Math.min(all - 1, index + 1) : index + columns < all ? index + columns : index;
  if (key === "ArrowUp") return isRow || index - columns >= rows ? Math.max(0, isRow ? index - 1 : index - columns) : rows > 0 ? rows - 1 : index;
  const step = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
  const target = index + step;
  return isRow || target < rows || target >= all ? index : target;
}
