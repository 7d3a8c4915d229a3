/** Which colours does the canvas use? The ones of the style sheet, read once per colour scheme. */

import { nodeTint } from "../model/colors";
import { isBorder } from "../model/subgraph_type";
import type { GraphNode } from "../model/types";

export interface Theme {
  readonly canvas: string;
  readonly dot: string;
  readonly node: string;
  readonly nodeTitle: string;
  readonly border: string;
  readonly text: string;
  readonly muted: string;
  readonly accent: string;
  readonly selected: string;
  readonly error: string;
  readonly done: string;
  readonly dark: boolean;
  /** Links are this much wider than usual. */
  readonly linkWidth: number;
  /** Lightness and chroma of sockets and links (OKLCH); their hue is the type's. */
  readonly socket: readonly [number, number];
}

export function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    canvas: read("--canvas"), dot: read("--dot"), node: read("--node"), nodeTitle: read("--node-title"), border: read("--border"), text: read("--text"),
    muted: read("--muted"), accent: read("--accent"), selected: read("--selected"), error: read("--error"), done: read("--done"),
    linkWidth: Number(read("--link-width")), dark: document.documentElement.dataset.theme?.startsWith("dark") ?? false, socket: [Number(read("--dot-light")), Number(read("--dot-chroma"))],
  };
}

/** Hues of the types that everybody meets, far apart for those that meet on one node. */
const HUES: Record<string, number> = {
  MODEL: 295, CLIP: 95, VAE: 20, CONDITIONING: 62, LATENT: 340, IMAGE: 245, MASK: 150, CONTROL_NET: 175, STYLE_MODEL: 130, CLIP_VISION: 215,
  CLIP_VISION_OUTPUT: 225, UPSCALE_MODEL: 275, SAMPLER: 190, SIGMAS: 110, NOISE: 5, GUIDER: 160, INT: 200, FLOAT: 185, STRING: 120, BOOLEAN: 40,
  COMBO: 80, AUDIO: 310, VIDEO: 265,
};

/** The hue of a socket type in degrees; null for sockets that take anything (grey). */
export function typeHue(type: string): number | null {
  const first = (type.split(",")[0] ?? type).trim().toUpperCase();
  if (first === "*" || first === "") return null;
  const known = HUES[first];
  if (known !== undefined) return known;
  let hash = 7;
  for (const letter of first) hash = (hash * 31 + letter.charCodeAt(0)) % 3600;
  return hash % 360;
}

/** The colour of a socket type. */
export function typeColor(type: string, { muted, socket: [light, chroma] }: Theme): string {
  const hue = typeHue(type);
  return hue === null ? muted : `oklch(${light} ${chroma} ${hue})`;
}

const NOTE_HUE = 95;

/** The hue of a node's title: that of its category, and one of their own for notes. */
export const titleHue = (type: string, category: string): number => (type.endsWith("Note") ? NOTE_HUE : categoryHue(category));

/** What a node's title is coloured by: its own colour, else an extension's `hue`, else that of its kind. One that was chosen is shown stronger. */
export function titleTint(node: GraphNode, category: string, hue: number | null = null): { hue: number; chroma: number } {
  if (isBorder(node.id)) return { hue: 0, chroma: 0 };
  const tint = nodeTint(node);
  if (!tint && hue !== null) return { hue, chroma: 2.2 };
  return tint ? { hue: tint.hue, chroma: tint.isGrey ? 0 : 2.2 } : { hue: titleHue(node.type, category), chroma: 1 };
}

/** The hue that marks a category on a node's title; the same for all of `loaders/...`. */
const categoryHue = (category: string): number => {
  const top = category.split("/")[0] ?? "";
  const known: Record<string, number> = { loaders: 295, conditioning: 62, sampling: 185, latent: 340, image: 245, mask: 150, editor: 200, subgraphs: 175 };
  return known[top] ?? typeHue(top || "other") ?? 0;
};
