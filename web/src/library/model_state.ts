/** Which model files are listed, what is known of each, and which workflows use it? */

import { computed, signal } from "@preact/signals";
import * as api from "../api/library";
import type { AboutModel, ModelInfo, Models } from "../api/library";
import { reason } from "../api/http";
import type { NamesByKind } from "../model/library/loaders";
import { usesOf } from "../model/library/uses";
import { t } from "../words";

export const MODEL_SORTS = ["name", "newest", "size"] as const;
export type ModelSort = (typeof MODEL_SORTS)[number];

const AT_ONCE = 2;
const SAYS_SOMETHING = /\.(safetensors|sft)$/i;
export const keyOf = ({ kind, name, root }: Pick<ModelInfo, "kind" | "name" | "root">): string => `${kind}\n${root}\n${name}`;

const byName = (a: ModelInfo, b: ModelInfo): number => a.name.localeCompare(b.name, undefined, { numeric: true, sensitivity: "base" }) || a.kind.localeCompare(b.kind);
const ORDERS: Record<ModelSort, (a: ModelInfo, b: ModelInfo) => number> = {
  name: byName,
  newest: (a, b) => b.modified_ms - a.modified_ms || byName(a, b),
  size: (a, b) => b.size - a.size || byName(a, b),
};

export class ModelShelf {
  readonly found = signal<Models | null>(null);
  readonly problem = signal("");
  readonly search = signal("");
  /** "" for all. */
  readonly kind = signal("");
  readonly sort = signal<ModelSort>("name");
  /** The one that is looked at closely. */
  readonly shown = signal<ModelInfo | null>(null);
  /** What files say of themselves, as far as it was asked for. */
  readonly abouts = signal<ReadonlyMap<string, AboutModel>>(new Map());
  /** Saved workflows by the models that they name. */
  readonly uses = signal<ReturnType<typeof usesOf>>(new Map());

  /** The kinds that have files, with how many. */
  readonly kinds = computed(() => {
    const counts = new Map<string, number>();
    for (const { kind } of this.found.value?.models ?? []) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    return (this.found.value?.kinds ?? []).map(({ name, folders }) => ({ name, folders, count: counts.get(name) ?? 0 }));
  });
  readonly models = computed<readonly ModelInfo[]>(() => {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const kind = this.kind.value;
    const abouts = words.length > 0 ? this.abouts.value : null;
    const says = (model: ModelInfo): string => {
      const about = abouts?.get(keyOf(model));
      return [model.kind, model.name, about?.title, about?.base, about?.family, about?.triggers].join("\n").toLowerCase();
    };
    const fits = (model: ModelInfo): boolean => {
      if (kind !== "" && model.kind !== kind) return false;
      if (words.length === 0) return true;
      const text = says(model);
      return words.every((word) => text.includes(word));
    };
    return (this.found.value?.models ?? []).filter(fits).sort(ORDERS[this.sort.value]);
  });
  readonly listId = computed(() => `${this.kind.value}\n${this.search.value}\n${this.sort.value}`);

  private readonly asked = new Set<string>();
  private readonly waiting: { readonly model: ModelInfo; readonly isWanted: () => boolean }[] = [];
  private busy = 0;

  readonly byKind = computed<NamesByKind>(() => {
    const names = new Map<string, Set<string>>();
    for (const { kind, name } of this.found.value?.models ?? []) names.set(kind, (names.get(kind) ?? new Set()).add(name));
    return names;
  });

  /** Names of all files of a kind. */
  namesOf(kind: string): ReadonlySet<string> {
    return this.byKind.peek().get(kind) ?? new Set();
  }

  async reload(): Promise<void> {
    this.problem.value = "";
    const fail = (error: unknown): void => void (this.problem.value = t("library.fails", { why: reason(error) }));
    const models = api.models().then((found) => this.take(found), fail);
    const uses = api.library().then((found) => (this.uses.value = usesOf(found.workflows)), fail);
    await models; // who uses them may come later
    void uses;
  }

  /** What was known of files that have changed since is forgotten. */
  private take(found: Models): void {
    const times = new Map(found.models.map((model) => [keyOf(model), model.modified_ms]));
    this.abouts.value = new Map([...this.abouts.peek()].filter(([key, about]) => times.get(key) === about.modified_ms));
    this.asked.clear();
    this.found.value = found;
    const { value: shown } = this.shown;
    if (shown) this.shown.value = found.models.find((model) => keyOf(model) === keyOf(shown)) ?? null;
  }

  /** Asks what a file says of itself, when its turn comes and it is still in sight. */
  wantAbout(model: ModelInfo, isWanted: () => boolean): void {
    const key = keyOf(model);
    if (!SAYS_SOMETHING.test(model.name) || this.abouts.peek().has(key) || this.asked.has(key)) return;
    this.waiting.push({ model, isWanted });
    void this.serve();
  }

  /** Asks again, as after its picture has changed. Raises HttpError. */
  async ask(model: ModelInfo): Promise<AboutModel> {
    const about = await api.aboutModel(model);
    this.abouts.value = new Map(this.abouts.peek()).set(keyOf(model), about);
    return about;
  }

  private async serve(): Promise<void> {
    if (this.busy >= AT_ONCE) return;
    this.busy += 1;
    for (let next = this.waiting.shift(); next; next = this.waiting.shift()) {
      const key = keyOf(next.model);
      if (this.asked.has(key) || !next.isWanted()) continue;
      this.asked.add(key);
      await this.ask(next.model).catch(() => undefined); // its own page says what is wrong
    }
    this.busy -= 1;
  }
}

export const modelShelf = new ModelShelf();
