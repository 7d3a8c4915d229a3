/** Where does typing become a new step to undo? At a pause, at a new word, and when writing turns into deleting. */

const PAUSE_MS = 1200;

export interface Typed {
  /** Where the change begins in the text before it. */
  readonly from: number;
  readonly removed: number;
  readonly inserted: string;
  readonly atMs: number;
}

export class TypingSteps {
  private last: (Typed & { readonly end: number }) | null = null;

  /** Whether this change begins a step; a change of many letters at once (paste, completion) is one of its own. */
  isNew(typed: Typed): boolean {
    const { last } = this;
    const isSingle = typed.removed + typed.inserted.length <= 2;
    this.last = isSingle ? { ...typed, end: typed.from + typed.inserted.length } : null;
    if (!last || !isSingle || typed.atMs - last.atMs > PAUSE_MS) return true;
    const isDeleting = typed.inserted === "";
    if (isDeleting !== (last.inserted === "")) return true;
    if (isDeleting) return typed.from !== last.from && typed.from + typed.removed !== last.from;
    return typed.from !== last.end || (/\s$/.test(last.inserted) && !/^\s/.test(typed.inserted));
  }

  /** The next change begins a step. */
  end(): void {
    this.last = null;
  }
}
