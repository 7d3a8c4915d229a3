/** Which nodes lie in a rectangle? Buckets of equal squares, kept up to date node by node. */

import { intersects } from "../../model/geometry";
import type { NodeId, Rect } from "../../model/types";

const CELL = 600;
/** A rectangle over more cells than this is answered from the whole list instead. */
const MANY_CELLS = 400;

export class SpatialGrid {
  private readonly cells = new Map<string, Set<NodeId>>();
  private readonly bounds = new Map<NodeId, Rect>();

  get size(): number {
    return this.bounds.size;
  }

  set(id: NodeId, rect: Rect): void {
    this.remove(id);
    this.bounds.set(id, rect);
    for (const key of cellKeys(rect)) {
      const cell = this.cells.get(key);
      if (cell) cell.add(id);
      else this.cells.set(key, new Set([id]));
    }
  }

  remove(id: NodeId): void {
    const rect = this.bounds.get(id);
    if (!rect) return;
    for (const key of cellKeys(rect)) {
      const cell = this.cells.get(key);
      cell?.delete(id);
      if (cell?.size === 0) this.cells.delete(key);
    }
    this.bounds.delete(id);
  }

  rect(id: NodeId): Rect | undefined {
    return this.bounds.get(id);
  }

  rects(): IterableIterator<Rect> {
    return this.bounds.values();
  }

  /** Ids of the nodes that touch `area`. */
  query(area: Rect): Set<NodeId> {
    const found = new Set<NodeId>();
    const test = (id: NodeId): void => {
      if (intersects(this.bounds.get(id)!, area)) found.add(id);
    };
    if ((area.width / CELL) * (area.height / CELL) > MANY_CELLS) for (const id of this.bounds.keys()) test(id);
    else for (const key of cellKeys(area)) this.cells.get(key)?.forEach(test);
    return found;
  }
}

function* cellKeys(rect: Rect): Generator<string> {
  const right = Math.floor((rect.x + rect.width) / CELL);
  const bottom = Math.floor((rect.y + rect.height) / CELL);
  for (let x = Math.floor(rect.x / CELL); x <= right; x++) for (let y = Math.floor(rect.y / CELL); y <= bottom; y++) yield `${x} ${y}`;
}
