/** Which colour did the user give a node? Files name a dark pair of colours; what counts is the hue, so that it suits any theme. */

import type { GraphNode, JsonObject } from "./types";

interface Shade {
  readonly color: string;
  readonly bgcolor: string;
  readonly group: string;
}

/** The names that people know, with the values that files of the ecosystem hold. */
export const COLORS: Readonly<Record<string, Shade>> = {
  red: { color: "#322", bgcolor: "#533", group: "#A88" },
  brown: { color: "#332922", bgcolor: "#593930", group: "#b06634" },
  green: { color: "#232", bgcolor: "#353", group: "#8A8" },
  blue: { color: "#223", bgcolor: "#335", group: "#88A" },
  "pale blue": { color: "#2a363b", bgcolor: "#3f5159", group: "#3f789e" },
  cyan: { color: "#233", bgcolor: "#355", group: "#8AA" },
  purple: { color: "#323", bgcolor: "#535", group: "#a1309b" },
  yellow: { color: "#432", bgcolor: "#653", group: "#b58b2a" },
  black: { color: "#222", bgcolor: "#000", group: "#444" },
};

/** `#rgb` or `#rrggbb` -> shares of red, green and blue in [0, 1]; null for anything else. */
function readHex(text: unknown): readonly [number, number, number] | null {
  const digits = typeof text === "string" ? /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text.trim())?.[1] : undefined;
  if (digits === undefined) return null;
  const full = digits.length === 3 ? [...digits].map((digit) => digit + digit).join("") : digits;
  return [0, 2, 4].map((at) => parseInt(full.slice(at, at + 2), 16) / 255) as unknown as [number, number, number];
}

export interface Tint {
  /** Degrees in oklch. */
  readonly hue: number;
  readonly isGrey: boolean;
}

const linear = (share: number): number => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);

/** The hue of a colour in Oklab (bottosson.github.io/posts/oklab); null for what is no colour. */
export function tintOf(text: unknown): Tint | null {
  const rgb = readHex(text);
  if (!rgb) return null;
  const [r, g, b] = rgb.map(linear) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  const across = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
  const down = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
  return { hue: ((Math.atan2(down, across) * 180) / Math.PI + 360) % 360, isGrey: Math.hypot(across, down) < 0.008 };
}

/** The colour that the node was given; its title's where the file has both. */
export const nodeTint = (node: GraphNode): Tint | null => tintOf(node.raw.color) ?? tintOf(node.raw.bgcolor);

/** The fields of a node's file under another colour; null takes it off. */
export function recolored(raw: JsonObject, name: string | null): JsonObject {
  const changed = { ...raw };
  const shade = name === null ? undefined : COLORS[name];
  for (const field of ["color", "bgcolor"] as const) {
    if (shade) changed[field] = shade[field];
    else Reflect.deleteProperty(changed, field);
  }
  return changed;
}
