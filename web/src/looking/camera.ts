/** Which part of a picture is seen, how large? `scale` 1 fits the picture into its box; x and y are shifts in pixels of the screen. */

export interface Camera {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export const FIT: Camera = { scale: 1, x: 0, y: 0 };
const SMALLEST = 0.5;
const LARGEST = 64;

/** Zooms by a factor about a point, which is given from the middle of the box. */
export function zoomed(camera: Camera, factor: number, x: number, y: number): Camera {
  const scale = Math.min(LARGEST, Math.max(SMALLEST, camera.scale * factor));
  const by = scale / camera.scale;
  return { scale, x: x - (x - camera.x) * by, y: y - (y - camera.y) * by };
}

export const panned = (camera: Camera, dx: number, dy: number): Camera => ({ ...camera, x: camera.x + dx, y: camera.y + dy });
