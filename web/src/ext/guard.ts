/** What happens when an extension's code fails, takes long, or never ends calling itself? It is caught, counted and named here. */

import { signal, type Signal } from "@preact/signals";
import { t } from "../words";

/** Calls that take longer hold the page up: frames come every 17 ms. */
export const SLOW_MS = 50;
const DEEPEST = 16;
const MOST_KEPT = 30;
/** How often code may throw before its extension is switched off; what draws is called again and again by itself. */
const PATIENCE = { drawing: 5, callback: 50 } as const;

export type CallKind = keyof typeof PATIENCE;

export interface Trouble {
  /** What the extension did, such as `its command "Greet"`. */
  readonly what: string;
  readonly message: string;
  readonly stack: string;
  readonly count: number;
}
export interface SlowCall {
  readonly what: string;
  readonly worstMs: number;
  readonly count: number;
}

/** What the guard tells the host. */
export interface GuardListener {
  failed(trouble: Trouble): void;
  slow(call: SlowCall): void;
  /** It has failed too often; `why` is a sentence. */
  exhausted(why: string): void;
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";

const messageOf = (error: unknown): string => (error instanceof Error ? `${error.name === "Error" ? "" : `${error.name}: `}${error.message}` : String(error));

export class Guard {
  readonly troubles: Signal<readonly Trouble[]> = signal([]);
  readonly slowCalls: Signal<readonly SlowCall[]> = signal([]);
  private readonly failures: Record<CallKind, number> = { drawing: 0, callback: 0 };
  private depth = 0;
  private isOverflowing = false;
  /** False once the extension was switched off: nothing of it is called any more but what cleans up. */
  isOpen = true;

  constructor(private readonly listener: GuardListener) {}

  /** Calls the extension's code; gives `fallback` where it throws. A promise that it returns is watched as well. */
  call<T>(what: string, code: () => T, fallback: T, kind: CallKind = "callback"): T {
    return this.isOpen ? this.run(what, code, fallback, kind) : fallback;
  }

  /** Like `call`, for what is called when an extension has ended as well. */
  cleanUp(what: string, code: () => unknown): void {
    this.run(what, code, undefined, "callback");
  }

  /** Counts a failure that was seen elsewhere, such as in a listener of the page. */
  report(what: string, error: unknown, kind: CallKind = "callback"): void {
    const before = this.troubles.peek().find((trouble) => trouble.what === what && trouble.message === messageOf(error));
    const trouble: Trouble = { what, message: messageOf(error), stack: error instanceof Error ? (error.stack ?? "") : "", count: (before?.count ?? 0) + 1 };
    this.troubles.value = [...this.troubles.peek().filter((other) => other !== before), trouble].slice(-MOST_KEPT);
    this.listener.failed(trouble);
    this.failures[kind] += 1;
    if (this.failures[kind] === PATIENCE[kind] && this.isOpen)
      this.listener.exhausted(kind === "drawing" ? t("extensions.whyDrawing", { what, times: PATIENCE.drawing }) : t("extensions.whyOften", { times: PATIENCE.callback }));
  }

  private run<T>(what: string, code: () => T, fallback: T, kind: CallKind): T {
    if (this.isOverflowing) return fallback;
    if (this.depth >= DEEPEST) {
      this.isOverflowing = true;
      this.report(what, new Error(`it calls itself without end (${DEEPEST} calls inside each other)`), kind);
      return fallback;
    }
    const began = performance.now();
    this.depth += 1;
    try {
      const result = code();
      if (isThenable(result)) result.then(undefined, (error: unknown) => this.report(what, error, kind));
      return result;
    } catch (error) {
      this.report(what, error, kind);
      return fallback;
    } finally {
      this.depth -= 1;
      if (this.depth === 0) {
        this.isOverflowing = false;
        this.measure(what, performance.now() - began);
      }
    }
  }

  private measure(what: string, ms: number): void {
    if (ms <= SLOW_MS) return;
    const before = this.slowCalls.peek().find((call) => call.what === what);
    const call: SlowCall = { what, worstMs: Math.max(ms, before?.worstMs ?? 0), count: (before?.count ?? 0) + 1 };
    this.slowCalls.value = [...this.slowCalls.peek().filter((other) => other !== before), call].slice(-MOST_KEPT);
    this.listener.slow(call);
  }
}
