/** How far is the run? Its place in the line, the node at work in words, and how much is done. */

import { useComputed } from "@preact/signals";
import { findNode } from "../model/levels";
import { PlayIcon, StopIcon } from "../view/icons";
import type { FormPage } from "./form_page";
import { isOpen, type OwnRun } from "./own_runs";
import { t } from "../words";

export interface Progress {
  readonly text: string;
  /** From 0 to 1; null where nobody can say. */
  readonly part: number | null;
}

/** How far the nodes of the prompt are that runs now. */
export function progressOf({ document, promptKeys }: FormPage): Progress {
  const keys = promptKeys();
  const current = document.runningNode.value;
  let done = 0;
  for (const key of keys) {
    const { phase } = document.run(key).value;
    if ((phase === "done" || phase === "cached") && key !== current) done += 1;
  }
  if (current === null) return { text: t("formPage.starting"), part: null };
  const found = findNode(document.root, current);
  const { value, max } = document.run(current).value;
  const inner = max > 1 ? value / max : 0;
  const node = found ? found.graph.title(found.node) : t("formPage.working");
  return { text: max > 1 ? t("formPage.step", { node, value, max }) : node, part: keys.length > 0 ? Math.min(1, (done + inner) / keys.length) : null };
}

const lineText = (run: OwnRun): string => (run.before === 0 ? t("formPage.next") : t("formPage.waitsFor", { n: run.before }));

function Bar({ progress }: { progress: Progress }) {
  const percent = progress.part === null ? undefined : Math.round(100 * progress.part);
  return (
    <div class={`form-progress${percent === undefined ? " is-busy" : ""}`} role="progressbar" aria-label={t("formPage.progress")} aria-valuenow={percent} aria-valuemin={0} aria-valuemax={100} aria-valuetext={progress.text}>
      <span style={{ transform: `scaleX(${progress.part ?? 0.3})` }} />
    </div>
  );
}

/** Run and Cancel, with what happens between them. */
export function RunBar({ page, run }: { page: FormPage; run: () => void }) {
  const { runs } = page;
  const open = useComputed(() => runs.runs.value.filter(isOpen));
  const now = open.value.find(({ state }) => state === "running") ?? open.value.at(-1);
  const progress = useComputed((): Progress | null => (open.value.some(({ state }) => state === "running") ? progressOf(page) : null));
  const waiting = open.value.length - (now ? 1 : 0);
  const isBlocked = page.missing.value.length > 0;
  return (
    <div class="form-bar">
      {now && <Bar progress={progress.value ?? { text: lineText(now), part: null }} />}
      <div class="form-bar-row">
        <p class="form-state">{now ? progress.value?.text ?? lineText(now) : isBlocked ? t("formPage.cannotRun") : ""}{waiting > 0 && <span class="muted"> · {t("formPage.more", { n: waiting })}</span>}</p>
        {now && <button type="button" class="form-button is-cancel" onClick={() => void runs.cancel(now)}><StopIcon />{t("common.cancel")}</button>}
        <button type="submit" class="form-button is-run" disabled={page.isStarting.value || isBlocked} title="Ctrl+Enter" onClick={(event) => { event.preventDefault(); run(); }}><PlayIcon />{t("formPage.run")}</button>
      </div>
      <p class="visually-hidden" role="status">{now ? (now.state === "running" ? t("formPage.begun") : lineText(now)) : runs.shown.value?.state === "done" ? t("formPage.ready") : ""}</p>
    </div>
  );
}
