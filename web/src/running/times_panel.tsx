/** Where did the time of a job go? A bar for each node, what was cached, and memory. */

import { useEffect, useState } from "preact/hooks";
import { reason } from "../api/http";
import { job, type Job } from "../api/jobs";
import type { Editor } from "../editor";
import type { Document } from "../model/document";
import { findNode } from "../model/levels";
import { bars, span, type Bar, type Order, type Timeline } from "../model/timeline";
import { exactly, readableBytes, readableSeconds, timeOfDay } from "../words/format";
import { CloseIcon } from "../view/icons";
import { timedJob } from "./shown";
import "./times.css";

const MOST_BARS = 200;

function useJob(editor: Editor, id: string): Job | string | null {
  const [state, setState] = useState<Job | string | null>(null);
  const ended = editor.endedJobs.value;
  useEffect(() => {
    let isCurrent = true;
    const show = (found: Job | string): void => void (isCurrent && setState(found));
    job(id).then((found) => show(found ?? "The server does not remember this run any more."), (error: unknown) => show(reason(error)));
    return () => void (isCurrent = false);
  }, [id, ended]);
  return typeof state === "object" && state?.id !== id ? null : state;
}

interface Named {
  readonly title: string;
  /** Brings it into view; null where the node is gone. */
  readonly jump: (() => void) | null;
}

function named(editor: Editor, document: Document | undefined, { workflow }: Job, key: string, type = ""): Named {
  const found = document && findNode(document.root, key);
  const title = found ? found.graph.title(found.node) : (workflow.prompt[key]?._meta?.title ?? (type || key));
  return { title, jump: found && document ? () => { editor.activate(document); editor.jumpTo(key); } : null };
}

function BarRow({ bar, by, order, longest }: { bar: Bar; by: Named; order: Order; longest: number }) {
  const place = order === "time" ? { left: `${bar.start * 100}%`, width: `${bar.width * 100}%` } : { left: "0", width: `${(100 * bar.seconds) / (longest || 1)}%` };
  return (
    <li>
      <button type="button" disabled={!by.jump} onClick={() => by.jump?.()} title={`${bar.type} ${bar.node}${by.jump ? ": show it" : " is not in the workflow any more"}`}>
        <span class="times-name">{by.title}{bar.calls > 1 && <span class="muted"> × {bar.calls}</span>}</span>
        <span class="times-track"><span style={place} /></span>
        <span class="times-seconds">{readableSeconds(bar.seconds)}<span class="muted">{Math.round(bar.share * 100)} %</span></span>
      </button>
    </li>
  );
}

function Body({ editor, document, shown, timeline, order }: { editor: Editor; document: Document | undefined; shown: Job; timeline: Timeline; order: Order }) {
  const all = bars(timeline, order);
  const longest = Math.max(0, ...all.map((bar) => bar.seconds));
  const memory = [
    timeline.memory_bytes > 0 ? `${readableBytes(timeline.memory_bytes)} of memory` : "",
    timeline.device_bytes > 0 ? `${readableBytes(timeline.device_bytes)} on the accelerator` : "",
  ].filter(Boolean).join(", ");
  return (
    <>
      <p class="times-sum">
        {all.length === 0 ? "Nothing had to run: all results were there already." : `${readableSeconds(span(timeline))}, ${all.length} ${all.length === 1 ? "node" : "nodes"} ran, ${timeline.cached.length} cached`}
        {memory && <span class="muted"> · {memory} at the end</span>}
      </p>
      <ul class="times-list" aria-label="Times of the nodes">
        {all.slice(0, MOST_BARS).map((bar) => <BarRow key={bar.node} bar={bar} by={named(editor, document, shown, bar.node, bar.type)} order={order} longest={longest} />)}
        {all.length > MOST_BARS && <li class="nothing">{all.length - MOST_BARS} further nodes</li>}
      </ul>
      {timeline.cached.length > 0 && (
        <ul class="times-cached" aria-label="From the cache">
          <li class="muted">From the cache:</li>
          {timeline.cached.slice(0, MOST_BARS).map((key) => {
            const by = named(editor, document, shown, key);
            return <li key={key}><button type="button" disabled={!by.jump} onClick={() => by.jump?.()}>{by.title}</button></li>;
          })}
          {timeline.cached.length > MOST_BARS && <li class="muted">and {timeline.cached.length - MOST_BARS} more</li>}
        </ul>
      )}
    </>
  );
}

const STATES = { pending: "This run waits in the queue.", in_progress: "This run goes on; its times are there when it has ended.", completed: "The times of this run were not kept.", failed: "The times of this run were not kept." } as const;

export function TimesPanel({ editor, id }: { editor: Editor; id: string }) {
  const [order, setOrder] = useState<Order>("slowest");
  const shown = useJob(editor, id);
  const document = editor.documents.value.find((entry) => entry.prompts.value.includes(id));
  const runs = document?.prompts.value ?? [];
  const index = runs.indexOf(id);
  const turn = (by: number): void => void (timedJob.value = runs[index + by] ?? id);
  return (
    <section class="times" aria-label="Times of a run">
      <header>
        <strong>Times{typeof shown === "object" && shown?.execution_start_time ? <span class="muted" title={exactly(shown.execution_start_time)}> · {timeOfDay(shown.execution_start_time)}</span> : null}</strong>
        {runs.length > 1 && (
          <span class="times-turn">
            <button type="button" class="icon-button" aria-label="Run before" disabled={index <= 0} onClick={() => turn(-1)}>‹</button>
            <span class="muted">{index + 1} of {runs.length}</span>
            <button type="button" class="icon-button" aria-label="Run after" disabled={index >= runs.length - 1} onClick={() => turn(1)}>›</button>
          </span>
        )}
        <span class="spacer" />
        <select aria-label="Order" value={order} onChange={({ currentTarget }) => setOrder(currentTarget.value as Order)}>
          <option value="slowest">Slowest first</option><option value="time">In order of time</option>
        </select>
        <button type="button" class="icon-button" aria-label="Close the times" onClick={() => (timedJob.value = null)}><CloseIcon /></button>
      </header>
      {typeof shown === "string" && <p class="nothing" role="alert">{shown}</p>}
      {typeof shown === "object" && shown && (shown.timeline ? <Body editor={editor} document={document} shown={shown} timeline={shown.timeline} order={order} /> : <p class="nothing">{STATES[shown.status]}</p>)}
    </section>
  );
}
