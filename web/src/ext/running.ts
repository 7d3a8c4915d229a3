/** What is one extension that runs here? Its guard, and all that must go when it ends. */

import { signal, type Signal } from "@preact/signals";
import { Guard, type GuardListener } from "./guard";

/** A module that a pack brings, as the server lists it. */
export interface ExtensionModule {
  readonly pack: string;
  readonly file: string;
  readonly url: string;
}

/** `off`: by the user; `held`: not started this time (safe start, or it did not come to an end last time); `stopped`: it failed too often. */
export type Phase = "off" | "held" | "starting" | "active" | "failed" | "stopped";

export class RunningExtension {
  readonly id: string;
  readonly name: Signal<string>;
  readonly version = signal("");
  readonly phase: Signal<Phase> = signal("off");
  /** Why it is held or stopped, in words. */
  readonly why = signal("");
  guard: Guard;
  private readonly undos = new Set<() => void>();

  constructor(readonly module: ExtensionModule, private readonly listener: GuardListener) {
    this.id = `${module.pack}/${module.file}`;
    this.name = signal(module.file.replace(/\.js$/, ""));
    this.guard = new Guard(listener);
  }

  /** Forgets what went wrong before a fresh start. */
  reset(): void {
    this.guard = new Guard(this.listener);
    this.why.value = "";
  }

  /** Takes note of what must be taken back when the extension ends; what is returned does that earlier, once. */
  owns(undo: () => void): () => void {
    const once = (): void => {
      if (this.undos.delete(once)) undo();
    };
    if (this.guard.isOpen) this.undos.add(once);
    else undo(); // registered by code that went on after the end
    return once;
  }

  /** Takes everything back, the last first. */
  end(): void {
    this.guard.isOpen = false;
    for (const undo of [...this.undos].reverse()) undo();
  }
}
