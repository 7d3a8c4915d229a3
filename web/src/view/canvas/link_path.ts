/** Which way does a link run? A horizontal S from output to input, or straight lines; one function for painting and for hitting. */

import { signal } from "@preact/signals";
import type { Document } from "../../model/document";
import { contains, inputPoint, outputPoint } from "../../model/geometry";
import type { Link, LinkId, Point, Rect } from "../../model/types";

/** How the user wants links to be drawn. */
export const linkShape = signal<"curve" | "straight" | "angled">("curve");

/** Where a link begins and ends. */
export function linkEnds(document: Document, link: Link): readonly [Point, Point] {
  const { graph } = document;
  return [
    outputPoint(graph.node(link.from), document.layout(link.from), link.fromSlot),
    inputPoint(graph.node(link.to), document.layout(link.to), link.toInput),
  ];
}

/** The four points of the curve. */
export function linkCurve(from: Point, to: Point): readonly [Point, Point, Point, Point] {
  const dx = to[0] - from[0];
  const reach = dx > 0 ? Math.max(24, dx * 0.5) : Math.min(220, 40 - dx * 0.35 + Math.abs(to[1] - from[1]) * 0.12);
  return [from, [from[0] + reach, from[1]], [to[0] - reach, to[1]], to];
}

/** How far an angled link goes straight on before it may turn back. */
const STUB = 18;

/** The corners of a link of straight lines, its ends among them. */
function corners([ax, ay]: Point, [bx, by]: Point): Point[] {
  if (linkShape.peek() === "straight") return [[ax, ay], [bx, by]];
  const middle = (ax + bx) / 2;
  if (bx - ax >= 2 * STUB) return [[ax, ay], [middle, ay], [middle, by], [bx, by]];
  const level = (ay + by) / 2;
  return [[ax, ay], [ax + STUB, ay], [ax + STUB, level], [bx - STUB, level], [bx - STUB, by], [bx, by]];
}

export function traceLink(path: Path2D | CanvasRenderingContext2D, from: Point, to: Point): void {
  if (linkShape.peek() !== "curve") return corners(from, to).forEach(([x, y], index) => (index === 0 ? path.moveTo(x, y) : path.lineTo(x, y)));
  const [a, b, c, d] = linkCurve(from, to);
  path.moveTo(a[0], a[1]);
  path.bezierCurveTo(b[0], b[1], c[0], c[1], d[0], d[1]);
}

function pointOnLink(from: Point, to: Point, t: number): Point {
  const [a, b, c, d] = linkCurve(from, to);
  const u = 1 - t;
  const mix = (axis: 0 | 1): number => u * u * u * a[axis] + 3 * u * u * t * b[axis] + 3 * u * t * t * c[axis] + t * t * t * d[axis];
  return [mix(0), mix(1)];
}

const PIECES = 24;

/** The link in straight pieces, as it is hit and cut. */
const polyline = (from: Point, to: Point): Point[] => linkShape.peek() !== "curve" ? corners(from, to) : Array.from({ length: PIECES + 1 }, (_, index) => pointOnLink(from, to, index / PIECES));

const side = ([px, py]: Point, [ax, ay]: Point, [bx, by]: Point): number => Math.sign((bx - ax) * (py - ay) - (by - ay) * (px - ax));
const cross = (a: Point, b: Point, c: Point, d: Point): boolean => side(a, c, d) !== side(b, c, d) && side(c, a, b) !== side(d, a, b);

/** The links that the straight stroke from `a` to `b` crosses. */
export function crossedLinks(document: Document, a: Point, b: Point): LinkId[] {
  return [...document.graph.links.values()].filter((link) => {
    const points = polyline(...linkEnds(document, link));
    return points.some((point, index) => index > 0 && cross(a, b, points[index - 1]!, point));
  }).map((link) => link.id);
}

/** Long lines have few points, so the way between two counts too. */
const runsThrough = (points: readonly Point[], area: Rect): boolean => {
  const { x, y, width, height } = area;
  const diagonals: readonly (readonly [Point, Point])[] = [[[x, y], [x + width, y + height]], [[x, y + height], [x + width, y]]];
  return points.some((point, index) => contains(area, point) || (index > 0 && diagonals.some(([a, b]) => cross(points[index - 1]!, point, a, b))));
};

/** The links that run through a rectangle, the one nearest to its middle first. */
export function linksThrough(document: Document, area: Rect): LinkId[] {
  const middle: Point = [area.x + area.width / 2, area.y + area.height / 2];
  const found: { id: LinkId; distance: number }[] = [];
  for (const link of document.graph.links.values()) {
    const [from, to] = linkEnds(document, link);
    if (runsThrough(polyline(from, to), area)) found.push({ id: link.id, distance: distanceToLink(middle, from, to) });
  }
  return found.sort((a, b) => a.distance - b.distance).map((entry) => entry.id);
}

/** Smallest distance from `point` to the link, sampled in straight pieces. */
export function distanceToLink(point: Point, from: Point, to: Point): number {
  const points = polyline(from, to);
  return points.reduce((best, next, index) => (index === 0 ? best : Math.min(best, distanceToSegment(point, points[index - 1]!, next))), Infinity);
}

function distanceToSegment([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const dx = bx - ax;
  const dy = by - ay;
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length));
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}
