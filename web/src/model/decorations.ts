/** What is shown on a node beside its own? Marks that extensions computed, kept until the node changes. */

export type Tone = "info" | "good" | "warning" | "error";

export interface NodeDecoration {
  readonly badges: readonly { readonly text: string; readonly tone: Tone }[];
  /** The title's hue in degrees; null for the node's own. */
  readonly hue: number | null;
  /** Below the title. */
  readonly lines: readonly string[];
}

/** Height of a line below the title, in canvas units. */
export const LINE = 18;
export const MOST_LINES = 6;
const LONGEST_BADGE = 14;
const LONGEST_LINE = 200;

interface Part {
  readonly badge?: string;
  readonly tone?: Tone;
  readonly hue?: number;
  readonly lines?: readonly string[];
}

/** One node's decoration from what several extensions say of it; the first hue counts. Null where nobody says anything. */
export function joinDecorations(parts: readonly Part[]): NodeDecoration | null {
  const badges = parts.flatMap(({ badge, tone }) => (badge ? [{ text: badge.slice(0, LONGEST_BADGE), tone: tone ?? "info" }] : []));
  const lines = parts.flatMap((part) => part.lines ?? []).slice(0, MOST_LINES).map((line) => line.slice(0, LONGEST_LINE));
  const hue = parts.map((part) => part.hue).find((found) => found !== undefined && Number.isFinite(found)) ?? null;
  return badges.length + lines.length === 0 && hue === null ? null : { badges, lines, hue };
}
