/** Which widgets are edited by something that an extension brings, and how high is that? */

import type { WidgetSpec } from "./types";

/** Heights by key, in canvas units. */
const heights = new Map<string, number>();

/** By what an extension may name a widget, the narrowest first; the one of a promoted widget stands for the inner node's. */
export const ownKeys = ({ origin }: WidgetSpec): readonly string[] => (origin ? [`input ${origin.node} ${origin.input}`, `type ${origin.type}`] : []);

export function ownHeight(spec: WidgetSpec): number | undefined {
  return heights.size === 0 ? undefined : ownKeys(spec).map((key) => heights.get(key)).find((height) => height !== undefined);
}

/** Null takes the height off. */
export function setOwnHeight(key: string, height: number | null): void {
  if (height === null) heights.delete(key);
  else heights.set(key, height);
}
