/** How is a word of a prompt made to count more or less? `word` -> `(word:1.05)`, and back to `word` at 1. */

import { readMarks, weightIn, type Group } from "./marks";

export interface TextChange {
  readonly from: number;
  readonly to: number;
  readonly insert: string;
  /** What is selected afterwards, in the new text. */
  readonly selection: readonly [from: number, to: number];
}

const HEAVIEST = 10;
const PART_OF_WORD = /[\p{L}\p{M}\p{N}_'’-]/u;

const rounded = (weight: number): number => Math.max(-HEAVIEST, Math.min(HEAVIEST, Math.round(weight * 100) / 100));

/** The word that touches `at`; escaped brackets belong to it, and an embedding is one word. */
function wordAt(text: string, at: number): [number, number] | null {
  const embedding = readMarks(text).marks.find((mark) => mark.kind === "embedding" && mark.from <= at && at <= mark.to);
  if (embedding) return [embedding.from, embedding.to];
  const isEscape = (index: number): boolean => text[index] === "\\" && "()".includes(text[index + 1] ?? " ");
  const belongs = (index: number): boolean => index >= 0 && index < text.length && (PART_OF_WORD.test(text[index]!) || isEscape(index) || (index > 0 && isEscape(index - 1)));
  let [from, to] = [at, at];
  while (belongs(from - 1)) from--;
  while (belongs(to)) to++;
  return from < to ? [from, to] : null;
}

/** Where the words of a group stand: without its brackets and its number. */
const textOf = (group: Group): [number, number] => [group.from + 1, group.number?.from ?? group.to - 1];

/** The group that is meant: the innermost around the cursor, or the one that is what is selected. */
function meant(groups: readonly Group[], from: number, to: number): Group | null {
  if (from === to) return groups.filter((group) => group.from < from && from < group.to).at(-1) ?? null;
  const isAll = (group: Group): boolean => {
    const [start, end] = textOf(group);
    return (group.from === from && group.to === to) || (from <= start && from >= group.from && to >= end && to <= group.to);
  };
  return groups.filter(isAll).at(-1) ?? null;
}

function trimmed(text: string, from: number, to: number): [number, number] | null {
  const found = text.slice(from, to);
  const start = from + found.length - found.trimStart().length;
  const end = to - (found.length - found.trimEnd().length);
  return start < end ? [start, end] : null;
}

/**
 * Changes the weight of what is selected, else of the brackets around the cursor, else of the word there. The new weight is
 * what counts in the end, whatever brackets stand around; where it is theirs already, no brackets are needed.
 */
export function changeWeight(text: string, selection: readonly [number, number], by: number): TextChange | null {
  const { groups } = readMarks(text);
  const picked = selection[0] === selection[1] ? selection : trimmed(text, ...(selection as [number, number]));
  if (!picked) return null;
  const group = meant(groups, picked[0], picked[1]);
  const inner = group ? textOf(group) : picked[0] === picked[1] ? wordAt(text, picked[0]) : picked;
  if (!inner) return null;
  const [from, to] = group ? [group.from, group.to] : inner;
  const around = group ? group.parent : (groups.filter((other) => other.from < from && to <= (other.number?.from ?? other.to - 1)).at(-1) ?? null);
  const words = text.slice(inner[0], inner[1]);
  if (!group && !isWhole(words)) return null;
  const outside = weightIn(around);
  const weight = rounded((group ? weightIn(group) : outside) + by);
  const isPlain = Math.abs(weight - outside) < 0.005;
  const start = from + (isPlain ? 0 : 1);
  const insert = isPlain ? words : `(${words}:${weight})`;
  const caret = Math.max(start, Math.min(start + words.length, start + selection[0] - inner[0]));
  return { from, to, insert, selection: selection[0] === selection[1] ? [caret, caret] : [start, start + words.length] };
}

/** True where each bracket has its partner within the words, so that brackets around them hold exactly them. */
const isWhole = (words: string): boolean => !readMarks(words).marks.some((mark) => mark.kind === "unpaired");

/** The smallest change that makes `after` of `before`; null where they are equal. */
export function smallestChange(before: string, after: string): { from: number; to: number; insert: string } | null {
  if (before === after) return null;
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let end = 0;
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) };
}
