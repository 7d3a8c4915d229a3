/** What is a mask that is painted? One byte a pixel, 255 where a picture is to change, with the steps to take back. */

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Step {
  readonly area: Area;
  readonly bytes: Uint8Array;
}

/** Steps are kept as long as they need no more than this. */
const MOST_BYTES = 192 * 1024 * 1024;

/** The part of an area, given by its corners, that lies in a mask; null where nothing does. */
export function clip(left: number, top: number, right: number, bottom: number, width: number, height: number): Area | null {
  const x = Math.max(0, Math.floor(left));
  const y = Math.max(0, Math.floor(top));
  const area = { x, y, width: Math.min(width, Math.ceil(right)) - x, height: Math.min(height, Math.ceil(bottom)) - y };
  return area.width > 0 && area.height > 0 ? area : null;
}

export function joined(a: Area | null, b: Area | null): Area | null {
  if (!a || !b) return a ?? b;
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return { x, y, width: Math.max(a.x + a.width, b.x + b.width) - x, height: Math.max(a.y + a.height, b.y + b.height) - y };
}

export class Mask {
  readonly data: Uint8Array;
  private done: Step[] = [];
  private undone: Step[] = [];

  constructor(readonly width: number, readonly height: number, data?: Uint8Array) {
    if (data && data.length !== width * height) throw new Error(`expected ${width * height} bytes for a mask of ${width}x${height}, found ${data.length}`);
    this.data = data ?? new Uint8Array(width * height);
  }

  get whole(): Area {
    return { x: 0, y: 0, width: this.width, height: this.height };
  }

  get canUndo(): boolean {
    return this.done.length > 0;
  }

  get canRedo(): boolean {
    return this.undone.length > 0;
  }

  /** Keeps what `before` holds in `area` as the state to come back to. `before` is a whole mask. */
  remember(before: Uint8Array, area: Area | null): void {
    if (!area) return;
    this.done.push({ area, bytes: copyOut(before, this.width, area) });
    this.undone = [];
    let bytes = this.done.reduce((sum, step) => sum + step.bytes.length, 0);
    while (bytes > MOST_BYTES && this.done.length > 1) bytes -= this.done.shift()!.bytes.length;
  }

  /** Puts other values in place of all, as one step. */
  replace(data: Uint8Array): void {
    this.remember(this.data, this.whole);
    this.data.set(data);
  }

  /** Takes a step back; gives the area that changed. */
  undo(): Area | null {
    return this.shift(this.done, this.undone);
  }

  redo(): Area | null {
    return this.shift(this.undone, this.done);
  }

  private shift(from: Step[], to: Step[]): Area | null {
    const step = from.pop();
    if (!step) return null;
    const { area, bytes } = step;
    to.push({ area, bytes: copyOut(this.data, this.width, area) });
    for (let row = 0; row < area.height; row++) this.data.set(bytes.subarray(row * area.width, (row + 1) * area.width), (area.y + row) * this.width + area.x);
    return area;
  }
}

function copyOut(data: Uint8Array, width: number, area: Area): Uint8Array {
  const bytes = new Uint8Array(area.width * area.height);
  for (let row = 0; row < area.height; row++) {
    const start = (area.y + row) * width + area.x;
    bytes.set(data.subarray(start, start + area.width), row * area.width);
  }
  return bytes;
}
