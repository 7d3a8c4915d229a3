/** Which way does a link run? A horizontal S from output to input; one function for painting and for hitting. */

import type { Point } from "../../model/types";

/** The four points of the curve. */
export function linkCurve(from: Point, to: Point): readonly [Point, Point, Point, Point] {
  const dx = to[0] - from[0];
  const reach = dx > 0 ? Math.max(24, dx * 0.5) : Math.min(220, 40 - dx * 0.35 + Math.abs(to[1] - from[1]) * 0.12);
  return [from, [from[0] + reach, from[1]], [to[0] - reach, to[1]], to];
}

export function traceLink(path: Path2D | CanvasRenderingContext2D, from: Point, to: Point): void {
  const [a, b, c, d] = linkCurve(from, to);
  path.moveTo(a[0], a[1]);
  path.bezierCurveTo(b[0], b[1], c[0], c[1], d[0], d[1]);
}

export function pointOnLink(from: Point, to: Point, t: number): Point {
  const [a, b, c, d] = linkCurve(from, to);
  const u = 1 - t;
  const mix = (axis: 0 | 1): number => u * u * u * a[axis] + 3 * u * u * t * b[axis] + 3 * u * t * t * c[axis] + t * t * t * d[axis];
  return [mix(0), mix(1)];
}

/** Smallest distance from `point` to the link, sampled in 24 pieces. */
export function distanceToLink(point: Point, from: Point, to: Point): number {
  let best = Infinity;
  let before = from;
  for (let index = 1; index <= 24; index++) {
    const next = pointOnLink(from, to, index / 24);
    best = Math.min(best, distanceToSegment(point, before, next));
    before = next;
  }
  return best;
}

function distanceToSegment([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const dx = bx - ax;
  const dy = by - ay;
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length));
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}
