/** What do extensions show on nodes? Asked for when a node changed, in the browser's idle time, and kept until it changes again. */

import { effect, untracked } from "@preact/signals";
import type { Editor } from "../editor";
import { joinDecorations, type NodeDecoration } from "../model/decorations";
import type { Document } from "../model/document";
import { isBorder } from "../model/subgraph_type";
import type { NodeId } from "../model/types";
import { t } from "../words";
import { nodeInfo } from "./infos";
import type { RunningExtension } from "./running";
import type { Decoration, Decorator, DecoratorHandle } from "./weft_extension";

/** So long at a time, so that a frame is never late for it. */
const SLICE_MS = 8;
const LATEST_MS = 120;

interface Entry {
  readonly extension: RunningExtension;
  readonly decorator: Decorator;
}

const whenIdle = (act: () => void): unknown =>
  "requestIdleCallback" in globalThis ? requestIdleCallback(act, { timeout: LATEST_MS }) : setTimeout(act, LATEST_MS);

const TONES: readonly unknown[] = ["info", "good", "warning", "error", undefined];

/** Raises where it is no decoration: what is drawn must not depend on what a stranger's code gives. */
function checked(decoration: Decoration): Decoration {
  const { badge, tone, hue, lines } = decoration;
  const isRight = [undefined, "string"].includes(badge === undefined ? undefined : typeof badge) && TONES.includes(tone) && (hue === undefined || Number.isFinite(hue)) &&
    (lines === undefined || (Array.isArray(lines) && lines.every((line) => typeof line === "string")));
  if (!isRight) throw new TypeError(`expected null or {badge?: string, tone?: "info" | "good" | "warning" | "error", hue?: number, lines?: string[]}, found ${JSON.stringify(decoration)}`);
  return decoration;
}

export class Decorators {
  private readonly entries = new Set<Entry>();
  private readonly waiting = new Set<NodeId>();
  private isScheduled = false;
  private isDrawing = false;

  constructor(private readonly editor: Editor) {
    effect(() => {
      const document = editor.active.value;
      void document?.path.value;
      if (!document) return;
      const stop = document.onChange((ids) => {
        if (!this.isDrawing) this.ask(ids);
      });
      untracked(() => this.ask(document.graph.nodes.keys()));
      return stop;
    });
  }

  add(extension: RunningExtension, decorator: Decorator): DecoratorHandle {
    const entry: Entry = { extension, decorator };
    this.entries.add(entry);
    this.askAll();
    const remove = extension.owns(() => {
      this.entries.delete(entry);
      this.askAll();
    });
    return { remove, refresh: (ids) => (ids ? this.ask(ids) : this.askAll()) };
  }

  private askAll(): void {
    this.ask(this.editor.active.peek()?.graph.nodes.keys() ?? []);
  }

  private ask(ids: Iterable<NodeId>): void {
    for (const id of ids) if (!isBorder(id)) this.waiting.add(id);
    if (this.waiting.size === 0 || this.isScheduled) return;
    this.isScheduled = true;
    whenIdle(() => this.answer());
  }

  private answer(): void {
    this.isScheduled = false;
    const document = this.editor.active.peek();
    const end = performance.now() + SLICE_MS;
    const changes = new Map<NodeId, NodeDecoration | null>();
    for (const id of this.waiting) {
      if (performance.now() > end) break;
      this.waiting.delete(id);
      const node = document?.graph.nodes.get(id);
      if (!document || !node) continue;
      const found = this.decorationOf(document, id);
      if (JSON.stringify(found) !== JSON.stringify(document.decoration(id) ?? null)) changes.set(id, found);
    }
    this.isDrawing = true;
    try {
      if (document && changes.size > 0) document.decorate(changes);
    } finally {
      this.isDrawing = false;
    }
    if (this.waiting.size > 0) this.ask([]);
  }

  private decorationOf(document: Document, id: NodeId): NodeDecoration | null {
    const node = document.graph.node(id);
    const fitting = [...this.entries].filter(({ decorator }) => decorator.types === undefined || decorator.types.includes(node.type));
    if (fitting.length === 0) return null;
    const info = nodeInfo(document.graph, node);
    return joinDecorations(fitting.flatMap(({ extension: { guard }, decorator }) => {
      const found = guard.call(t("extensions.decoration"), () => {
        if (decorator.match && !decorator.match(info)) return null;
        const decoration = decorator.decorate(info);
        return decoration ? checked(decoration) : null;
      }, null, "drawing");
      return found ? [found] : [];
    }));
  }
}
