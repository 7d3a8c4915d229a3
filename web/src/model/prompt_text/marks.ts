/** What do the letters of a prompt mean? Brackets and their weights, escapes, choices, comments, embeddings, as the engine reads them. */

export type MarkKind = "bracket" | "weight" | "escape" | "choice" | "comment" | "embedding" | "unpaired";

/** Letters `from` up to `to` of one meaning; `depth` counts the brackets around a bracket or choice, from 0. */
export interface Mark {
  readonly from: number;
  readonly to: number;
  readonly kind: MarkKind;
  readonly depth: number;
}

/** What stands in a pair of brackets: `text[from]` is the opening one, `text[to - 1]` the closing one. */
export interface Group {
  readonly from: number;
  readonly to: number;
  readonly parent: Group | null;
  /** `:1.3` at its end, with the colon. */
  readonly number: { readonly from: number; readonly value: number } | null;
}

export interface PromptMarks {
  /** In order, without overlaps. */
  readonly marks: readonly Mark[];
  readonly groups: readonly Group[];
  /** Pairs of round and curly brackets, by the place of each. */
  readonly partners: ReadonlyMap<number, number>;
}

/** What one pair of brackets without a number multiplies the weight by. */
const EMPHASIS = 1.1;
const ESCAPED = "(){}|";
const NUMBER = /^\s*[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;
const EMBEDDING = /(?<![^\s()])embedding:[^\s,()\\]+/y;
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/.*/y;

/** The weight that counts inside a group. */
export const weightIn = (group: Group | null): number => (group === null ? 1 : (group.number?.value ?? weightIn(group.parent) * EMPHASIS));

/** The number behind the last colon before the closing bracket at `end`; `start` is where the last run of plain letters begins. */
function readNumber(text: string, start: number, end: number, isAlone: boolean): Group["number"] {
  const colon = text.lastIndexOf(":", end - 1);
  if (colon < start || (isAlone && colon === start)) return null;
  const digits = text.slice(colon + 1, end);
  return NUMBER.test(digits) ? { from: colon, value: Number(digits.trim().replaceAll("_", "")) } : null;
}

interface OpenGroup {
  readonly from: number;
  readonly children: { from: number; to: number; number: Group["number"]; children: OpenGroup["children"] }[];
  /** Where the last run of plain letters begins. */
  runStart: number;
}

class Reader {
  readonly marks: Mark[] = [];
  readonly partners = new Map<number, number>();
  private readonly open: OpenGroup[] = [{ from: -1, children: [], runStart: 0 }];
  private readonly braces: { at: number; bars: number[] }[] = [];

  constructor(private readonly text: string) {}

  read(): PromptMarks {
    for (let at = 0; at < this.text.length; ) at = this.step(at);
    for (const brace of this.braces) this.mark(brace.at, brace.at + 1, "unpaired");
    const unclosed = this.open.slice(1);
    for (const group of unclosed) this.mark(group.from, group.from + 1, "unpaired");
    const plainFrom = unclosed[0]?.from ?? Infinity;
    const groups: Group[] = [];
    collect(this.open[0]!.children, null, groups);
    // all that follows a bracket without a partner is plain text to the engine
    const marks = this.marks.filter((mark) => mark.from <= plainFrom || (mark.kind !== "bracket" && mark.kind !== "weight"));
    for (const group of groups) if (group.number) marks.push({ from: group.number.from, to: group.to - 1, kind: "weight", depth: 0 });
    return { marks: withoutOverlaps(marks), groups: groups.sort((a, b) => a.from - b.from), partners: this.partners };
  }

  private mark(from: number, to: number, kind: MarkKind, depth = 0): number {
    this.marks.push({ from, to, kind, depth });
    return to;
  }

  private match(pattern: RegExp, at: number): number {
    pattern.lastIndex = at;
    const found = pattern.exec(this.text);
    return found ? found[0].length : 0;
  }

  private step(at: number): number {
    const letter = this.text[at]!;
    if (letter === "\\") {
      const isEscape = ESCAPED.includes(this.text[at + 1] ?? " ");
      this.open.at(-1)!.runStart = at + (isEscape ? 2 : 1);
      return isEscape ? this.mark(at, at + 2, "escape") : at + 1;
    }
    if (letter === "/") return this.comment(at);
    if (letter === "e") return this.embedding(at);
    if (letter === "(") this.open.push({ from: at, children: [], runStart: at + 1 });
    else if (letter === ")") this.close(at);
    else if (letter === "{") this.braces.push({ at, bars: [] });
    else if (letter === "|") this.braces.at(-1)?.bars.push(at);
    else if (letter === "}") this.closeBrace(at);
    return at + 1;
  }

  private comment(at: number): number {
    const length = this.match(COMMENT, at);
    return length > 0 ? this.mark(at, at + length, "comment") : at + 1;
  }

  private embedding(at: number): number {
    const length = this.match(EMBEDDING, at);
    return length > 0 ? this.mark(at, at + length, "embedding") : at + 1;
  }

  private close(at: number): void {
    if (this.open.length === 1) {
      this.mark(at, at + 1, "unpaired");
      return;
    }
    const { from, children, runStart } = this.open.pop()!;
    const outer = this.open.at(-1)!;
    const number = readNumber(this.text, runStart, at, runStart === from + 1 && children.length === 0);
    outer.children.push({ from, to: at + 1, number, children });
    outer.runStart = at + 1;
    this.pair(from, at, "bracket", this.open.length - 1);
  }

  private closeBrace(at: number): void {
    const brace = this.braces.pop();
    if (!brace) {
      this.mark(at, at + 1, "unpaired");
      return;
    }
    for (const bar of brace.bars) this.mark(bar, bar + 1, "choice", this.braces.length);
    this.pair(brace.at, at, "choice", this.braces.length);
  }

  private pair(from: number, to: number, kind: MarkKind, depth: number): void {
    this.mark(from, from + 1, kind, depth);
    this.mark(to, to + 1, kind, depth);
    this.partners.set(from, to).set(to, from);
  }
}

function collect(children: OpenGroup["children"], parent: Group | null, into: Group[]): void {
  for (const { from, to, number, children: inner } of children) {
    const group: Group = { from, to, number, parent };
    into.push(group);
    collect(inner, group, into);
  }
}

/** An embedding's name ends where the weight of its brackets begins. */
function withoutOverlaps(marks: readonly Mark[]): Mark[] {
  const ordered = [...marks].sort((a, b) => a.from - b.from || a.to - b.to);
  return ordered.map((mark, index) => {
    const next = ordered[index + 1];
    return next && next.from < mark.to ? { ...mark, to: next.from } : mark;
  });
}

export const readMarks = (text: string): PromptMarks => new Reader(text).read();

/** A part of a prompt and its weight; escaped brackets are plain in it. */
export interface Phrase {
  readonly text: string;
  readonly weight: number;
}

/** What the text encoder is given: neighbours of one weight as one phrase. */
export function phrasesOf(text: string): Phrase[] {
  const { groups, marks } = readMarks(text);
  const weights = new Map(groups.map((group) => [group, weightIn(group)]));
  const starts = new Map(groups.map((group) => [group.from, group]));
  const escapes = new Set(marks.filter((mark) => mark.kind === "escape" && "()".includes(text[mark.from + 1]!)).map((mark) => mark.from));
  const phrases: { text: string; weight: number }[] = [];
  let inside: Group | null = null;
  for (let at = 0; at < text.length; at++) {
    const opened = starts.get(at);
    if (opened) inside = opened;
    else if (inside && at >= (inside.number?.from ?? inside.to - 1)) {
      at = inside.to - 1;
      inside = inside.parent;
    } else if (!escapes.has(at)) {
      const weight = inside ? weights.get(inside)! : 1;
      const last = phrases.at(-1);
      if (last?.weight === weight) last.text += text[at];
      else phrases.push({ text: text[at]!, weight });
    }
  }
  return phrases;
}
