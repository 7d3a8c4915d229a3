/** How does a sweep go on? Its cells are queued one after the other, and each shows its picture when it has ended. */

import { effect, signal, untracked, type Signal } from "@preact/signals";
import * as http from "../api/http";
import { job, type Job } from "../api/jobs";
import type { Editor } from "../editor";
import type { Document } from "../model/document";
import { newId } from "../model/ids";
import { readOutput, type FileRef } from "../model/run_state";
import { cellOf, drawsFrom, places, type Axis, type Place } from "../model/sweep/sweep";
import { openData } from "../opening";
import { t } from "../words";

/** How long a full queue is left alone. */
const FULL_MS = 1500;
/** The server may know of an end a moment after it said so. */
const ASK_AGAIN_MS = 500;

export type CellState = "planned" | "waiting" | "running" | "done" | "failed" | "cancelled";

export interface Cell extends Place {
  readonly state: CellState;
  readonly promptId: string | null;
  readonly image: FileRef | null;
  /** Why it failed. */
  readonly problem: string;
}

const isOpen = ({ state }: Cell): boolean => state === "planned" || state === "waiting" || state === "running";

/** What the server said about a prompt that it refused. */
function refusal(error: unknown): string {
  const body = error instanceof http.HttpError ? error.body : null;
  const said = JSON.stringify(body)?.match(/"message":"((?:[^"\\]|\\.)*)"(?:,"details":"((?:[^"\\]|\\.)*)")?/g)?.at(-1);
  if (!said) return http.reason(error);
  const { message, details = "" } = JSON.parse(`{${said}}`) as { message: string; details?: string };
  return [message, details].filter(Boolean).join(": ");
}

/** A picture that was saved, else the first that was shown. */
function pictureOf(outputs: Job["outputs"]): FileRef | null {
  const images = Object.values(outputs).flatMap((output) => readOutput(output).images);
  return images.find((image) => image.type === "output") ?? images[0] ?? null;
}

export class SweepRun {
  readonly cells: Signal<readonly Cell[]>;
  readonly isCancelled = signal(false);
  private readonly asked = new Set<string>();
  private readonly stopWatching: () => void;

  constructor(private readonly editor: Editor, readonly document: Document, readonly x: Axis, readonly y: Axis | null) {
    this.cells = signal(places(x, y).map((place) => ({ ...place, state: "planned", promptId: null, image: null, problem: "" })));
    this.stopWatching = effect(() => {
      void this.editor.endedJobs.value;
      const { running, pending } = this.editor.queue.value;
      const [now, later] = [running, pending].map((items) => new Set(items.map((item) => item.promptId)));
      untracked(() => this.compare(now!, later!));
    });
    void this.queueAll();
  }

  get isOver(): boolean {
    return !this.cells.value.some(isOpen);
  }

  /** Takes what waits out of the queue, and stops the cell that runs. */
  async cancel(): Promise<void> {
    this.isCancelled.value = true;
    const open = this.cells.peek().filter((cell) => isOpen(cell) && cell.promptId !== null);
    this.cells.value = this.cells.peek().map((cell) => (isOpen(cell) ? { ...cell, state: "cancelled" } : cell));
    try {
      await this.withdraw(open.map((cell) => cell.promptId!));
    } catch (error) {
      this.editor.ui.tell(t("sweep.withdrawFails", { why: http.reason(error) }), "error");
    }
    await this.editor.refreshQueue();
  }

  end(): void {
    this.stopWatching();
  }

  private async withdraw(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await http.removeFromQueue(ids);
    await this.editor.refreshQueue();
    for (const { promptId } of this.editor.queue.peek().running) if (ids.includes(promptId)) await http.interrupt(promptId);
  }

  private change(at: Place, change: Partial<Cell>): void {
    this.cells.value = this.cells.peek().map((cell) => (cell.column === at.column && cell.row === at.row ? { ...cell, ...change } : cell));
  }

  /** From a copy of the workflow, so that what is edited meanwhile changes no cell. */
  private async queueAll(): Promise<void> {
    const { graph } = openData(this.document.toWorkflow(), this.editor.definitions);
    const draws = Math.floor(Math.random() * 2 ** 32);
    for (const cell of this.cells.peek()) {
      while (!this.isCancelled.peek() && !(await this.queueOne(cell, cellOf(graph, this.x, this.y, cell, drawsFrom(draws))))) await new Promise((later) => setTimeout(later, FULL_MS));
      if (this.isCancelled.peek()) break;
    }
    await this.editor.refreshQueue();
  }

  /** False where the queue is full. */
  private async queueOne(at: Place, { prompt, workflow }: ReturnType<typeof cellOf>): Promise<boolean> {
    const { editor, document } = this;
    const id = newId();
    editor.router.register(id, document);
    editor.quietPrompts.add(id);
    try {
      const answer = await http.queuePrompt(prompt, id, editor.clientId, workflow, null);
      if (this.isCancelled.peek()) await this.withdraw([answer.prompt_id]);
      else {
        this.change(at, { state: "waiting", promptId: answer.prompt_id });
        document.prompts.value = [...document.prompts.peek().slice(-9), answer.prompt_id];
      }
      return true;
    } catch (error) {
      editor.router.settle(id);
      editor.quietPrompts.delete(id);
      if (error instanceof http.HttpError && error.status === 429) return false;
      this.change(at, { state: "failed", problem: refusal(error) });
      return true;
    }
  }

  private compare(running: ReadonlySet<string>, pending: ReadonlySet<string>): void {
    for (const cell of this.cells.peek()) {
      const { promptId, state } = cell;
      if (promptId === null || !isOpen(cell) || pending.has(promptId)) continue;
      if (!running.has(promptId)) void this.ask(cell, promptId);
      else if (state !== "running") this.change(cell, { state: "running" });
    }
  }

  /** What came of a cell that neither waits nor runs. */
  private async ask(cell: Cell, promptId: string): Promise<void> {
    if (this.asked.has(promptId)) return;
    this.asked.add(promptId);
    try {
      const found = await job(promptId);
      if (this.isCancelled.peek()) return;
      if (found?.status === "pending" || found?.status === "in_progress") setTimeout(() => void this.editor.refreshQueue(), ASK_AGAIN_MS);
      else this.change(cell, this.outcome(found));
    } catch (error) {
      this.editor.ui.tell(t("sweep.resultUnknown", { why: http.reason(error) }), "error");
    } finally {
      this.asked.delete(promptId);
    }
  }

  private outcome(found: Job | null): Partial<Cell> {
    if (!found) return { state: "cancelled" };
    const image = pictureOf(found.outputs);
    if (found.status === "completed") return image ? { state: "done", image } : { state: "failed", problem: t("sweep.noPicture") };
    if (!found.execution_error) return { state: "cancelled" };
    return { state: "failed", problem: `${String(found.execution_error.node_type ?? "")} ${String(found.execution_error.exception_message ?? "failed")}`.trim() };
  }
}

/** The sweep that is shown. */
export const sweep: Signal<SweepRun | null> = signal(null);
