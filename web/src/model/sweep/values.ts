/** Which values does a widget take in a sweep? What was typed is read as a list, with ranges where the widget holds numbers. */

import { t } from "../../words";
import { wholeNumber } from "../exact_json";
import { drawSeed } from "../seeds";
import type { Json, WidgetSpec } from "../types";

export const MOST_VALUES = 100;

const RANGE = /^(\S+?)\s*\.\.\s*(\S+?)(?:\s+(step|in)\s+(\S+))?$/;
const DRAWN = /^random\s+(\d+)$/;

/** How values of this widget are typed, in words. */
export function howToType(spec: WidgetSpec): string {
  if (spec.kind === "number") return t(spec.integer ? "sweep.howWhole" : "sweep.howNumbers");
  if (spec.kind === "toggle") return t("sweep.onOff");
  if (spec.kind === "choice" || spec.kind === "image") return t("sweep.howChoices");
  return t("sweep.howLines");
}

const isWithin = (spec: WidgetSpec, value: number | bigint): boolean =>
  value >= (spec.min ?? -Infinity) && (typeof value === "bigint" && spec.exactMax !== undefined ? value <= spec.exactMax : value <= (spec.max ?? Infinity));

function readNumber(text: string, spec: WidgetSpec): number | bigint {
  const value = spec.integer ? wholeNumber(text) : text === "" ? NaN : Number(text);
  if (value === null || (typeof value === "number" && !Number.isFinite(value))) throw new Error(t(spec.integer ? "sweep.notWhole" : "sweep.notNumber", { label: spec.label, text }));
  if (!isWithin(spec, value)) throw new Error(t("sweep.notWithin", { label: spec.label, least: String(spec.min ?? t("sweep.any")), most: String(spec.exactMax ?? spec.max ?? t("sweep.any")), text }));
  return value;
}

/** Without the last digits that adding up leaves: `0.30000000000000004` -> `0.3`. */
const clean = (value: number): number => Number(value.toPrecision(12));

/** Of a range that names no step: cfg 1..8 are eight values, though it could be set by tenths. */
const usualStep = (spec: WidgetSpec, first: number, last: number): number =>
  !spec.integer && Number.isInteger(first) && Number.isInteger(last) && Math.abs(last - first) >= 2 ? 1 : (spec.step ?? 1);

function readRange(spec: WidgetSpec, from: string, to: string, word: string | undefined, amount: string | undefined): Json[] {
  const [first, last] = [Number(readNumber(from, spec)), Number(readNumber(to, spec))];
  const given = amount === undefined ? usualStep(spec, first, last) : Number(amount);
  if (!(given > 0 && Number.isFinite(given))) throw new Error(t("sweep.aboveZero", { label: spec.label, word: word!, amount: amount! }));
  const count = word === "in" ? Math.round(given) : Math.floor(Math.abs(last - first) / given + 1e-9) + 1;
  if (count > MOST_VALUES) throw new Error(t("sweep.tooManySteps", { label: spec.label, most: MOST_VALUES, count, from, to }));
  const step = word === "in" ? (last - first) / Math.max(1, count - 1) : Math.sign(last - first) * given;
  return Array.from({ length: count }, (_, index) => (spec.integer ? Math.round(first + index * step) : clean(first + index * step)));
}

function readNumbers(text: string, spec: WidgetSpec, random: () => number): Json[] {
  return text.split(/[,;\n]/).map((part) => part.trim()).filter(Boolean).flatMap((part): Json[] => {
    const drawn = DRAWN.exec(part);
    if (drawn && spec.integer) return Array.from({ length: Math.min(Number(drawn[1]), MOST_VALUES + 1) }, () => drawSeed(spec, random));
    const range = RANGE.exec(part);
    return range ? readRange(spec, range[1]!, range[2]!, range[3], range[4]) : [readNumber(part, spec)];
  });
}

function readChoice(part: string, spec: WidgetSpec, choices: readonly Json[]): Json {
  const lower = part.toLowerCase();
  const exact = choices.find((choice) => String(choice) === part) ?? choices.find((choice) => String(choice).toLowerCase() === lower);
  if (exact !== undefined) return exact;
  const near = choices.filter((choice) => String(choice).toLowerCase().includes(lower));
  if (near.length === 1) return near[0]!;
  throw new Error(near.length === 0 ? t("sweep.noChoice", { label: spec.label, part }) : t(near.length > 4 ? "sweep.mayBeMore" : "sweep.mayBe", { label: spec.label, part, names: near.slice(0, 4).map(String).join(", ") }));
}

function readToggle(part: string, spec: WidgetSpec): boolean {
  const lower = part.toLowerCase();
  if (["on", "true", "yes", spec.labelOn?.toLowerCase()].includes(lower)) return true;
  if (["off", "false", "no", spec.labelOff?.toLowerCase()].includes(lower)) return false;
  throw new Error(t("sweep.notOnOff", { label: spec.label, part }));
}

/** A list with commas; where there are lines, with lines, as names may hold commas. */
const parts = (text: string): string[] => text.split(text.trim().includes("\n") ? "\n" : ",").map((part) => part.trim()).filter(Boolean);

function readAll(text: string, spec: WidgetSpec, choices: readonly Json[], random: () => number): Json[] {
  if (spec.kind === "number") return readNumbers(text, spec, random);
  if (spec.kind === "toggle") return parts(text).map((part) => readToggle(part, spec));
  if (spec.kind === "choice" || spec.kind === "image") return text.trim().toLowerCase() === "all" ? [...choices] : parts(text).map((part) => readChoice(part, spec, choices));
  return text.split("\n").map((line) => line.trim()).filter(Boolean);
}

/** The values that a text names, each once. Raises with the reason where it names none, too many, or what the widget does not take. */
export function readValues(text: string, spec: WidgetSpec, random: () => number = Math.random): Json[] {
  const values = [...new Set(readAll(text, spec, spec.choices ?? [], random))];
  if (values.length === 0) throw new Error(t("sweep.noValues", { label: spec.label, how: howToType(spec) }));
  if (values.length > MOST_VALUES) throw new Error(t("sweep.tooMany", { label: spec.label, most: MOST_VALUES, count: values.length }));
  return values;
}
