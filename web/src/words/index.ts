/** What does the editor say, and in which language? Every text that a person reads comes from here by its key. */

import { signal, type ReadonlySignal } from "@preact/signals-core";
import type { ENGLISH } from "./en";
import { SHARED } from "./en/shared";
import type { Catalogue, Filling, Text } from "./text";

type English = typeof ENGLISH;
export type Key = { [A in keyof English & string]: `${A}.${keyof English[A] & string}` }[keyof English & string];
type TextOf<K extends Key> = K extends `${infer A extends keyof English & string}.${infer N}` ? (N extends keyof English[A] ? English[A][N] : never) : never;
type Values<K extends Key> = keyof Filling<TextOf<K>> extends never ? [] : [values: Filling<TextOf<K>>];

export const LANGUAGES = ["en", "de"] as const;
export type Language = (typeof LANGUAGES)[number];
/** How each language calls itself. */
export const NAMES: Readonly<Record<Language, string>> = { en: "English", de: "Deutsch" };

/** English as far as it was loaded. */
let english: Catalogue = SHARED;

const LOADERS: Readonly<Record<Language, () => Catalogue | Promise<Catalogue>>> = {
  en: () => english,
  de: async () => (await import("./de")).GERMAN,
};

interface Spoken {
  readonly language: Language;
  /** The language as the reader's region writes it, such as `en-GB`: how numbers and dates look. */
  readonly locale: string;
  readonly catalogue: Catalogue;
}
const spoken = signal<Spoken>({ language: "en", locale: "en", catalogue: english });
let asked: Language = "en";

export const language = (): Language => spoken.value.language;
export const locale = (): string => spoken.value.locale;

/** The first of the reader's languages that the editor speaks, else English. */
export const bestOf = (wanted: readonly string[]): Language => wanted.map(baseOf).find((base) => (LANGUAGES as readonly string[]).includes(base)) as Language | undefined ?? "en";

const baseOf = (tag: string): string => tag.toLowerCase().split("-")[0]!;

/** Takes in further English words; other languages come whole. */
export function learn(words: Catalogue): void {
  english = words;
  if (spoken.peek().language === "en") spoken.value = { ...spoken.peek(), catalogue: words };
}

/** Changes the language of all that reads `t` in a component, computed or effect. Rejects where its words can't be loaded. */
export async function speak(next: Language, wanted: readonly string[] = []): Promise<void> {
  asked = next;
  const catalogue = await LOADERS[next]();
  if (asked !== next) return; // another choice was made while the words came
  const region = wanted.find((tag) => baseOf(tag) === next);
  spoken.value = { language: next, locale: region ?? next, catalogue };
}

/** The text of a key in the spoken language, its holes filled. */
export function t<K extends Key>(key: K, ...[values]: Values<K>): string {
  const dot = key.indexOf(".");
  const { catalogue } = spoken.value;
  return fill(catalogue[key.slice(0, dot)]![key.slice(dot + 1)]!, values as Readonly<Record<string, string | number>> | undefined);
}

/** What a word of the program is called, such as the group `Edit` of a command; one that the area does not know stays as it is. */
export function named(area: keyof English, word: string): string {
  const text = spoken.value.catalogue[area]![word];
  return typeof text === "string" ? text : word;
}

/** The same as `t` for what is declared once and said in the language of the moment, such as the label of a command. */
export const phrase = <K extends Key>(key: K, ...values: Values<K>): (() => string) => () => t(key, ...values);

function fill(text: Text, values: Readonly<Record<string, string | number>> | undefined): string {
  const words = typeof text === "string" ? text : (text[plurals().select(values!.n as number)] ?? text.other);
  if (!values) return words;
  return words.replace(/\{(\w+)\}/g, (_, hole: string) => {
    const value = values[hole]!;
    return typeof value === "number" ? numbers().format(value) : value;
  });
}

/** One formatter per locale and shape of options: making one costs more than a hundred uses. */
function perLocale<F>(make: (tag: string) => F): () => F {
  const made = new Map<string, F>();
  return () => {
    const tag = locale();
    let found = made.get(tag);
    if (!found) made.set(tag, (found = make(tag)));
    return found;
  };
}
const plurals = perLocale((tag) => new Intl.PluralRules(tag));
// 1024 as sizes are written, 12,345 as counts are
const numbers = perLocale((tag) => new Intl.NumberFormat(tag, { useGrouping: "min2" }));

/** For tests and for what must change with the language without a text, such as the page's `lang`. */
export const spokenLanguage: ReadonlySignal<Spoken> = spoken;
