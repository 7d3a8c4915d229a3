/** Which runs were begun on this page, and what became of them? Those of earlier visits too. */

import { batch, computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import * as http from "../api/http";
import { job, type Job } from "../api/jobs";
import { newest } from "../api/newest";
import { EventRouter } from "../api/routing";
import { queueRun } from "../api/running";
import { ServerSocket } from "../api/socket";
import type { Document } from "../model/document";
import { neededBy } from "../model/form/needs";
import { findNode } from "../model/levels";
import { MOST_RUNS, type Kept, type KeptRun, type KeptValue } from "./kept";
import { failureOf, resultsOf, type Shown, type WantedOutput } from "./results";
import { t } from "../words";

/** The server may know of an end a moment after it said so. */
const ASK_AGAIN_MS = 500;
/** So many earlier runs are asked for at once. */
const ASKED_AT_ONCE = 12;

/** `unknown` for a run of an earlier visit that the server was not asked about yet. */
export type RunState = "unknown" | "waiting" | "running" | "done" | "failed" | "cancelled";

export interface OwnRun extends KeptRun {
  readonly state: RunState;
  /** How many jobs run or wait before it. */
  readonly before: number;
  readonly results: readonly Shown[];
  /** Why it failed. */
  readonly problem: string;
}

export const isOpen = ({ state }: OwnRun): boolean => state === "waiting" || state === "running";
const fresh = (run: KeptRun, state: RunState): OwnRun => ({ ...run, state, before: 0, results: [], problem: "" });

export class OwnRuns {
  /** Newest first. */
  readonly runs: Signal<readonly OwnRun[]>;
  /** The run whose results are shown; null for the newest that is known. */
  readonly chosen: Signal<string | null> = signal(null);
  readonly shown: ReadonlySignal<OwnRun | null> = computed(() => this.known.value.find((run) => run.promptId === this.chosen.value) ?? this.known.value[0] ?? null);
  readonly known: ReadonlySignal<readonly OwnRun[]> = computed(() => this.runs.value.filter((run) => run.state !== "unknown"));
  readonly hasOlder: ReadonlySignal<boolean> = computed(() => this.runs.value.some((run) => run.state === "unknown"));
  /** What is to be said about the last thing that happened. */
  readonly notice = signal("");
  readonly socket: ServerSocket;
  private readonly router: EventRouter;
  private readonly asked = new Set<string>();

  constructor(private readonly document: Document, private readonly clientId: string, private readonly wanted: readonly WantedOutput[], private readonly kept: Kept) {
    this.runs = signal(kept.runs().map((run) => fresh(run, "unknown")));
    this.router = new EventRouter({
      status: () => void this.refreshQueue(),
      ended: (_, prompt, everythingCached) => {
        if (everythingCached) this.notice.value = t("formPage.unchanged");
        void this.ask(prompt);
      },
      failed: () => undefined, // the job says why once it is asked for
    });
    this.socket = new ServerSocket(clientId, (event) => this.router.receive(event), () => void this.catchUp());
  }

  /** Begins to listen, and asks what became of the latest runs. */
  connect(): void {
    for (const { promptId } of this.runs.peek()) this.router.register(promptId, this.document);
    this.socket.connect();
  }

  /** Queues the workflow as it stands; null where the server refused it. */
  async begin(targets: readonly string[] | null, values: readonly KeptValue[]): Promise<string | null> {
    this.notice.value = "";
    // a node that is missing here matters only where a result needs it
    const promptId = await queueRun(this.document, this.router, this.clientId, targets, (prompt) => neededBy(prompt, targets));
    if (promptId === null) return null;
    batch(() => {
      this.runs.value = [fresh({ promptId, at: Date.now(), values }, "waiting"), ...this.runs.peek()].slice(0, MOST_RUNS);
      this.chosen.value = null;
    });
    this.keep();
    await this.refreshQueue();
    return promptId;
  }

  async cancel({ promptId, state }: OwnRun): Promise<void> {
    try {
      await (state === "running" ? http.interrupt(promptId) : http.removeFromQueue([promptId]));
    } catch (error) {
      this.notice.value = t("formPage.cancelFails", { why: http.reason(error) });
    }
    await this.refreshQueue();
  }

  /** Takes a run off this page; its files stay. */
  forget(promptId: string): void {
    this.runs.value = this.runs.peek().filter((run) => run.promptId !== promptId);
    this.keep();
  }

  /** Asks what became of the next of the earlier runs. */
  async showOlder(): Promise<void> {
    const unknown = this.runs.peek().filter((run) => run.state === "unknown").slice(0, ASKED_AT_ONCE);
    await Promise.all(unknown.map((run) => this.ask(run.promptId)));
  }

  readonly refreshQueue = newest(http.queue, (state) => this.compare(state));

  private async catchUp(): Promise<void> {
    await this.refreshQueue();
    if (this.known.peek().length === 0) await this.showOlder();
  }

  private keep(): void {
    this.kept.keepRuns(this.runs.peek());
  }

  private change(promptId: string, change: Partial<OwnRun>): void {
    this.runs.value = this.runs.peek().map((run) => (run.promptId === promptId ? { ...run, ...change } : run));
  }

  private compare({ running, pending }: http.QueueState): void {
    for (const run of this.runs.peek()) {
      const place = pending.findIndex(({ promptId }) => promptId === run.promptId);
      if (running.some(({ promptId }) => promptId === run.promptId)) {
        if (run.state !== "running") this.change(run.promptId, { state: "running", before: 0 });
      } else if (place >= 0) this.change(run.promptId, { state: "waiting", before: running.length + place });
      else if (isOpen(run)) void this.ask(run.promptId);
    }
  }

  /** What came of a run that neither waits nor runs. */
  private async ask(promptId: string): Promise<void> {
    if (this.asked.has(promptId)) return;
    this.asked.add(promptId);
    try {
      const found = await job(promptId);
      if (!found) this.forget(promptId);
      else if (found.status === "pending" || found.status === "in_progress") setTimeout(() => void this.refreshQueue(), ASK_AGAIN_MS);
      else this.settle(promptId, found);
    } catch (error) {
      this.notice.value = t("formPage.outcomeFails", { why: http.reason(error) });
    } finally {
      this.asked.delete(promptId);
    }
  }

  private settle(promptId: string, found: Job): void {
    this.router.settle(promptId);
    const results = resultsOf(found.outputs, this.wanted);
    const problem = failureOf(found, (key) => this.titleOf(key));
    const state = found.status === "completed" ? "done" : problem ? "failed" : "cancelled";
    this.change(promptId, { state, before: 0, results, problem });
  }

  private titleOf(key: string): string | null {
    const found = findNode(this.document.root, key);
    return found ? found.graph.title(found.node) : null;
  }
}
