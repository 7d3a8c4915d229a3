/** What was done, and how is it taken back? Steps of inverse edits; a gesture's edits are one step. */

import { closingEdits, unlinkedBy } from "./closing";
import { applyEdit, editTarget, touch, type Edit, type Touched } from "./edits";
import type { Graph } from "./graph";
import { mayReshape, settleEdits } from "./settle";
import type { NodeId } from "./types";

interface Step {
  label: string;
  inverses: Edit[];
  key: string | null;
  /** Where in the nested subgraphs it was made. */
  place: readonly NodeId[];
}

const LONGEST = 500;
/** Inputs that go may make others go, never without end. */
const MOST_ROUNDS = 8;

export class History {
  private readonly done: Step[] = [];
  private readonly undone: Step[] = [];
  private open: Step | null = null;

  constructor(private readonly graph: Graph) {}

  get canUndo(): boolean {
    return this.done.length > 0;
  }

  get canRedo(): boolean {
    return this.undone.length > 0;
  }

  get undoLabel(): string {
    return this.done.at(-1)?.label ?? "";
  }

  get redoLabel(): string {
    return this.undone.at(-1)?.label ?? "";
  }

  /**
   * Applies edits, and what must follow on them, as one step, or as part of the step that is open under the same key: while a
   * gesture goes on, lists of inputs are not closed up, since a link may come back. Returns the touched nodes. If an edit raises, those before it are taken back and nothing is recorded. `place` is where the user is.
   */
  apply(label: string, edits: readonly Edit[], key: string | null = null, place: readonly NodeId[] = []): Touched {
    const touched: Touched = new Map();
    const inverses = this.run(edits, touched, edits.some(mayReshape) ? (key === null ? "all" : "inputs") : "nothing");
    if (inverses.length === 0) return touched;
    this.undone.length = 0;
    if (key !== null && this.open?.key === key) {
      this.merge(this.open, inverses);
      return touched;
    }
    const step = { label, inverses, key, place };
    this.done.push(step);
    if (this.done.length > LONGEST) this.done.shift();
    this.open = key === null ? null : step;
    return touched;
  }

  /** Ends a gesture: the next edit is a step of its own, whatever its key. */
  close(): void {
    this.open = null;
  }

  /** Where the step was made that `undo` would take back. */
  get undoPlace(): readonly NodeId[] {
    return this.done.at(-1)?.place ?? [];
  }

  get redoPlace(): readonly NodeId[] {
    return this.undone.at(-1)?.place ?? [];
  }

  undo(): Touched | null {
    return this.shift(this.done, this.undone);
  }

  /** Takes the last step back for good: there is nothing to redo. */
  discard(): Touched | null {
    const touched = this.undo();
    this.undone.pop();
    return touched;
  }

  redo(): Touched | null {
    return this.shift(this.undone, this.done);
  }

  private shift(from: Step[], to: Step[]): Touched | null {
    const step = from.pop();
    if (!step) return null;
    this.open = null;
    const touched: Touched = new Map();
    to.push({ ...step, key: null, inverses: this.run(step.inverses, touched) });
    return touched;
  }

  /** Returns the inverses in the order in which they must be applied. */
  private run(edits: readonly Edit[], touched: Touched, follows: "all" | "inputs" | "nothing" = "nothing"): Edit[] {
    const inverses: Edit[] = [];
    const apply = (some: readonly Edit[]): void => {
      for (let next = some, rounds = 0; next.length > 0; next = follows !== "nothing" && rounds++ < MOST_ROUNDS ? settleEdits(this.graph, touched) : [])
        for (const edit of next) {
          touch(this.graph, edit, touched);
          inverses.unshift(applyEdit(this.graph, edit));
        }
    };
    try {
      const unlinked = follows === "all" ? unlinkedBy(this.graph, edits) : null;
      apply(edits);
      if (unlinked) apply(closingEdits(this.graph, unlinked));
    } catch (error) {
      for (const inverse of inverses) applyEdit(this.graph, inverse);
      throw error;
    }
    return inverses;
  }

  private merge(step: Step, inverses: Edit[]): void {
    const known = new Set(step.inverses.map(editTarget).filter((target) => target !== null));
    const targets = inverses.map(editTarget);
    // where sockets or links come and go, each edit leans on the one before it
    const fresh = targets.includes(null) ? inverses : inverses.filter((_, index) => !known.has(targets[index]!));
    step.inverses.unshift(...fresh);
  }
}
