/** What does this browser remember of a form? The values that were typed, and the runs that were begun here. */

import { parseJson, toJson } from "../model/exact_json";
import type { Json } from "../model/types";

/** A field's value, by its node and widget. */
export type KeptValue = readonly [node: string, widget: string, value: Json];

export interface KeptRun {
  readonly promptId: string;
  readonly at: number;
  readonly values: readonly KeptValue[];
}

export const MOST_RUNS = 60;

/** The part of localStorage that is used. */
export interface Shelf {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const isValue = (entry: unknown): entry is KeptValue => Array.isArray(entry) && entry.length === 3 && typeof entry[0] === "string" && typeof entry[1] === "string";
const isRun = (entry: unknown): entry is KeptRun => {
  const { promptId, at, values } = (entry ?? {}) as Partial<KeptRun>;
  return typeof promptId === "string" && typeof at === "number" && Array.isArray(values) && values.every(isValue);
};

export class Kept {
  /** `owner` is the account, so that two who share a browser do not see each other's texts. */
  constructor(private readonly shelf: Shelf, owner: string, source: string) {
    this.key = `weft.form.${owner}.${source}`;
  }
  private readonly key: string;

  private read<T>(part: string, fits: (entry: unknown) => entry is T): T[] {
    const text = this.shelf.getItem(`${this.key}.${part}`);
    if (text === null) return [];
    try {
      const data = parseJson(text);
      return Array.isArray(data) ? data.filter(fits) : [];
    } catch {
      return []; // somebody else wrote there; it is written anew with the next value
    }
  }

  /** Drops the older half where the browser's store is full. */
  private write(part: string, entries: readonly unknown[]): void {
    for (let rest = entries; ; rest = rest.slice(0, Math.floor(rest.length / 2)))
      try {
        if (rest.length === 0) this.shelf.removeItem(`${this.key}.${part}`);
        else this.shelf.setItem(`${this.key}.${part}`, toJson(rest));
        return;
      } catch (error) {
        if (rest.length === 0) throw error;
      }
  }

  values(): KeptValue[] {
    return this.read("values", isValue);
  }

  keepValues(values: readonly KeptValue[]): void {
    this.write("values", values);
  }

  /** Newest first. */
  runs(): KeptRun[] {
    return this.read("runs", isRun);
  }

  keepRuns(runs: readonly KeptRun[]): void {
    this.write("runs", runs.slice(0, MOST_RUNS).map(({ promptId, at, values }) => ({ promptId, at, values })));
  }
}
