/** What was made? The result of one run at full width, those of the others as a strip below. */

import { useComputed } from "@preact/signals";
import { useState } from "preact/hooks";
import { viewUrl } from "../api/http";
import { mediaOf } from "../looking/media_kinds";
import type { FileRef } from "../model/run_state";
import { ago, exactly } from "../words/format";
import { CloseIcon, DownloadIcon, RepeatIcon } from "../view/icons";
import type { FormPage } from "./form_page";
import { isOpen, type OwnRun } from "./own_runs";
import { firstFile, type Shown } from "./results";
import { t } from "../words";

function Media({ file }: { file: FileRef }) {
  const [isLost, setLost] = useState(false);
  const url = viewUrl(file);
  if (isLost) return <p class="form-lost">{t("formPage.fileLost", { file: file.filename })}</p>;
  const lost = (): void => setLost(true);
  switch (mediaOf(file.filename)) {
    case "image":
      return <a href={url} target="_blank" rel="noopener" aria-label={t("formPage.openFile", { file: file.filename })}><img src={url} alt={file.filename} onError={lost} /></a>;
    case "video":
      return <video src={url} controls playsInline loop aria-label={file.filename} onError={lost} />;
    case "audio":
      return <audio src={url} controls aria-label={file.filename} onError={lost} />;
    default:
      return <a href={url} target="_blank" rel="noopener">{file.filename}</a>;
  }
}

function File({ file }: { file: FileRef }) {
  return (
    <figure class={`form-file is-${mediaOf(file.filename)}`}>
      <Media file={file} />
      <figcaption><span class="muted">{file.filename}</span><a class="form-button is-quiet" href={viewUrl(file)} download={file.filename} aria-label={t("formPage.downloadFile", { file: file.filename })}><DownloadIcon />{t("formPage.download")}</a></figcaption>
    </figure>
  );
}

function Output({ shown, isAlone }: { shown: Shown; isAlone: boolean }) {
  return (
    <section aria-label={shown.label || t("formPage.result")}>
      {!isAlone && shown.label && <h3>{shown.label}</h3>}
      <div class={`form-files${shown.files.length > 1 ? " is-many" : ""}`}>{shown.files.map((file) => <File key={`${file.type}/${file.subfolder}/${file.filename}`} file={file} />)}</div>
      {shown.texts.map((text, index) => <pre key={index} class="form-result-text" tabIndex={0} aria-label={shown.label || t("formPage.text")}>{text}</pre>)}
    </section>
  );
}

/** The newest preview of the node that runs, else of the last that had one. */
function Preview({ page }: { page: FormPage }) {
  const preview = useComputed(() => {
    const current = page.document.runningNode.value;
    const own = current === null ? null : page.document.run(current).value.preview;
    return own ?? page.promptKeys().map((key) => page.document.run(key).value).find(({ phase, preview: shown }) => phase === "running" && shown)?.preview ?? null;
  });
  if (preview.value === null) return <p class="form-empty">{t("formPage.formsHere")}</p>;
  return <img class="form-preview" src={preview.value} alt={t("formPage.forming")} />;
}

function Stage({ page, run }: { page: FormPage; run: OwnRun | null }) {
  if (!run) return <p class="form-empty">{t("formPage.resultsHere")}</p>;
  switch (run.state) {
    case "waiting":
      return <p class="form-empty">{t("formPage.waitsTurn")}</p>;
    case "running":
      return <Preview page={page} />;
    case "failed":
      return <p class="form-failed" role="alert"><strong>{t("formPage.failed")}</strong> {run.problem}</p>;
    case "cancelled":
      return <p class="form-empty">{t("formPage.cancelled")}</p>;
    default:
      return run.results.length === 0 ? <p class="form-empty">{t("formPage.madeNothing")}</p>
        : <>{run.results.map((shown, index) => <Output key={index} shown={shown} isAlone={run.results.length === 1} />)}</>;
  }
}

const STATES = { waiting: "formPage.stateWaits", running: "formPage.stateRuns", failed: "formPage.stateFailed", cancelled: "formPage.stateCancelled" } as const;
const stateText = ({ state }: OwnRun): string => (state === "unknown" || state === "done" ? "" : t(STATES[state]));
const spokenName = (run: OwnRun): string => (stateText(run) ? t("formPage.runOfIn", { time: exactly(run.at), state: stateText(run) }) : t("formPage.runOf", { time: exactly(run.at) }));

function Thumbnail({ run }: { run: OwnRun }) {
  const [isLost, setLost] = useState(false);
  const file = firstFile(run.results);
  if (file && !isLost && mediaOf(file.filename) === "image") return <img src={viewUrl(file, true)} alt="" loading="lazy" onError={() => setLost(true)} />;
  return <span>{stateText(run) || file?.filename || (run.results.length > 0 ? t("formPage.text") : "–")}</span>;
}

function Strip({ page }: { page: FormPage }) {
  const { runs } = page;
  const shown = runs.shown.value;
  if (runs.known.value.length < 2 && !runs.hasOlder.value) return null;
  return (
    <nav class="form-strip" aria-label={t("formPage.runs")}>
      <ul>
        {runs.known.value.map((run) => (
          <li key={run.promptId}>
            <button type="button" class={`form-thumb is-${run.state}`} aria-pressed={run === shown} title={exactly(run.at)} aria-label={spokenName(run)} onClick={() => (runs.chosen.value = run.promptId)}>
              <Thumbnail run={run} />
            </button>
          </li>
        ))}
        {runs.hasOlder.value && <li><button type="button" class="form-thumb" onClick={() => void runs.showOlder()}>{t("formPage.older")}</button></li>}
      </ul>
    </nav>
  );
}

export function Results({ page }: { page: FormPage }) {
  const { runs } = page;
  const run = runs.shown.value;
  return (
    <section class="form-results" id="results" aria-label={t("formPage.results")}>
      {runs.notice.value && <p class="form-notice" role="status">{runs.notice.value}</p>}
      <div class="form-stage"><Stage page={page} run={run} /></div>
      {run && (
        <div class="form-about-run">
          <span class="muted" title={exactly(run.at)}>{ago(run.at, Date.now())}</span>
          <span class="spacer" />
          {!isOpen(run) && <button type="button" class="form-button is-quiet" onClick={() => page.useAgain(run.values)}><RepeatIcon />{t("formPage.useValues")}</button>}
          {!isOpen(run) && <button type="button" class="form-button is-quiet" aria-label={t("formPage.forget")} title={t("formPage.forgetHint")} onClick={() => runs.forget(run.promptId)}><CloseIcon /></button>}
        </div>
      )}
      <Strip page={page} />
    </section>
  );
}
