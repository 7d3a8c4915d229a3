/** What runs, what waits, and is the server there? One line at the bottom. */

import type { Editor } from "../editor";
import { findNode } from "../model/levels";
import { isBorder } from "../model/subgraph_type";
import { ClockIcon, CloseIcon, UpIcon } from "../view/icons";
import { cancelWaiting } from "../running/repeat";
import { KeptNotice } from "../running/run_controls";
import { timedJob, toggleTimes } from "../running/shown";
import { t } from "../words";
import { PackNotice } from "./packs";
import { pause, runNext } from "./queue_line";
import { RecoveredNotice } from "./trash";

function Running({ editor }: { editor: Editor }) {
  const document = editor.documents.value.find((entry) => entry.runningNode.value !== null);
  const id = document?.runningNode.value;
  const found = document && id ? findNode(document.root, id) : undefined;
  if (!document || !id || !found) return <span class="status-text">{t("status.running")}</span>;
  const { value, max } = document.run(id).value;
  return (
    <button type="button" class="status-node" title={t("status.showNode")} onClick={() => { editor.activate(document); editor.jumpTo(id); }}>
      <span class="pulse" />{found.graph.title(found.node)}{max > 1 && <span class="muted"> {value} / {max}</span>}
    </button>
  );
}

function Pending({ editor }: { editor: Editor }) {
  const { pending, isPaused } = editor.queue.value;
  if (pending.length === 0 && !isPaused) return null;
  const nameOf = (prompt: string): string => editor.documents.value.find((document) => document.prompts.value.includes(prompt))?.name.value ?? t("status.run");
  return (
    <details class="pending">
      <summary>{t("status.waiting", { n: pending.length })}{isPaused && `, ${t("status.paused")}`}</summary>
      <ul>
        {pending.map((item, index) => (
          <li key={item.promptId}>
            <span class="pending-name">{index + 1}. {nameOf(item.promptId)}</span>
            {index > 0 && <button type="button" class="icon-button" title={t("status.runNext")} aria-label={t("status.runThisNext", { number: index + 1 })} onClick={() => void runNext(editor, item.promptId)}><UpIcon /></button>}
            <button type="button" class="icon-button" aria-label={t("status.cancelWaiting", { number: index + 1 })} onClick={() => void editor.cancel(item.promptId)}><CloseIcon /></button>
          </li>
        ))}
        {pending.length > 1 && <li><button type="button" class="button quiet" onClick={() => void cancelWaiting(editor)}>{t("status.cancelAll")}</button></li>}
        <li><button type="button" class="button quiet" onClick={() => void pause(editor, !isPaused)}>{isPaused ? t("status.goOn") : t("status.pause")}</button></li>
      </ul>
    </details>
  );
}

export function StatusStrip({ editor }: { editor: Editor }) {
  const connection = editor.socket.connection.value;
  const { running } = editor.queue.value;
  const count = [...(editor.active.value?.graph.nodes.keys() ?? [])].filter((id) => !isBorder(id)).length;
  void editor.active.value?.revision.value;
  const selected = [...(editor.active.value?.selection.value ?? [])].filter((id) => !isBorder(id)).length;
  return (
    <footer class="status-strip" aria-label={t("status.status")}>
      <span class={`light ${connection}`} role="status" title={t(`status.${connection}`)} aria-label={t(`status.${connection}`)} />
      {connection === "lost" && <span class="status-text">{t("status.lost")}</span>}
      {running.length > 0 ? <Running editor={editor} /> : connection === "open" && <span class="status-text">{t("status.ready")}</span>}
      <Pending editor={editor} />
      <KeptNotice />
      {(editor.active.value?.prompts.value.length ?? 0) > 0 && <button type="button" class="status-times" aria-pressed={timedJob.value !== null} title={t("times.whereRun")} onClick={() => toggleTimes(editor)}><ClockIcon />{t("times.times")}</button>}
      <span class="spacer" />
      <RecoveredNotice editor={editor} />
      <PackNotice editor={editor} />
      <span class="status-text">{selected > 0 ? t("status.selected", { selected, n: count }) : t("status.nodeCount", { n: count })}</span>
      <Zoom editor={editor} />
    </footer>
  );
}

function Zoom({ editor }: { editor: Editor }) {
  const percent = Math.round((editor.active.value?.camera.value.scale ?? 1) * 100);
  return <button type="button" class="status-zoom" title={t("status.showAll")} onClick={() => editor.stage.fit()}>{percent} %</button>;
}
