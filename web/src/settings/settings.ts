/** What does the user prefer? Settings are declared once, kept on the server per user, and hold in every browser. */

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import * as http from "../api/http";
import type { Words } from "../commands/words";
import { t } from "../words";

interface Described<T> {
  /** The key on the server: `weft.…`, for extensions `pack.…`. */
  readonly id: string;
  readonly label: Words;
  readonly group: Words;
  readonly default: T;
  /** One sentence below the label. */
  readonly hint?: Words;
  /** Further words by which the search finds it. */
  readonly keywords?: string;
  /** Kept like the others, but shown elsewhere than in the list. */
  readonly hidden?: boolean;
  /** Asked before a value is taken; what it answers is told to the user and the value stays. */
  refuses?(value: T): Promise<string | null>;
}
export interface Toggle extends Described<boolean> {
  readonly kind: "toggle";
}
export interface Choice<T extends string = string> extends Described<T> {
  readonly kind: "choice";
  readonly choices: readonly { readonly value: T; readonly label: Words }[];
}
export interface NumberSetting extends Described<number> {
  readonly kind: "number";
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** `px`, `s`: shown behind the field. */
  readonly unit?: string;
}
export interface TextSetting extends Described<string> {
  readonly kind: "text";
}
/** Anything else that is kept; `isValid` says what of it may be read. */
export interface Kept<T> extends Described<T> {
  readonly kind: "kept";
  readonly hidden: true;
  readonly isValid: (value: unknown) => value is T;
}
export type Setting = Toggle | Choice | NumberSetting | TextSetting;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- of whatever type its value is
type Any = Setting | Choice<any> | Kept<any>;
type ValueOf<S> = S extends Described<infer T> ? T : never;

/** The last known settings, so that the page looks right before the server has answered. */
const MIRROR = "weft.settings";

/** Whether a value that was kept is one of this setting. */
export function isValid(setting: Any, value: unknown): boolean {
  switch (setting.kind) {
    case "toggle":
      return typeof value === "boolean";
    case "choice":
      return setting.choices.some((choice: { value: string }) => choice.value === value);
    case "number":
      return typeof value === "number" && value >= setting.min && value <= setting.max;
    case "text":
      return typeof value === "string";
    case "kept":
      return setting.isValid(value);
  }
}

function readMirror(): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(MIRROR) ?? "{}");
    return typeof found === "object" && found !== null && !Array.isArray(found) ? (found as Record<string, unknown>) : {};
  } catch {
    return {}; // no JSON, or no storage: the server's answer comes in any case
  }
}

export class Settings {
  private readonly kept: Signal<Readonly<Record<string, unknown>>> = signal(readMirror());
  private readonly declared: Signal<readonly Setting[]> = signal([]);
  private readonly values = new Map<string, ReadonlySignal<unknown>>();
  /** What the settings dialog lists. */
  readonly all: ReadonlySignal<readonly Setting[]> = this.declared;

  constructor(private readonly tell: (text: string) => void) {}

  /** Lists settings in the dialog and returns what takes them back. Raises where an id is taken. */
  add(...settings: readonly Setting[]): () => void {
    for (const setting of settings)
      if (this.declared.peek().some((other) => other.id === setting.id)) throw new Error(`There is a setting ${setting.id} already. Give this one an id of its own.`);
    this.declared.value = [...this.declared.peek(), ...settings];
    return () => (this.declared.value = this.declared.peek().filter((setting) => !settings.includes(setting)));
  }

  /** The value in force: what the user chose, else the default. */
  of<S extends Any>(setting: S): ReadonlySignal<ValueOf<S>> {
    let found = this.values.get(setting.id);
    if (!found) {
      found = computed(() => {
        const value = this.kept.value[setting.id];
        return isValid(setting, value) ? value : setting.default;
      });
      this.values.set(setting.id, found);
    }
    return found as ReadonlySignal<ValueOf<S>>;
  }

  /** Whether the user chose something else than the default. */
  isChanged(setting: Any): boolean {
    const value = this.kept.value[setting.id];
    return isValid(setting, value) && JSON.stringify(value) !== JSON.stringify(setting.default);
  }

  /** Takes a value and keeps it on the server. */
  async set<S extends Any>(setting: S, value: ValueOf<S>): Promise<void> {
    if (!isValid(setting, value)) throw new Error(`${setting.id} can't be ${JSON.stringify(value)}.`);
    const why = await setting.refuses?.(value as never);
    if (why) return this.tell(why);
    await this.keep({ [setting.id]: value });
  }

  /** Goes back to the defaults. */
  reset(...settings: readonly Any[]): Promise<void> {
    return this.keep(Object.fromEntries(settings.map((setting) => [setting.id, null])));
  }

  async load(): Promise<void> {
    try {
      this.hold(await http.settings());
    } catch (error) {
      this.tell(t("settings.readFails", { why: http.reason(error) }));
    }
  }

  private async keep(changes: Readonly<Record<string, unknown>>): Promise<void> {
    this.hold({ ...this.kept.peek(), ...changes });
    try {
      await http.request("POST", "/settings", changes);
    } catch (error) {
      this.tell(t("settings.keepFails", { why: http.reason(error) }));
    }
  }

  private hold(values: Readonly<Record<string, unknown>>): void {
    this.kept.value = values;
    try {
      localStorage.setItem(MIRROR, JSON.stringify(values));
    } catch {
      // a browser without storage shows its defaults until the server answers
    }
  }
}
