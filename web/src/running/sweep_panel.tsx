/** What is swept? Two widgets with their values, the pictures as they come, and at the end the contact sheet. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { reason, viewUrl } from "../api/http";
import type { Editor } from "../editor";
import type { Document } from "../model/document";
import { labelOf } from "../model/sweep/sheet";
import { places, sameWidget, sweepable, type Axis, type SweepWidget } from "../model/sweep/sweep";
import { howToType, readValues } from "../model/sweep/values";
import { CloseIcon } from "../view/icons";
import { phrase, t } from "../words";
import { showsSweep } from "./shown";
import { downloadCanvas, drawSheet, nameOf } from "./sheet_canvas";
import { sweep, SweepRun, type Cell } from "./sweep_run";
import "./sweep.css";

interface Typed {
  readonly widget: SweepWidget | null;
  readonly text: string;
}

const suggestion = (widget: SweepWidget): string => (widget.isSeed ? "random 4" : widget.spec.kind === "toggle" ? "on, off" : String(widget.value));

/** Throws with the reason where the text is none. */
const axisOf = ({ widget, text }: Typed): Axis | null => widget && { widget, values: readValues(text, widget.spec) };

function AxisFields({ label, typed, widgets, isOptional, change }: { label: string; typed: Typed; widgets: readonly SweepWidget[]; isOptional: boolean; change: (typed: Typed) => void }) {
  const groups = [...new Set(widgets.map((widget) => widget.node))];
  const pick = (value: string): void => {
    const widget = widgets[Number(value)] ?? null;
    change({ widget, text: widget ? suggestion(widget) : "" });
  };
  const isMany = typed.widget !== null && ["text", "string"].includes(typed.widget.spec.kind);
  return (
    <div class="sweep-axis">
      <label>{label}
        <select value={typed.widget ? String(widgets.findIndex((widget) => sameWidget(widget, typed.widget!))) : ""} onChange={({ currentTarget }) => pick(currentTarget.value)}>
          {isOptional && <option value="">{t("sweep.nothing")}</option>}
          {groups.map((node) => (
            <optgroup key={node} label={`${widgets.find((widget) => widget.node === node)!.title} (${node})`}>
              {widgets.map((widget, index) => widget.node === node && <option key={widget.spec.name} value={String(index)}>{widget.spec.label}</option>)}
            </optgroup>
          ))}
        </select>
      </label>
      {typed.widget && (
        <label>{t("sweep.values")}
          <textarea rows={isMany ? 3 : 1} spellcheck={false} value={typed.text} onInput={({ currentTarget }) => change({ ...typed, text: currentTarget.value })} />
          <span class="muted">{howToType(typed.widget.spec)}</span>
        </label>
      )}
    </div>
  );
}

/** What begins the sweep, or why it can't begin. */
function planned(x: Typed, y: Typed): { readonly x: Axis; readonly y: Axis | null; readonly runs: number } | string {
  try {
    const across = axisOf(x);
    const down = axisOf(y);
    return across ? { x: across, y: down, runs: places(across, down).length } : t("sweep.choose");
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function Form({ editor, document }: { editor: Editor; document: Document }) {
  const revision = document.revision.value;
  const widgets = useMemo(() => sweepable(document.root), [document, revision]);
  const [x, setX] = useState<Typed>(() => {
    const [chosen] = document.selection.peek();
    const first = widgets.find((widget) => widget.node === chosen && widget.spec.kind === "number") ?? widgets.find((widget) => widget.isSeed) ?? widgets[0] ?? null;
    return { widget: first, text: first ? suggestion(first) : "" };
  });
  const [y, setY] = useState<Typed>({ widget: null, text: "" });
  const plan = useMemo(() => planned(x, y), [x, y]);
  if (widgets.length === 0) return <p class="nothing">{t("sweep.noWidget")}</p>;
  const start = (): void => {
    const now = planned(x, y); // seeds that are drawn at random are drawn now
    if (typeof now !== "string") sweep.value = new SweepRun(editor, document, now.x, now.y);
  };
  return (
    <form onSubmit={(event) => { event.preventDefault(); start(); }}>
      <div class="sweep-axes">
        <AxisFields label={t("sweep.across")} typed={x} widgets={widgets} isOptional={false} change={setX} />
        <AxisFields label={t("sweep.down")} typed={y} widgets={widgets} isOptional change={setY} />
      </div>
      <div class="sweep-foot">
        <span class={typeof plan === "string" ? "sweep-problem" : "muted"} role="status">
          {typeof plan === "string" ? plan : `${plan.y ? `${plan.x.values.length} × ${plan.y.values.length} = ` : ""}${t("sweep.plan", { n: plan.runs })}`}
        </span>
        <button type="submit" class="button run" disabled={typeof plan === "string"}>{t("sweep.start")}</button>
      </div>
    </form>
  );
}

const STATES: Partial<Record<Cell["state"], () => string>> = { waiting: phrase("sweep.waits"), running: phrase("sweep.runs"), failed: phrase("sweep.failed"), cancelled: phrase("sweep.cancelled") };

function CellView({ editor, run, cell }: { editor: Editor; run: SweepRun; cell: Cell }) {
  const { image } = cell;
  if (!image) return <span class={`sweep-cell is-${cell.state}`} title={cell.problem}>{STATES[cell.state]?.()}{cell.problem && <small>{cell.problem}</small>}</span>;
  const label = [labelOf(run.x.values[cell.column]!), run.y ? labelOf(run.y.values[cell.row]!) : ""].filter(Boolean).join(", ");
  const open = (): void => {
    const shown = run.cells.peek().filter((other) => other.image);
    editor.ui.picture.value = { refs: shown.map((other) => other.image!), index: shown.findIndex((other) => other.promptId === cell.promptId), workflow: null, workflowsAt: shown.map((other) => `/api/jobs/${other.promptId}`) };
  };
  return <button type="button" class="sweep-cell is-done" aria-label={t("sweep.openCell", { label })} onClick={open}><img src={viewUrl(image, true)} alt={label} draggable={false} /></button>;
}

function Cells({ editor, run }: { editor: Editor; run: SweepRun }) {
  const cells = run.cells.value;
  const rows = run.y?.values ?? [null];
  return (
    <div class="sweep-scroll">
      <table class="sweep-grid" aria-label={t("sweep.results")}>
        <thead><tr>{run.y && <td />}{run.x.values.map((value, column) => <th key={column} scope="col">{labelOf(value)}</th>)}</tr></thead>
        <tbody>
          {rows.map((value, row) => (
            <tr key={row}>
              {run.y && <th scope="row">{labelOf(value)}</th>}
              {cells.filter((cell) => cell.row === row).map((cell) => <td key={cell.column}><CellView editor={editor} run={run} cell={cell} /></td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Sheet({ editor, run }: { editor: Editor; run: SweepRun }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [isDrawn, setDrawn] = useState(false);
  const name = run.document.name.peek();
  const fail = (error: unknown): void => editor.ui.tell(t("sweep.sheetFails", { why: reason(error) }), "error");
  useEffect(() => void drawSheet(canvas.current!, run.cells.peek(), run.x, run.y, name).then(() => setDrawn(true), fail), [run]);
  return (
    <>
      <div class="sweep-scroll"><canvas ref={canvas} class="sweep-sheet" role="img" aria-label={t("sweep.sheetOf", { name, axes: run.y ? t("sweep.and", { a: nameOf(run.x), b: nameOf(run.y) }) : nameOf(run.x) })} /></div>
      <button type="button" class="button run sweep-download" disabled={!isDrawn} onClick={() => void downloadCanvas(canvas.current!, `${name} sweep.png`).catch(fail)}>{t("sweep.downloadPng")}</button>
    </>
  );
}

function Progress({ editor, run }: { editor: Editor; run: SweepRun }) {
  const cells = run.cells.value;
  const { isOver } = run;
  const [view, setView] = useState<"cells" | "sheet">("cells");
  const made = cells.filter((cell) => cell.image).length;
  const failed = cells.filter((cell) => cell.state === "failed").length;
  useEffect(() => {
    if (isOver && made > 0) setView("sheet");
  }, [isOver]);
  const again = (): void => {
    run.end();
    sweep.value = null;
  };
  return (
    <>
      <div class="sweep-bar">
        <span role="status">{[t("sweep.made", { made, n: cells.length }), failed > 0 && t("sweep.failedCount", { n: failed }), run.isCancelled.value && t("sweep.cancelled")].filter(Boolean).join(", ")}</span>
        <progress max={cells.length} value={cells.filter((cell) => ["done", "failed", "cancelled"].includes(cell.state)).length} />
        <span class="spacer" />
        {!isOver && <button type="button" class="button cancel" onClick={() => void run.cancel()}>{t("sweep.cancel")}</button>}
        {isOver && made > 0 && <button type="button" class="button quiet" onClick={() => setView(view === "sheet" ? "cells" : "sheet")}>{view === "sheet" ? t("sweep.pictures") : t("sweep.contactSheet")}</button>}
        {isOver && <button type="button" class="button quiet" onClick={again}>{t("sweep.again")}</button>}
      </div>
      {view === "sheet" ? <Sheet editor={editor} run={run} /> : <Cells editor={editor} run={run} />}
    </>
  );
}

export function SweepPanel({ editor }: { editor: Editor }) {
  const run = sweep.value;
  const root = useRef<HTMLElement>(null);
  useEffect(() => (root.current?.querySelector("select") ?? root.current)?.focus(), []);
  const document = editor.active.value;
  return (
    <section class="sweep" aria-label={t("sweep.title")} tabIndex={-1} ref={root} onKeyDown={(event) => {
      if (event.key !== "Escape" || editor.isModal) return;
      event.stopPropagation();
      showsSweep.value = false;
    }}>
      <header>
        <h2>{t("sweep.title")}{run ? <span class="muted"> · {run.document.name.value}</span> : null}</h2>
        <button type="button" class="icon-button" aria-label={t("sweep.closeIt")} title={run && !run.isOver ? t("sweep.closeGoesOn") : t("common.close")} onClick={() => (showsSweep.value = false)}><CloseIcon /></button>
      </header>
      {run ? <Progress key={run.document.id} editor={editor} run={run} /> : document && <Form key={document.id} editor={editor} document={document} />}
    </section>
  );
}
