/** What do extensions hear? Events of workflows, selection and runs, each told through the guard of whoever listens. */

import { effect, untracked } from "@preact/signals";
import type { PromptEvent } from "../api/routing";
import type { Editor } from "../editor";
import type { Document } from "../model/document";
import { isBorder } from "../model/subgraph_type";
import type { NodeId } from "../model/types";
import { t } from "../words";
import { themeInfo, workflowInfo } from "./infos";
import type { RunningExtension } from "./running";
import type { Events } from "./weft_extension";

const FRAME_MS = 16;
const PROGRESS_MS = 100;
/** Answers to a change by a change, without anybody else in between, after which an extension counts as going round in circles. */
const MOST_ROUNDS = 25;

interface Listener {
  readonly extension: RunningExtension;
  readonly hear: (event: never) => unknown;
}

/** Whether an extension answers each event by what causes the next one. */
class Circles {
  /** Listeners that are being called, or whose promise is open. */
  private readonly answering = new Map<RunningExtension, number>();
  private readonly changed = new Set<RunningExtension>();
  private readonly rounds = new Map<RunningExtension, number>();

  call(extension: RunningExtension, code: () => unknown): unknown {
    this.answering.set(extension, (this.answering.get(extension) ?? 0) + 1);
    const done = (): void => void this.answering.set(extension, (this.answering.get(extension) ?? 1) - 1);
    let result: unknown;
    try {
      result = code();
    } catch (error) {
      done();
      throw error;
    }
    if (result instanceof Promise) result.then(done, done);
    else done();
    return result;
  }

  noteChange(extension: RunningExtension): void {
    if ((this.answering.get(extension) ?? 0) > 0) this.changed.add(extension);
  }

  /** Called before each telling; gives those that have gone round too often. */
  turn(): RunningExtension[] {
    for (const extension of [...this.rounds.keys()]) if (!this.changed.has(extension)) this.rounds.delete(extension);
    for (const extension of this.changed) this.rounds.set(extension, (this.rounds.get(extension) ?? 0) + 1);
    this.changed.clear();
    const found = [...this.rounds].filter(([, rounds]) => rounds > MOST_ROUNDS).map(([extension]) => extension);
    for (const extension of found) this.rounds.delete(extension);
    return found;
  }
}

export class EventHub {
  private readonly listeners = new Map<keyof Events, Set<Listener>>();
  private readonly circles = new Circles();
  private readonly touched = new Map<Document, Set<NodeId>>();
  private isSelectionNew = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly progress = new Map<string, Events["run-progress"]>();

  constructor(private readonly editor: Editor, private readonly stop: (extension: RunningExtension, why: string) => void) {
    this.followDocuments();
    this.followSelection();
    editor.router.observe((event, document, prompt) => this.run(event, document, prompt));
    new MutationObserver(() => this.tell("theme-changed", { theme: themeInfo() })).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    new MutationObserver(() => this.tell("language-changed", { language: document.documentElement.lang })).observe(document.documentElement, { attributeFilter: ["lang"] });
  }

  on<K extends keyof Events>(extension: RunningExtension, kind: K, hear: (event: Events[K]) => unknown): () => void {
    const listener: Listener = { extension, hear };
    const all = this.listeners.get(kind) ?? new Set();
    this.listeners.set(kind, all);
    all.add(listener);
    return extension.owns(() => all.delete(listener));
  }

  /** An extension has changed the graph or the selection. */
  noteChange(extension: RunningExtension): void {
    this.circles.noteChange(extension);
  }

  private tell<K extends keyof Events>(kind: K, event: Events[K]): void {
    for (const { extension, hear } of [...(this.listeners.get(kind) ?? [])])
      extension.guard.call(t("extensions.listener", { name: kind }), () => this.circles.call(extension, () => hear(event as never)), undefined);
  }

  /** Changes are told together, a frame later. */
  private soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      for (const extension of this.circles.turn()) this.stop(extension, t("extensions.whyCircles"));
      const touched = [...this.touched];
      this.touched.clear();
      const isSelectionNew = this.isSelectionNew;
      this.isSelectionNew = false;
      for (const [document, ids] of touched) this.tell("graph-changed", { workflow: workflowInfo(document), nodes: [...ids].filter((id) => !isBorder(id)) });
      if (isSelectionNew) this.tell("selection-changed", { nodes: [...(this.editor.active.peek()?.selection.peek() ?? [])].filter((id) => !isBorder(id)) });
    }, FRAME_MS);
  }

  private followSelection(): void {
    let isFirst = true;
    effect(() => {
      void this.editor.active.value?.selection.value;
      if (!isFirst) {
        this.isSelectionNew = true;
        untracked(() => this.soon());
      }
      isFirst = false;
    });
  }

  private followDocuments(): void {
    const known = new Map<Document, () => void>();
    let isFirst = true;
    effect(() => {
      const documents = this.editor.documents.value;
      untracked(() => {
        for (const document of documents)
          if (!known.has(document)) {
            known.set(document, this.follow(document));
            if (!isFirst) this.tell("workflow-opened", { workflow: workflowInfo(document) });
          }
        for (const [document, end] of [...known])
          if (!documents.includes(document)) {
            known.delete(document);
            end();
            this.tell("workflow-closed", { workflow: workflowInfo(document) });
          }
        isFirst = false;
      });
    });
    effect(() => {
      const document = this.editor.active.value;
      if (document) untracked(() => this.tell("workflow-shown", { workflow: workflowInfo(document) }));
    });
  }

  private follow(document: Document): () => void {
    let revision = document.revision.peek();
    const ends = [
      document.onChange((ids) => {
        // what only looks different, such as a decoration, is no change of the workflow
        if (document.revision.peek() === revision) return;
        revision = document.revision.peek();
        const touched = this.touched.get(document) ?? new Set();
        for (const id of ids) touched.add(id);
        this.touched.set(document, touched);
        this.soon();
      }),
      this.whenNew(() => document.savedRevision.value, () => this.tell("workflow-saved", { workflow: workflowInfo(document) })),
      this.whenNew(() => document.prompts.value, () => {
        const run = document.prompts.peek().at(-1);
        if (run) this.tell("run-queued", { workflow: workflowInfo(document), run });
      }),
    ];
    return () => ends.forEach((end) => end());
  }

  /** Calls `act` when what `read` gives has changed, not at first. */
  private whenNew(read: () => unknown, act: () => void): () => void {
    let isFirst = true;
    return effect(() => {
      read();
      if (!isFirst) untracked(act);
      isFirst = false;
    });
  }

  private run(event: PromptEvent, document: Document, run: string): void {
    const workflow = workflowInfo(document);
    switch (event.kind) {
      case "started":
        return this.tell("run-started", { workflow, run });
      case "progress":
        for (const { node, value, max, state } of event.nodes) if (state === "running") this.noteProgress({ workflow, run, node, value, max });
        return;
      case "executing":
        if (event.node !== null) this.noteProgress({ workflow, run, node: event.node, value: 0, max: 0 });
        return;
      case "executed":
        return this.tell("node-executed", { workflow, run, node: event.node, output: event.output });
      case "succeeded":
        return this.ended({ workflow, run, outcome: "success" });
      case "interrupted":
        return this.ended({ workflow, run, outcome: "interrupted" });
      case "failed":
        this.tell("run-failed", { workflow, run, node: event.node, message: event.message });
        return this.ended({ workflow, run, outcome: "error" });
    }
  }

  private ended(event: Events["run-ended"]): void {
    this.progress.delete(event.run);
    this.tell("run-ended", event);
  }

  /** Of what comes within a moment only the newest is told. */
  private noteProgress(event: Events["run-progress"]): void {
    const isFirst = this.progress.size === 0;
    this.progress.set(event.run, event);
    if (!isFirst) return;
    setTimeout(() => {
      const told = [...this.progress.values()];
      this.progress.clear();
      for (const each of told) this.tell("run-progress", each);
    }, PROGRESS_MS);
  }
}
