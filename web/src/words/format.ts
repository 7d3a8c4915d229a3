/** How does the reader's language write numbers, times and sizes? */

import { locale, t } from ".";

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000]];

/** `5 minutes ago`, `yesterday`, `in 29 days`. Times in milliseconds since 1970. */
export function ago(at: number, now: number): string {
  const [unit, size] = UNITS.find(([, length]) => Math.abs(now - at) >= length) ?? ["second", 1000];
  return unit === "second" ? t("common.justNow") : new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(-Math.round((now - at) / size), unit);
}

/** Day and time, as `21 Nov 2026, 13:05:00`. */
export const exactly = (at: number): string => new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "medium" }).format(at);
/** The time of day. */
export const timeOfDay = (at: number): string => new Intl.DateTimeFormat(locale(), { timeStyle: "medium" }).format(at);

/** With so many digits after the point. */
export const digits = (value: number, count: number): string => new Intl.NumberFormat(locale(), { minimumFractionDigits: count, maximumFractionDigits: count }).format(value);

/** `0.0031` -> `3 ms`, `12.34` -> `12.3 s`, `125` -> `2 min 5 s`. */
export function readableSeconds(seconds: number): string {
  if (seconds < 0.9995) return `${seconds > 0 && seconds < 0.001 ? "< 1" : Math.round(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${digits(seconds, seconds < 9.995 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  return whole < 3600 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export function readableBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${digits(value, power > 0 && value < 10 ? 1 : 0)} ${power === 0 ? t("common.bytes") : units[power]}`;
}

/** A share of 1, as `42 %`. */
export const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** `a, b and c`. */
export const list = (items: readonly string[]): string => new Intl.ListFormat(locale(), { type: "conjunction" }).format(items);
