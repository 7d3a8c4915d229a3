/** Which open workflow does an event belong to? Every event is resolved prompt -> document before it touches anything. */

import type { Document } from "../model/document";
import { findNode, keysAround } from "../model/levels";
import { IDLE, readOutput, type NodeError, type NodeRun } from "../model/run_state";
import type { Json, JsonObject } from "../model/types";
import { t } from "../words";
import type { HistoryItem } from "./http";
import type { NodeProgress, ServerEvent } from "./events";

/** What the router tells the rest of the editor. */
export interface RunListener {
  status(remaining: number): void;
  /** A prompt ended, well or not. `everythingCached` when not one node had to run. */
  ended(document: Document, prompt: string, everythingCached: boolean): void;
  failed(document: Document, message: string): void;
}

interface PromptRun {
  readonly document: Document;
  /** Ids of the nodes that ran rather than came from the cache. */
  readonly executed: Set<string>;
  readonly cached: Set<string>;
  hasFailed: boolean;
}

/** An event that belongs to a prompt. */
export type PromptEvent = Exclude<ServerEvent, { kind: "status" | "text" }>;

export class EventRouter {
  private readonly runs = new Map<string, PromptRun>();
  /** The prompt whose messages come in now; previews without metadata belong to it. */
  private current: string | null = null;

  private readonly observers = new Set<(event: PromptEvent, document: Document, prompt: string) => void>();

  constructor(private readonly listener: RunListener) {}

  /** Calls `observer` with every event of an open workflow's prompt, after it is shown. */
  observe(observer: (event: PromptEvent, document: Document, prompt: string) => void): () => void {
    this.observers.add(observer);
    return () => this.observers.delete(observer);
  }

  /** From now on the events of `prompt` belong to `document`. */
  register(prompt: string, document: Document): void {
    if (!this.runs.has(prompt)) this.runs.set(prompt, { document, executed: new Set(), cached: new Set(), hasFailed: false });
  }

  forget(document: Document): void {
    for (const [prompt, run] of this.runs) if (run.document === document) this.runs.delete(prompt);
  }

  /** True until the end of a prompt was heard. */
  isActive(prompt: string): boolean {
    return this.runs.has(prompt);
  }

  /** A prompt that ended while nobody listened: its nodes stop running. */
  settle(prompt: string): void {
    const run = this.runs.get(prompt);
    this.runs.delete(prompt);
    if (run) settle(run.document);
  }

  receive(event: ServerEvent): void {
    if (event.kind === "status") return this.listener.status(event.remaining);
    if (event.kind === "text") return this.showText(event.node, event.text);
    const prompt = event.prompt ?? this.current;
    const run = prompt === null ? undefined : this.runs.get(prompt);
    if (!run || prompt === null) return;
    this.current = prompt;
    this.apply(event, prompt, run);
    for (const observer of this.observers) observer(event, run.document, prompt);
  }

  private apply(event: PromptEvent, prompt: string, run: PromptRun): void {
    const { document } = run;
    switch (event.kind) {
      case "started":
        return begin(document);
      case "cached":
        for (const id of event.nodes) {
          run.cached.add(id);
          for (const key of [id, ...keysAround(id)]) document.updateRun(key, { phase: "cached", errors: [] });
        }
        return;
      case "executing":
        return event.node === null ? this.end(prompt, run) : executing(document, run, event.node);
      case "progress":
        for (const node of event.nodes) progress(document, run, node);
        return;
      case "executed":
        return executed(document, event.node, event.output);
      case "succeeded":
        return settle(document);
      case "failed":
        return this.fail(run, event);
      case "interrupted":
        return settle(document);
      case "preview":
        return preview(document, event.node, event.image);
    }
  }

  private showText(node: string, text: string): void {
    const run = this.current === null ? undefined : this.runs.get(this.current);
    for (const key of [node, ...keysAround(node)]) run?.document.updateRun(key, { texts: [text] });
  }

  private fail(run: PromptRun, event: Extract<ServerEvent, { kind: "failed" }>): void {
    run.hasFailed = true;
    const { document } = run;
    const known = findNode(document.root, event.node);
    const title = known ? known.graph.title(known.node) : event.nodeType;
    const message = event.message.trim() || event.type || t("errors.runFailedSilently");
    failNode(document, event.node, title, [{ input: "", message, details: event.traceback }]);
    document.errors.value = [{ title: t("errors.nodeFailed", { title }), message, node: known ? event.node : null, details: event.traceback }];
    settle(document);
    this.listener.failed(document, `${title}: ${message}`);
  }

  private end(prompt: string, run: PromptRun): void {
    this.runs.delete(prompt);
    if (this.current === prompt) this.current = null;
    settle(run.document);
    run.document.runningNode.value = null;
    this.listener.ended(run.document, prompt, !run.hasFailed && run.cached.size > 0 && run.executed.size === 0);
  }
}

function begin(document: Document): void {
  document.errors.value = [];
  for (const id of document.runIds()) {
    const run = document.run(id).peek();
    if (run.phase !== "idle" || run.errors.length > 0) document.updateRun(id, { phase: "waiting", value: 0, max: 0, errors: [] });
  }
}

/** Shows errors on a node and, with its name, on the subgraph nodes it is in. */
export function failNode(document: Document, key: string, title: string, errors: readonly NodeError[]): void {
  document.updateRun(key, { phase: "error", errors });
  const around = errors.map((error) => ({ ...error, input: "", message: `${title}: ${error.message}`, inside: key }));
  for (const outer of keysAround(key)) document.updateRun(outer, { phase: "error", errors: [...document.run(outer).peek().errors, ...around] });
}

/** A node runs when it or one inside it does. */
function executing(document: Document, run: PromptRun, node: string): void {
  run.executed.add(node);
  const before = document.runningNode.peek();
  const now = [node, ...keysAround(node)];
  if (before !== null) for (const key of [before, ...keysAround(before)]) if (!now.includes(key)) finish(document, key);
  document.runningNode.value = node;
  for (const key of now) if (document.run(key).peek().phase !== "running") document.updateRun(key, { phase: "running", value: 0, max: 0 });
}

function finish(document: Document, key: string): void {
  if (document.run(key).peek().phase === "running") document.updateRun(key, { phase: "done" });
}

function progress(document: Document, run: PromptRun, { node, state, value, max }: NodeProgress): void {
  if (state === "running") {
    run.executed.add(node);
    for (const key of [node, ...keysAround(node)]) document.updateRun(key, { phase: "running", value, max });
  } else if (state === "finished" && !run.cached.has(node)) finish(document, node);
}

function executed(document: Document, node: string, output: Json): void {
  for (const key of [node, ...keysAround(node)]) {
    const { phase } = document.run(key).peek();
    document.updateRun(key, { ...readOutput(output), phase: phase === "cached" || (key !== node && phase === "running") ? phase : "done" });
  }
}

function preview(document: Document, node: string | null, image: Blob): void {
  const key = node ?? document.runningNode.peek();
  if (key === null) return;
  const address = URL.createObjectURL(image);
  const before = document.run(key).peek().preview;
  for (const shown of [key, ...keysAround(key)]) document.updateRun(shown, { preview: address });
  // the picture on the page may still be reading the older address
  if (before) setTimeout(() => URL.revokeObjectURL(before), 2000);
}

/** Nothing runs or waits any more. */
function settle(document: Document): void {
  for (const id of document.runIds()) {
    const { phase } = document.run(id).peek();
    if (phase === "running") document.updateRun(id, { phase: "done" });
    else if (phase === "waiting") document.updateRun(id, { phase: "idle" });
  }
  document.runningNode.value = null;
}

/** Shows on the nodes what a finished run left in the history, as after a reload. */
export function showHistory(document: Document, item: HistoryItem): void {
  for (const [node, output] of Object.entries(item.outputs))
    if (findNode(document.root, node))
      for (const key of [node, ...keysAround(node)]) document.updateRun(key, { ...IDLE, ...readOutput(output), phase: "done" } satisfies NodeRun);
  const failure = item.messages.find(([type]) => type === "execution_error")?.[1] as JsonObject | undefined;
  if (!failure) return;
  const key = String(failure.node_id);
  const found = findNode(document.root, key);
  const message = String(failure.exception_message ?? t("errors.runFailed")).trim();
  if (found) failNode(document, key, found.graph.title(found.node), [{ input: "", message, details: "" }]);
}
