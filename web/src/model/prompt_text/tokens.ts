/** How many tokens does CLIP read in a prompt? Byte-pair encoding (arXiv:1508.07909), in chunks of 77 with a start and an end. */

import { takeChoices } from "../wildcards";
import { phrasesOf } from "./marks";

export const CHUNK = 77;
const ROOM = CHUNK - 2;
/** Longer runs are split where a chunk ends; shorter ones go to the next chunk whole. */
const LONGEST_WHOLE_RUN = 7;
const WORD_END = "</w>";
const WORDS = /'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+/gu;
const EMBEDDING = /(?:^|(?<=\s))embedding:([^\s,]+)/;
/** Pairs in CLIP's vocabulary: 49408 tokens less the bytes, the bytes at word ends, and two marks. */
const PAIRS = 49408 - 2 * 256 - 2;
/** Letters of a token, on the average of long words; used while the vocabulary is not known. */
const LETTERS_PER_TOKEN = 5;

export interface TokenCount {
  /** With the start and the end of each chunk. */
  readonly tokens: number;
  readonly chunks: number;
  /** False where it depends: on a choice, on the length of an embedding, or because the vocabulary is not known. */
  readonly isExact: boolean;
}

export interface Vocabulary {
  /** The number of tokens in a text, without start and end. */
  count(text: string): number;
  readonly isExact: boolean;
}

const wordsOf = (text: string): string[] => text.normalize("NFC").replaceAll(/\s+/g, " ").toLowerCase().match(WORDS) ?? [];

/** The letter that stands for each byte: printable bytes stand for themselves. */
function byteLetters(): string[] {
  const printable = (byte: number): boolean => (byte > 32 && byte < 127) || (byte > 160 && byte < 173) || byte > 173;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
}

/** CLIP's own vocabulary, read from its list of pairs: one a line below a heading, most frequent first. */
export class ClipVocabulary implements Vocabulary {
  readonly isExact = true;
  private readonly ranks = new Map<string, number>();
  private readonly letters = byteLetters();
  private readonly known = new Map<string, number>();

  constructor(list: string) {
    const lines = list.split("\n").slice(1, PAIRS + 1);
    for (const [rank, line] of lines.entries()) this.ranks.set(line, rank);
    if (this.ranks.size !== PAIRS) throw new Error(`expected ${PAIRS} pairs in CLIP's vocabulary, found ${this.ranks.size}`);
  }

  count(text: string): number {
    return wordsOf(text).reduce((sum, word) => sum + this.countWord(word), 0);
  }

  private countWord(word: string): number {
    let count = this.known.get(word);
    if (count === undefined) this.known.set(word, (count = this.join(word)));
    return count;
  }

  /** Joins the most frequent pair until none is left. */
  private join(word: string): number {
    let parts = [...new TextEncoder().encode(word)].map((byte) => this.letters[byte]!);
    parts[parts.length - 1] += WORD_END;
    for (;;) {
      let best = Infinity;
      for (let at = 0; at + 1 < parts.length; at++) best = Math.min(best, this.ranks.get(`${parts[at]} ${parts[at + 1]}`) ?? Infinity);
      if (best === Infinity) return parts.length;
      const joined: string[] = [];
      for (const part of parts) {
        if (joined.length > 0 && this.ranks.get(`${joined.at(-1)} ${part}`) === best) joined[joined.length - 1] += part;
        else joined.push(part);
      }
      parts = joined;
    }
  }
}

/** A count without the vocabulary: short words are one token, long ones several. */
export const ROUGH: Vocabulary = {
  isExact: false,
  count: (text) => wordsOf(text).reduce((sum, word) => sum + Math.max(1, Math.round(word.length / LETTERS_PER_TOKEN - 0.4)), 0),
};

/** The lengths of what belongs together: a phrase of one weight, or an embedding, which counts as one. */
function runsOf(text: string, vocabulary: Vocabulary): number[] {
  return phrasesOf(text).flatMap((phrase) => phrase.text.split(EMBEDDING).map((piece, index) => (index % 2 === 1 ? 1 : vocabulary.count(piece)))).filter((length) => length > 0);
}

/** Tokens of a prompt, cut into chunks as the engine cuts them. */
export function countTokens(text: string, vocabulary: Vocabulary): TokenCount {
  const chosen = takeChoices(text, () => 0);
  let chunks = 1;
  let used = 0;
  let content = 0;
  for (const run of runsOf(chosen, vocabulary)) {
    content += run;
    if (used + run <= ROOM) used += run;
    else if (run <= LONGEST_WHOLE_RUN) {
      chunks += 1;
      used = run;
    } else {
      const rest = run - (ROOM - used);
      chunks += Math.ceil(rest / ROOM);
      used = rest % ROOM || ROOM;
    }
  }
  const isExact = vocabulary.isExact && !EMBEDDING.test(chosen) && takeChoices(text, () => 0.999999) === chosen;
  return { tokens: content + 2 * chunks, chunks, isExact };
}
