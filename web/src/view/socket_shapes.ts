/** What shape has a socket? One per base type, so that types are told apart without colours; drawn alike by the page and on the canvas. */

import type { Point } from "../model/types";

/** Corners in a square from -1 to 1, y down; null is the circle. */
const CORNERS = {
  circle: null,
  square: [[-0.86, -0.86], [0.86, -0.86], [0.86, 0.86], [-0.86, 0.86]],
  diamond: [[0, -1.12], [1.12, 0], [0, 1.12], [-1.12, 0]],
  triangle: [[0, -1.1], [1.12, 0.9], [-1.12, 0.9]],
  wedge: [[0, 1.1], [-1.12, -0.9], [1.12, -0.9]],
  arrow: [[1.14, 0], [-0.8, 1.12], [-0.8, -1.12]],
  plus: [[-0.42, -1.1], [0.42, -1.1], [0.42, -0.42], [1.1, -0.42], [1.1, 0.42], [0.42, 0.42], [0.42, 1.1], [-0.42, 1.1], [-0.42, 0.42], [-1.1, 0.42], [-1.1, -0.42], [-0.42, -0.42]],
  bar: [[-0.55, -1.15], [0.55, -1.15], [0.55, 1.15], [-0.55, 1.15]],
  plank: [[-1.15, -0.6], [1.15, -0.6], [1.15, 0.6], [-1.15, 0.6]],
  hourglass: [[-1.05, -1.05], [1.05, -1.05], [0.3, 0], [1.05, 1.05], [-1.05, 1.05], [-0.3, 0]],
  star: [[0, -1.25], [0.35, -0.35], [1.25, 0], [0.35, 0.35], [0, 1.25], [-0.35, 0.35], [-1.25, 0], [-0.35, -0.35]],
  cross: [[-1.1, -0.62], [-0.62, -1.1], [0, -0.48], [0.62, -1.1], [1.1, -0.62], [0.48, 0], [1.1, 0.62], [0.62, 1.1], [0, 0.48], [-0.62, 1.1], [-1.1, 0.62], [-0.48, 0]],
} as const satisfies Record<string, readonly Point[] | null>;

export type SocketShape = keyof typeof CORNERS;

/** The types that everybody meets; those that meet on one node differ. */
const SHAPES: Readonly<Record<string, SocketShape>> = {
  MODEL: "square", CLIP: "triangle", VAE: "diamond", CONDITIONING: "circle", LATENT: "hourglass", IMAGE: "plank", MASK: "wedge", CONTROL_NET: "star",
  STYLE_MODEL: "cross", CLIP_VISION: "arrow", CLIP_VISION_OUTPUT: "plus", UPSCALE_MODEL: "star", SAMPLER: "arrow", SIGMAS: "cross", NOISE: "star",
  GUIDER: "plus", INT: "bar", FLOAT: "bar", STRING: "plus", BOOLEAN: "cross", COMBO: "arrow", AUDIO: "wedge", VIDEO: "bar",
};
/** What other types share; the circle stays for conditionings and for what takes anything. */
const FURTHER: readonly SocketShape[] = ["square", "diamond", "triangle", "wedge", "arrow", "plus", "bar", "hourglass", "star", "cross"];

/** The types that the legend shows. */
export const KNOWN_TYPES: readonly string[] = Object.keys(SHAPES);

/** The shape of a socket type, by the first of its types where it takes several. */
export function socketShape(type: string): SocketShape {
  const first = (type.split(",")[0] ?? type).trim().toUpperCase();
  if (first === "*" || first === "") return "circle";
  const known = SHAPES[first];
  if (known) return known;
  let hash = 11;
  for (const letter of first) hash = (hash * 33 + letter.charCodeAt(0)) % 7919;
  return FURTHER[hash % FURTHER.length]!;
}

/** Adds a shape to a path of the canvas; as large as a circle of this radius. */
export function traceSocket(path: Path2D | CanvasRenderingContext2D, shape: SocketShape, [x, y]: Point, radius: number): void {
  const corners = CORNERS[shape];
  if (!corners) {
    path.moveTo(x + radius, y);
    path.arc(x, y, radius, 0, 2 * Math.PI);
    return;
  }
  corners.forEach(([dx, dy], index) => (index === 0 ? path.moveTo(x + dx * radius, y + dy * radius) : path.lineTo(x + dx * radius, y + dy * radius)));
  path.closePath();
}

/** How far shapes reach beyond a circle of radius 1. */
const REACH = 1.25;

/** A shape as CSS has it, in a box that is REACH times as wide as the circle. */
function clipPath(shape: SocketShape): string {
  const corners = CORNERS[shape];
  if (!corners) return `circle(${50 / REACH}%)`;
  const percent = (value: number): string => `${(50 + (value * 50) / REACH).toFixed(1)}%`;
  return `polygon(${corners.map(([x, y]) => `${percent(x)} ${percent(y)}`).join(", ")})`;
}

/** Tells the style sheet the shapes: `--shape-diamond` and so on. */
export function publishShapes(root: HTMLElement): void {
  for (const shape of Object.keys(CORNERS) as SocketShape[]) root.style.setProperty(`--shape-${shape}`, clipPath(shape));
}
