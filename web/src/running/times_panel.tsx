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
import { phrase, t } from "../words";
import { timedJob } from "./shown";
import "./times.css";

const MOST_BARS = 200;

function useJob(editor: Editor, id: string): Job | string | null {
  const [state, setState] = useState<Job | string | null>(null);
  const ended = editor.endedJobs.value;
  useEffect(() => {
    let isCurrent = true;
    const show = (found: Job | string): void => void (isCurrent && setState(found));
    job(id).then((found) => show(found ?? t("times.forgotten")), (error: unknown) => show(reason(error)));
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
      <button type="button" disabled={!by.jump} onClick={() => by.jump?.()} title={t(by.jump ? "times.showNode" : "times.nodeGone", { node: `${bar.type} ${bar.node}` })}>
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
    timeline.memory_bytes > 0 ? t("times.ofMemory", { bytes: readableBytes(timeline.memory_bytes) }) : "",
    timeline.device_bytes > 0 ? t("times.ofDevice", { bytes: readableBytes(timeline.device_bytes) }) : "",
  ].filter(Boolean).join(", ");
  return (
    <>
      <p class="times-sum">
        {all.length === 0 ? t("times.nothingRan") : t("times.ran", { time: readableSeconds(span(timeline)), n: all.length, cached: timeline.cached.length })}
        {memory && <span class="muted"> {t("times.atEnd", { memory })}</span>}
      </p>
      <ul class="times-list" aria-label={t("times.ofNodes")}>
        {all.slice(0, MOST_BARS).map((bar) => <BarRow key={bar.node} bar={bar} by={named(editor, document, shown, bar.node, bar.type)} order={order} longest={longest} />)}
        {all.length > MOST_BARS && <li class="nothing">{t("times.further", { n: all.length - MOST_BARS })}</li>}
      </ul>
      {timeline.cached.length > 0 && (
        <ul class="times-cached" aria-label={t("times.fromCache")}>
          <li class="muted">{t("times.fromCacheIs")}</li>
          {timeline.cached.slice(0, MOST_BARS).map((key) => {
            const by = named(editor, document, shown, key);
            return <li key={key}><button type="button" disabled={!by.jump} onClick={() => by.jump?.()}>{by.title}</button></li>;
          })}
          {timeline.cached.length > MOST_BARS && <li class="muted">{t("times.andMore", { n: timeline.cached.length - MOST_BARS })}</li>}
        </ul>
      )}
    </>
  );
}

const STATES = { pending: phrase("times.waits"), in_progress: phrase("times.goesOn"), completed: phrase("times.notKept"), failed: phrase("times.notKept") } as const;

export function TimesPanel({ editor, id }: { editor: Editor; id: string }) {
  const [order, setOrder] = useState<Order>("slowest");
  const shown = useJob(editor, id);
  const document = editor.documents.value.find((entry) => entry.prompts.value.includes(id));
  const runs = document?.prompts.value ?? [];
  const index = runs.indexOf(id);
  const turn = (by: number): void => void (timedJob.value = runs[index + by] ?? id);
  return (
    <section class="times" aria-label={t("times.title")}>
      <header>
        <strong>{t("times.times")}{typeof shown === "object" && shown?.execution_start_time ? <span class="muted" title={exactly(shown.execution_start_time)}> · {timeOfDay(shown.execution_start_time)}</span> : null}</strong>
        {runs.length > 1 && (
          <span class="times-turn">
            <button type="button" class="icon-button" aria-label={t("times.before")} disabled={index <= 0} onClick={() => turn(-1)}>‹</button>
            <span class="muted">{t("times.position", { index: index + 1, n: runs.length })}</span>
            <button type="button" class="icon-button" aria-label={t("times.after")} disabled={index >= runs.length - 1} onClick={() => turn(1)}>›</button>
          </span>
        )}
        <span class="spacer" />
        <select aria-label={t("times.order")} value={order} onChange={({ currentTarget }) => setOrder(currentTarget.value as Order)}>
          <option value="slowest">{t("times.slowest")}</option><option value="time">{t("times.inOrder")}</option>
        </select>
        <button type="button" class="icon-button" aria-label={t("times.close")} onClick={() => (timedJob.value = null)}><CloseIcon /></button>
      </header>
      {typeof shown === "string" && <p class="nothing" role="alert">{shown}</p>}
      {typeof shown === "object" && shown && (shown.timeline ? <Body editor={editor} document={document} shown={shown} timeline={shown.timeline} order={order} /> : <p class="nothing">{STATES[shown.status]()}</p>)}
    </section>
  );
}
