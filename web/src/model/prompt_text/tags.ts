/** Which tags does a few letters stand for? A list of `name,category,count,"alias,alias"`, most used first. */

export interface Tag {
  readonly name: string;
  readonly category: number;
  readonly count: number;
  readonly aliases: readonly string[];
}
export interface TagMatch {
  readonly tag: Tag;
  /** The other name that matched. */
  readonly alias: string | null;
}

const LINES_PER_SLICE = 8000;

/** The fields of a line; quotes keep commas together, and two of them stand for one. */
function fieldsOf(line: string): string[] {
  if (!line.includes('"')) return line.split(",");
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((match) => match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
}

/** A line as nearly all are: no quotes but around the aliases. */
const USUAL = /^([^",]+),(\d*),(\d*)(?:,"?([^"]*)"?)?$/;

function readTag(line: string): Tag | null {
  const [name = "", category = "", count = "", aliases = ""] = USUAL.exec(line)?.slice(1) ?? fieldsOf(line);
  if (name.trim() === "" || !line.includes(",") || !/^\d*$/.test(category.trim()) || !/^\d*$/.test(count.trim())) return null;
  return { name: name.trim(), category: Number(category), count: Number(count), aliases: aliases.split(",").map((alias) => alias.trim()).filter((alias) => alias !== "") };
}

/** As names are compared: small, and with underscores. */
const normal = (text: string): string => text.toLowerCase().replaceAll(" ", "_");

interface Name {
  readonly key: string;
  /** The tag's place in order of use. */
  readonly rank: number;
  readonly alias: string | null;
}

/** Sorts names by their letters, in slices of those that begin alike. */
async function sorted(tags: readonly Tag[], pause: () => Promise<void>): Promise<Name[]> {
  const starts = new Map<string, Name[]>();
  for (const [rank, tag] of tags.entries()) {
    if (rank % LINES_PER_SLICE === LINES_PER_SLICE - 1) await pause();
    for (const alias of [null, ...tag.aliases]) {
      const key = normal(alias ?? tag.name);
      const start = key.slice(0, 2);
      const alike = starts.get(start);
      if (alike) alike.push({ key, rank, alias });
      else starts.set(start, [{ key, rank, alias }]);
    }
  }
  const names: Name[] = [];
  let waiting = 0;
  for (const [, alike] of [...starts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const name of alike.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))) names.push(name);
    waiting += alike.length;
    if (waiting < LINES_PER_SLICE) continue;
    waiting = 0;
    await pause();
  }
  return names;
}

/** Finds tags by the beginning of a name or alias: names lie in order of their letters, so those that fit lie together. */
export class TagIndex {
  private readonly ranks: Uint32Array;

  private constructor(private readonly tags: readonly Tag[], private readonly names: readonly Name[], /** Lines that could not be read. */ readonly skipped: number) {
    this.ranks = Uint32Array.from(names, (name) => name.rank);
  }

  get size(): number {
    return this.tags.length;
  }

  /** Reads a list in slices; `pause` lets the page do other things in between. */
  static async read(csv: string, pause: () => Promise<void> = () => Promise.resolve()): Promise<TagIndex> {
    const lines = csv.split(/\r?\n/);
    const tags: Tag[] = [];
    let skipped = 0;
    for (const [number, line] of lines.entries()) {
      if (number % LINES_PER_SLICE === LINES_PER_SLICE - 1) await pause();
      const tag = line.trim() === "" ? null : readTag(line);
      if (tag) tags.push(tag);
      else if (line.trim() !== "" && number > 0) skipped++; // the first line may be a heading
    }
    tags.sort((a, b) => b.count - a.count);
    return new TagIndex(tags, await sorted(tags, pause), skipped);
  }

  /** At most `most` tags whose name or alias begins with `typed`, the most used first; spaces and underscores are the same. */
  search(typed: string, most: number): TagMatch[] {
    const wanted = normal(typed.trim());
    const best: number[] = []; // places in `names`, in order of use, no tag twice
    let worst = Infinity;
    const end = this.firstFrom(`${wanted}\uffff`);
    for (let at = this.firstFrom(wanted); at < end; at++) {
      const rank = this.ranks[at]!;
      if (rank > worst) continue;
      const same = best.findIndex((other) => this.ranks[other] === rank);
      if (same >= 0) {
        if (this.names[at]!.alias === null) best[same] = at; // a tag's own name says more than its aliases
        continue;
      }
      const later = best.findIndex((other) => this.ranks[other]! > rank);
      best.splice(later < 0 ? best.length : later, 0, at);
      if (best.length > most) best.pop();
      if (best.length === most) worst = this.ranks[best.at(-1)!]!;
    }
    return best.map((at) => ({ tag: this.tags[this.ranks[at]!]!, alias: this.names[at]!.alias }));
  }

  /** The first place whose name is not before `wanted`. */
  private firstFrom(wanted: string): number {
    let [low, high] = [0, this.names.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.names[middle]!.key < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A tag as it is written into a prompt: its brackets are no weights. */
export const writtenTag = (name: string, keepsUnderscores: boolean): string => (keepsUnderscores ? name : name.replaceAll("_", " ")).replaceAll(/[()]/g, "\\$&");

/** `1234567` -> `1.2M`. */
export function shortCount(count: number): string {
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)}M`;
  return count >= 1000 ? `${Math.round(count / 1000)}k` : String(count);
}
