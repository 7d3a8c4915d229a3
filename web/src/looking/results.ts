/** Which results are listed? They come a page at a time as one scrolls, and new ones at the front. */

import { signal } from "@preact/signals";
import { page, type Result, type Wanted } from "../api/gallery";
import { reason } from "../api/http";

const PAGE = 200;

export const keyOf = ({ file, modified }: Result): string => `${file.type}/${file.subfolder}/${file.filename}@${modified}`;

export class Results {
  readonly entries = signal<readonly Result[]>([]);
  readonly total = signal<number | null>(null);
  readonly isLoading = signal(false);
  readonly problem = signal("");
  readonly wanted = signal<Wanted>({ search: "", media: "" });
  /** Keys of up to two results that are to be compared. */
  readonly marked = signal<readonly string[]>([]);
  private next: string | null = null;
  private hasMore = true;
  private generation = 0;

  async restart(wanted: Wanted = this.wanted.value): Promise<void> {
    this.wanted.value = wanted;
    this.generation += 1;
    this.next = null;
    this.hasMore = true;
    this.isLoading.value = false;
    await this.more(true);
  }

  /** Takes the next page in. */
  async more(anew = false): Promise<void> {
    if (this.isLoading.value || !this.hasMore) return;
    await this.ask(anew ? null : this.next, (found) => {
      this.entries.value = anew ? found.results : [...this.entries.value, ...this.unknown(found.results)];
      if (anew) this.total.value = found.total;
      this.next = found.next;
      this.hasMore = found.next !== null;
    });
  }

  /** Puts what was made meanwhile in front. */
  async refresh(): Promise<void> {
    if (this.isLoading.value) return;
    let isFar = false;
    await this.ask(null, (found) => {
      const fresh = this.unknown(found.results);
      isFar = fresh.length === found.results.length && this.entries.value.length > 0 && found.next !== null;
      const files = new Set(fresh.map(({ file }) => `${file.type}/${file.subfolder}/${file.filename}`));
      if (fresh.length > 0) this.entries.value = [...fresh, ...this.entries.value.filter(({ file }) => !files.has(`${file.type}/${file.subfolder}/${file.filename}`))];
      this.total.value = found.total;
      if (this.entries.value.length <= found.results.length) [this.next, this.hasMore] = [found.next, found.next !== null];
    });
    if (isFar) await this.restart();
  }

  mark(entry: Result): void {
    const key = keyOf(entry);
    const { value } = this.marked;
    this.marked.value = value.includes(key) ? value.filter((other) => other !== key) : [...value, key].slice(-2);
  }

  private unknown(found: readonly Result[]): Result[] {
    const known = new Set(this.entries.value.map(keyOf));
    return found.filter((entry) => !known.has(keyOf(entry)));
  }

  private async ask(after: string | null, take: (found: Awaited<ReturnType<typeof page>>) => void): Promise<void> {
    const { generation } = this;
    this.isLoading.value = true;
    try {
      const found = await page(this.wanted.value, after, PAGE);
      if (generation !== this.generation) return;
      take(found);
      this.problem.value = "";
    } catch (error) {
      if (generation === this.generation) this.problem.value = reason(error);
    } finally {
      if (generation === this.generation) this.isLoading.value = false;
    }
  }
}
