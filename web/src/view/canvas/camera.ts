/** Which part of the canvas is on the screen? Screen = canvas * scale + (x, y), in CSS pixels of the viewport. */

import type { Point, Rect } from "../../model/types";
import type { CameraState } from "../../model/workflow_write";

export const SMALLEST_SCALE = 0.05;
export const LARGEST_SCALE = 3;
const FIT_MARGIN = 40;

export const toCanvas = (camera: CameraState, [x, y]: Point): Point => [(x - camera.x) / camera.scale, (y - camera.y) / camera.scale];
export const toScreen = (camera: CameraState, [x, y]: Point): Point => [x * camera.scale + camera.x, y * camera.scale + camera.y];

export const pan = (camera: CameraState, dx: number, dy: number): CameraState => ({ ...camera, x: camera.x + dx, y: camera.y + dy });

/** Zooms by `factor` so that what lies under `at` (screen) stays there. */
export function zoomAt(camera: CameraState, at: Point, factor: number): CameraState {
  const scale = Math.min(LARGEST_SCALE, Math.max(SMALLEST_SCALE, camera.scale * factor));
  const [x, y] = toCanvas(camera, at);
  return { scale, x: at[0] - x * scale, y: at[1] - y * scale };
}

export interface Insets {
  readonly top: number;
  readonly bottom: number;
  readonly right: number;
  readonly left?: number;
}

/** A camera that shows all of `area` in the middle of a viewport, never larger than life. */
export function fit(area: Rect, width: number, height: number, insets: Insets = { top: 0, bottom: 0, right: 0 }): CameraState {
  const free = height - insets.top - insets.bottom;
  const left = insets.left ?? 0;
  const wide = width - insets.right - left;
  const scale = Math.min(1, Math.max(SMALLEST_SCALE, Math.min((wide - 2 * FIT_MARGIN) / area.width, (free - 2 * FIT_MARGIN) / area.height)));
  return {
    scale,
    x: Math.round(left + (wide - area.width * scale) / 2 - area.x * scale),
    y: Math.round(insets.top + (free - area.height * scale) / 2 - area.y * scale),
  };
}

const NARROW = 640;
const FIRST_SCALE = 0.6;
const FIRST_MARGIN = 16;

/** A camera for what is seen for the first time: all of `area`, or its upper left where all of it could not be read on a phone. */
export function firstLook(area: Rect, width: number, height: number, insets: Insets): CameraState {
  const whole = fit(area, width, height, insets);
  if (width >= NARROW || whole.scale >= FIRST_SCALE) return whole;
  const [x, y] = [(insets.left ?? 0) + FIRST_MARGIN, insets.top + FIRST_MARGIN];
  return { scale: FIRST_SCALE, x: Math.round(x - area.x * FIRST_SCALE), y: Math.round(y - area.y * FIRST_SCALE) };
}

/** The part of the canvas that a viewport of this size shows. */
export function visibleArea(camera: CameraState, width: number, height: number): Rect {
  const [x, y] = toCanvas(camera, [0, 0]);
  return { x, y, width: width / camera.scale, height: height / camera.scale };
}
