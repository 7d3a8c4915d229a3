/** How long ago was that, in words? */

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000]];
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** `5 minutes ago`, `yesterday`, `in 29 days`. Times in milliseconds since 1970. */
export function ago(at: number, now: number): string {
  const [unit, size] = UNITS.find(([, length]) => Math.abs(now - at) >= length) ?? ["second", 1000];
  return unit === "second" ? "just now" : RELATIVE.format(-Math.round((now - at) / size), unit);
}

export const exactly = (at: number): string => new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
