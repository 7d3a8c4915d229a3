/** Which number is meant? What was typed, a step further, and how it is written. */

import { asWhole, wholeNumber } from "./exact_json";
import type { WidgetSpec } from "./types";

const clampNumber = (spec: WidgetSpec, value: number): number => {
  const bounded = Math.min(spec.max ?? Infinity, Math.max(spec.min ?? -Infinity, value));
  return spec.integer ? Math.round(bounded) : Number(bounded.toFixed(Math.max(4, spec.decimals ?? 2)));
};

/** The typed text as the widget's value; null where it is none. */
export function typedNumber(spec: WidgetSpec, text: string): number | bigint | null {
  const whole = spec.integer ? wholeNumber(text) : null;
  if (typeof whole === "bigint" && spec.exactMax !== undefined && whole > 0n) return whole > spec.exactMax ? asWhole(spec.exactMax) : whole;
  const value = Number(text.replace(",", "."));
  return text.trim() === "" || !Number.isFinite(value) ? null : clampNumber(spec, value);
}

/** The value `steps` steps away, on the raster that starts at the minimum. */
export function stepNumber(spec: WidgetSpec, value: number | bigint, steps: number): number | bigint {
  if (typeof value === "bigint") {
    const wanted = value + BigInt(steps) * BigInt(Math.round(spec.step ?? 1));
    return asWhole(spec.exactMax !== undefined && wanted > spec.exactMax ? spec.exactMax : wanted);
  }
  const step = spec.step ?? 1;
  const origin = spec.min !== undefined && Number.isFinite(spec.min) && Math.abs(spec.min) < 1e6 ? spec.min : 0;
  return clampNumber(spec, Math.round((value - origin) / step + steps) * step + origin);
}

export const formatNumber = (spec: WidgetSpec, value: unknown): string => {
  if (typeof value !== "number") return String(value);
  if (spec.integer) return String(value);
  const digits = (String(value).split(".")[1] ?? "").length;
  return value.toFixed(Math.min(6, Math.max(Math.min(spec.decimals ?? 2, 2), digits)));
};
