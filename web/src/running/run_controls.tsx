/** How is a run begun and stopped? The buttons at the top, and what is kept running. */

import type { Editor } from "../editor";
import { withKeys } from "../interaction/keymap";
import { ChevronIcon, PlayIcon, RepeatIcon, StopIcon } from "../view/icons";
import { t } from "../words";
import { cancelRun, count, keepRunning, kept, MOST_RUNS, runBatch, setCount, stopKeeping, waitsForChange } from "./repeat";
import "./running.css";

const MORE = ["run.sweep", "run.times", null, "run.keep", "run.follow", "run.notify"] as const;

function offerMore(editor: Editor, { right, bottom }: DOMRect): void {
  editor.ui.menu.value = { at: [right - 250, bottom + 6], items: MORE.map((id) => id && editor.commands.item(id)) };
}

export function RunControls({ editor }: { editor: Editor }) {
  const { running, pending } = editor.queue.value;
  const isKept = kept.value !== null;
  return (
    <div class="run-buttons">
      {editor.isRunning.value && (
        <button type="button" class="button cancel" onClick={() => void cancelRun(editor)} title={withKeys(editor, t("run.cancel"), "run.cancel")}>
          <StopIcon />{t("run.cancel")}
        </button>
      )}
      <div class="run-group">
        <button type="button" class="button run" onClick={() => void runBatch(editor)} title={withKeys(editor, t("run.runTimes", { n: count.value }), "run.run")}>
          <PlayIcon />{t("run.run")}
          {running.length + pending.length > 1 && <span class="count" aria-label={t("run.inQueue")}>{running.length + pending.length}</span>}
        </button>
        <label class="run-count" title={t("run.countHint")}>
          <span aria-hidden="true">×</span>
          <input type="number" aria-label={t("run.count")} min={1} max={MOST_RUNS} value={count.value} onChange={({ currentTarget }) => { setCount(currentTarget.valueAsNumber); currentTarget.value = String(count.peek()); }}
            onKeyDown={(event) => { if (event.key === "Enter") setCount(event.currentTarget.valueAsNumber); }} />
        </label>
        <button type="button" class={`run-keep is-repeat${isKept ? " is-on" : ""}`} aria-pressed={isKept} aria-label={t("run.keep")} onClick={() => (isKept ? stopKeeping() : keepRunning(editor))}
          title={isKept ? t("run.stopKeeping") : t("run.keepHint")}><RepeatIcon /></button>
        <button type="button" class="run-keep" aria-label={t("run.more")} aria-haspopup="menu" title={t("run.more")} onClick={({ currentTarget }) => offerMore(editor, currentTarget.getBoundingClientRect())}><ChevronIcon /></button>
      </div>
    </div>
  );
}

/** Says in the strip that there will be further runs. */
export function KeptNotice() {
  const document = kept.value;
  if (!document) return null;
  return (
    <span class="kept-notice">
      <RepeatIcon />{document.name.value}: {waitsForChange.value ? t("run.waitsForChange") : t("run.keepsRunning")}
      <button type="button" class="button quiet" onClick={stopKeeping}>{t("run.stop")}</button>
    </span>
  );
}
