/** Which extensions run? The modules that packs bring are loaded one after the other, each watched, none able to stop the others. */

import { signal, type Signal } from "@preact/signals";
import { getJson, reason } from "../api/http";
import type { Editor } from "../editor";
import type { Kept } from "../settings/settings";
import { phrase, t } from "../words";
import { overlay } from "./contributions";
import { Decorators } from "./decorators";
import { EventHub } from "./events";
import "./extensions.css";
import { SLOW_MS, type SlowCall, type Trouble } from "./guard";
import { MenuRegistry } from "./menus";
import { RunningExtension, type ExtensionModule } from "./running";
import { overlayOf, Surfaces } from "./surfaces";
import { makeWeft, type Shared } from "./weft";
import type { CleanUp, Extension } from "./weft_extension";

const PATIENCE_MS = 10_000;
/** The extension that is being started; what is still noted at the next start has hung the page. */
const STARTING = "weft.extension_starting";
/** Messages about one extension come at most this often. */
const QUIET_MS = 20_000;

const OFF: Kept<readonly string[]> = {
  kind: "kept", hidden: true, id: "weft.extensions_off", group: phrase("extensions.group"), label: phrase("extensions.off"), default: [],
  isValid: (value): value is readonly string[] => Array.isArray(value) && value.every((id) => typeof id === "string"),
};

/** Whether the address asks for a start without extensions. */
export const isSafeStart = (): boolean => new URLSearchParams(location.search).get("extensions") === "off";

function checked(module: unknown): Extension {
  const extension = (module as { default?: Partial<Extension> }).default;
  if (typeof extension !== "object" || typeof extension.activate !== "function" || typeof extension.name !== "string")
    throw new TypeError("expected `export default {name, apiVersion: 1, activate(weft) {...}}`, found something else");
  if (extension.apiVersion !== 1) throw new TypeError(`expected apiVersion 1, found ${String(extension.apiVersion)}: it was made for another version of Weft`);
  return extension as Extension;
}

function inTime<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not end within ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export class ExtensionHost {
  readonly extensions: Signal<readonly RunningExtension[]> = signal([]);
  private readonly shared: Shared;
  private readonly told = new Map<string, number>();

  constructor(private readonly editor: Editor, readonly isSafe: boolean) {
    const surfaces = new Surfaces(editor);
    this.shared = {
      editor, surfaces, menus: new MenuRegistry(editor, surfaces), decorators: new Decorators(editor), events: new EventHub(editor, (extension, why) => this.stop(extension, why)),
    };
    overlay.value = overlayOf(this, surfaces);
    editor.commands.add({ id: "extensions.manage", label: phrase("extensions.open"), group: "Panels", keywords: "plugins packs switch off", run: () => (editor.ui.dialog.value = "extensions") });
    this.watchPage();
  }

  /** Asks the server which there are and starts those that are not switched off. */
  async start(): Promise<void> {
    const hung = sessionStorage.getItem(STARTING);
    sessionStorage.removeItem(STARTING);
    let modules: readonly ExtensionModule[];
    try {
      modules = (await getJson<{ readonly modules: readonly ExtensionModule[] }>("/weft/extensions")).modules;
    } catch (error) {
      return this.editor.ui.tell(t("extensions.unknown", { why: reason(error) }), "error");
    }
    if (modules.length === 0) return;
    this.extensions.value = modules.map((module) => this.make(module));
    this.shared.menus.showInTopBar();
    await this.editor.settings.load();
    for (const extension of this.extensions.peek()) {
      if (this.isSafe) this.hold(extension, t("extensions.whySafe"));
      else if (this.off.includes(extension.id)) extension.phase.value = "off";
      else if (hung === extension.id) {
        this.hold(extension, t("extensions.whyHung"));
        this.tell(extension, t("extensions.wasHeld", { named: this.named(extension) }));
      } else await this.run(extension);
    }
  }

  /** Switches one on or off, for this user in every browser. */
  async turn(extension: RunningExtension, isOn: boolean): Promise<void> {
    const others = this.off.filter((id) => id !== extension.id);
    void this.editor.settings.set(OFF, isOn ? others : [...others, extension.id]);
    if (!isOn) {
      extension.end();
      extension.phase.value = "off";
      extension.why.value = "";
    } else if (extension.phase.peek() !== "active") await this.run(extension);
  }

  private get off(): readonly string[] {
    return this.editor.settings.of(OFF).peek();
  }

  private make(module: ExtensionModule): RunningExtension {
    const extension: RunningExtension = new RunningExtension(module, {
      failed: (trouble) => this.tellTrouble(extension, trouble),
      slow: (call) => this.tellSlow(extension, call),
      exhausted: (why) => queueMicrotask(() => this.stop(extension, why)),
    });
    return extension;
  }

  private hold(extension: RunningExtension, why: string): void {
    extension.phase.value = "held";
    extension.why.value = why;
  }

  private async run(extension: RunningExtension): Promise<void> {
    extension.reset();
    extension.phase.value = "starting";
    const { guard } = extension;
    sessionStorage.setItem(STARTING, extension.id);
    try {
      const module = await inTime(import(/* @vite-ignore */ new URL(extension.module.url, location.href).href) as Promise<unknown>, "its import");
      const { name, version, activate } = checked(module);
      extension.name.value = name;
      extension.version.value = version ?? "";
      const weft = makeWeft(this.shared, extension);
      const began = performance.now();
      const result = activate.call(module, weft) as ReturnType<Extension["activate"]>;
      this.noteStart(extension, performance.now() - began);
      sessionStorage.removeItem(STARTING);
      const end = await inTime(Promise.resolve(result), "its activate");
      if (typeof end === "function") extension.owns(() => guard.cleanUp(t("extensions.end"), end as CleanUp));
      if (guard.isOpen) extension.phase.value = "active";
    } catch (error) {
      extension.end();
      extension.phase.value = "failed";
      extension.why.value = reason(error);
      guard.report(t("extensions.start"), error);
    } finally {
      sessionStorage.removeItem(STARTING);
    }
  }

  private noteStart(extension: RunningExtension, ms: number): void {
    if (ms > SLOW_MS) extension.guard.slowCalls.value = [{ what: t("extensions.start"), worstMs: ms, count: 1 }];
  }

  /** Switches one off for now: it failed too often. */
  private stop(extension: RunningExtension, why: string): void {
    if (!extension.guard.isOpen) return;
    extension.end();
    extension.phase.value = "stopped";
    extension.why.value = why;
    this.tell(extension, t("extensions.wasStopped", { named: this.named(extension), why }), true);
  }

  private named(extension: RunningExtension): string {
    return t("extensions.named", { name: extension.name.peek(), pack: extension.module.pack });
  }

  private tellTrouble(extension: RunningExtension, { what, message, stack }: Trouble): void {
    console.error(`${extension.id}: ${what} failed: ${stack || message}`);
    this.tell(extension, t("extensions.hasFailed", { named: this.named(extension), what, message }));
  }

  private tellSlow(extension: RunningExtension, { what, worstMs, count }: SlowCall): void {
    console.warn(`${extension.id}: ${what} took ${Math.round(worstMs)} ms; more than ${SLOW_MS} ms hold the page up`);
    if (count === 3) this.tell(extension, t("extensions.isSlow", { named: this.named(extension), what, ms: Math.round(worstMs) }));
  }

  /** Not again and again: the list of extensions has all. */
  private tell(extension: RunningExtension, text: string, always = false): void {
    const before = this.told.get(extension.id) ?? -QUIET_MS;
    const now = performance.now();
    if (!always && now - before < QUIET_MS) return;
    this.told.set(extension.id, now);
    this.editor.ui.tell(text, "error", undefined, { label: t("extensions.open"), act: () => (this.editor.ui.dialog.value = "extensions") });
  }

  /** What fails outside of a call, in listeners and promises of its own, is known by the address of its code. */
  private watchPage(): void {
    const blame = (place: string, what: string, error: unknown): void => {
      const culprit = this.extensions.peek().find(({ module }) => place.includes(module.url)) ??
        this.extensions.peek().find(({ module }) => place.includes(module.url.slice(0, module.url.lastIndexOf("/") + 1)));
      culprit?.guard.report(what, error);
    };
    addEventListener("error", ({ error, filename, message }) => blame(`${filename}\n${(error as Error | null)?.stack ?? ""}`, t("extensions.ownCode"), error ?? new Error(message)));
    addEventListener("unhandledrejection", ({ reason: error }) => blame(error instanceof Error ? (error.stack ?? "") : "", t("extensions.ownPromise"), error));
    // a page that goes away in good order was not hung
    addEventListener("pagehide", () => sessionStorage.removeItem(STARTING));
  }
}
