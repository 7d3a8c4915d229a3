/** Which saved workflows are listed, and what did each make last? */

import { computed, signal } from "@preact/signals";
import { lastPictures, library, MOST_IDS, type Library, type LibraryEntry } from "../api/library";
import { reason } from "../api/http";
import { filesIn, foldersIn, parentOf, sorted, SORTS, type FolderRow, type Sort } from "../model/library/folders";
import { t } from "../words";

const SORT_KEY = "weft.library.sort";
const ASK_AFTER_MS = 40;
const kept = localStorage.getItem(SORT_KEY) as Sort | null;

export class WorkflowShelf {
  readonly found = signal<Library | null>(null);
  readonly folder = signal("");
  readonly search = signal("");
  readonly sort = signal<Sort>(kept && SORTS.includes(kept) ? kept : "name");
  /** What is wrong with the list, or with the keeping of versions. */
  readonly problem = signal("");
  /** The file or folder whose name is being changed. */
  readonly renaming = signal<string | null>(null);
  /** Addresses of pictures by the workflows' ids; null where there is none. */
  readonly pictures = signal<ReadonlyMap<string, string | null>>(new Map());

  readonly isSearching = computed(() => this.search.value.trim() !== "");
  /** The folders of the shown one; none while something is searched. */
  readonly folders = computed<readonly FolderRow[]>(() => {
    const found = this.found.value;
    return !found || this.isSearching.value ? [] : foldersIn(found.folders, found.workflows, this.folder.value);
  });
  readonly files = computed<readonly LibraryEntry[]>(() => {
    const all = this.found.value?.workflows ?? [];
    return sorted(this.isSearching.value ? all : filesIn(all, this.folder.value), this.sort.value);
  });
  /** Changes with what is listed at all. */
  readonly listId = computed(() => `${this.folder.value}\n${this.search.value}\n${this.sort.value}`);

  private generation = 0;
  private wanted = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  async reload(): Promise<void> {
    const generation = ++this.generation;
    try {
      const found = await library(this.search.peek().trim());
      if (generation !== this.generation) return;
      this.found.value = found;
      this.problem.value = found.notice;
      while (this.folder.peek() !== "" && !found.folders.includes(this.folder.peek())) this.folder.value = parentOf(this.folder.peek());
    } catch (error) {
      if (generation === this.generation) this.problem.value = t("library.fails", { why: reason(error) });
    }
  }

  sortBy(sort: Sort): void {
    this.sort.value = sort;
    localStorage.setItem(SORT_KEY, sort);
  }

  /** Asks for a workflow's picture, together with those that are asked for in the same moment. */
  wantPicture(id: string): void {
    if (id === "" || this.pictures.peek().has(id) || this.wanted.has(id)) return;
    this.wanted.add(id);
    this.timer ??= setTimeout(() => void this.askForPictures(), ASK_AFTER_MS);
  }

  /** After a run: what was known before may be outdated. It stays in sight until the answer is there. */
  refreshPictures(): void {
    for (const id of this.pictures.peek().keys()) this.wanted.add(id);
    if (this.wanted.size > 0) this.timer ??= setTimeout(() => void this.askForPictures(), ASK_AFTER_MS);
  }

  private async askForPictures(): Promise<void> {
    const ids = [...this.wanted];
    this.wanted = new Set();
    this.timer = undefined;
    for (let first = 0; first < ids.length; first += MOST_IDS) {
      const some = ids.slice(first, first + MOST_IDS);
      const answer = await lastPictures(some).catch(() => null); // drawn pictures stand in for them; the list itself tells what is wrong
      if (answer) this.pictures.value = new Map([...this.pictures.peek(), ...some.map((id) => [id, answer[id] ?? null] as const)]);
    }
  }
}

export const shelf = new WorkflowShelf();
