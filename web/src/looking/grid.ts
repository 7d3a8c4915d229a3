/** Which tiles of a long list are in view? */

export interface Shown {
  readonly columns: number;
  /** Side of a tile with the gap behind it, in pixels: as large as fits so many into a row. */
  readonly tile: number;
  /** Index of the first tile that is mounted, and of the first behind them. */
  readonly first: number;
  readonly end: number;
}

/** Rows above and below the view that are mounted as well. */
export const MARGIN_ROWS = 3;

export function shown(count: number, width: number, height: number, scrollTop: number, smallest: number): Shown {
  const columns = Math.max(1, Math.floor(width / smallest));
  const tile = Math.max(smallest, Math.floor(width / columns));
  const firstRow = Math.max(0, Math.floor(scrollTop / tile) - MARGIN_ROWS);
  const endRow = Math.ceil((scrollTop + height) / tile) + MARGIN_ROWS;
  return { columns, tile, first: Math.min(count, firstRow * columns), end: Math.min(count, endRow * columns) };
}

/** The tile that an arrow key leads to; the same one where there is none. */
export function moved(index: number, key: string, columns: number, count: number): number {
  const by: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  const target = key === "Home" ? 0 : key === "End" ? count - 1 : index + (by[key] ?? 0);
  return target < 0 || target >= count ? index : target;
}
