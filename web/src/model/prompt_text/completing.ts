/** What is being typed at the cursor that could be completed? An embedding, a LoRA, or the beginning of a tag. */

export type Unfinished =
  | { readonly kind: "embedding" | "lora"; readonly from: number; readonly typed: string }
  /** `starts` are the places where a tag may begin: of the whole phrase, then of fewer and fewer of its last words. */
  | { readonly kind: "words"; readonly starts: readonly number[] };

const MOST_WORDS = 4;
const REFERENCE = /(?:(?<![^\s(){}|,])(embedding):|<(lora):)([^\s,()<>|{}]*)$/i;
const PHRASE = /(?:[^,\n(){}|<>:\\]|\\[()])*$/;

export function unfinishedAt(text: string, at: number): Unfinished | null {
  const before = text.slice(Math.max(0, at - 200), at);
  const reference = REFERENCE.exec(before);
  if (reference) {
    const typed = reference[3] ?? "";
    return { kind: reference[2] ? "lora" : "embedding", from: at - typed.length, typed };
  }
  const phrase = PHRASE.exec(before)?.[0].trimStart() ?? "";
  if (phrase === "" || /\s{2,}$/.test(phrase)) return null;
  const words = [...phrase.matchAll(/(?:^|\s)(?=\S)/g)].slice(-MOST_WORDS);
  return { kind: "words", starts: words.map((match) => at - phrase.length + match.index + match[0].length) };
}

/** The names that contain what was typed, those that begin with it first. */
export function namesFor(names: readonly string[], typed: string, most: number): string[] {
  const wanted = typed.toLowerCase();
  const rank = (name: string): number => {
    const at = name.toLowerCase().indexOf(wanted);
    return at < 0 ? Infinity : at === 0 || name[at - 1] === "/" ? 0 : 1;
  };
  return names.map((name) => ({ name, rank: rank(name) })).filter((entry) => entry.rank < Infinity)
    .sort((a, b) => a.rank - b.rank || a.name.localeCompare(b.name)).slice(0, most).map((entry) => entry.name);
}
