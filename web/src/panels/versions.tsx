/** Which contents did the open workflow have, and how is one of them brought back? */

import { useEffect, useRef, useState } from "preact/hooks";
import { reason } from "../api/http";
import * as workflows from "../api/workflows";
import type { VersionInfo, Versions } from "../api/workflows";
import type { Editor } from "../editor";
import { restoreVersion, withoutSuffix } from "../interaction/saving";
import { compareWorkflows, countsOf } from "../model/difference";
import type { Document } from "../model/document";
import { phrase, t } from "../words";
import { ago, exactly } from "../words/format";
import { readText } from "./conflict";
import { Dialog } from "./dialogs";
import { DifferenceList } from "./difference_list";

const KINDS = { save: phrase("workflows.savedKind"), restore: phrase("workflows.restoredKind"), outside: phrase("workflows.byOutside") } as const;

function saysWho(version: VersionInfo, clientId: string): string {
  return version.kind !== "outside" && version.author === clientId ? t("workflows.madeHere", { what: KINDS[version.kind]() }) : KINDS[version.kind]();
}

interface ListProps {
  readonly editor: Editor;
  readonly listed: Versions;
  readonly chosen: number;
  readonly choose: (version: number) => void;
}

function VersionList({ editor, listed, chosen, choose }: ListProps) {
  const list = useRef<HTMLUListElement>(null);
  const now = Date.now();
  useEffect(() => list.current?.querySelector<HTMLElement>("[aria-selected=true]")?.focus(), []);
  const go = (by: number): void => {
    const index = listed.versions.findIndex((version) => version.version === chosen) + by;
    const next = listed.versions[Math.max(0, Math.min(listed.versions.length - 1, index))];
    if (!next) return;
    choose(next.version);
    list.current?.querySelector<HTMLElement>(`[data-version="${next.version}"]`)?.focus();
  };
  return (
    <ul class="results version-list" role="listbox" aria-label={t("workflows.versions")} ref={list}
      onKeyDown={(event) => {
        if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
        event.preventDefault();
        go(event.key === "ArrowDown" ? 1 : -1);
      }}>
      {listed.versions.map((version) => (
        <li key={version.version} role="option" data-version={version.version} tabIndex={version.version === chosen ? 0 : -1} aria-selected={version.version === chosen}
          class={version.version === chosen ? "is-chosen" : ""} onClick={() => choose(version.version)}>
          <span class="version-number">{version.version}</span>
          <span class="version-when" title={exactly(version.created_ms)}>{ago(version.created_ms, now)}<span class="muted">{saysWho(version, editor.clientId)}</span></span>
          {version.version === listed.version && <span class="badge">{t("workflows.present")}</span>}
        </li>
      ))}
    </ul>
  );
}

interface DetailProps {
  readonly editor: Editor;
  readonly document: Document;
  readonly listed: Versions;
  readonly version: number;
}

function Detail({ editor, document, listed, version }: DetailProps) {
  const [text, setText] = useState<string | null>(null);
  const file = listed.name;
  useEffect(() => {
    let isGone = false;
    setText(null);
    workflows.readVersion(file, version).then((found) => { if (!isGone) setText(found); }, (error: unknown) => editor.ui.tell(reason(error), "error"));
    return () => void (isGone = true);
  }, [file, version]);
  const workflow = readText(text);
  const counts = workflow && countsOf(workflow);
  const close = (): void => void (editor.ui.dialog.value = null);
  return (
    <section class="version-detail" aria-label={t("workflows.version", { version })}>
      <h3>{t("workflows.version", { version })}{counts && <span> · {t("workflows.nodeCount", { n: counts.nodes })}, {t("workflows.linkCount", { n: counts.links })}</span>}</h3>
      {text === null ? <p class="muted">…</p> : workflow ? <><p class="muted">{t("workflows.fromHere")}</p><DifferenceList difference={compareWorkflows(workflow, document.toWorkflow(), editor.definitions)} /></> : <p class="muted">{t("workflows.notOne")}</p>}
      <div class="dialog-buttons">
        <button type="button" class="button" disabled={!workflow} onClick={() => { close(); editor.open(workflow, t("workflows.nameAndVersion", { name: withoutSuffix(file), version })); }}>{t("workflows.openInTab")}</button>
        <button type="button" class="button run" disabled={!workflow || version === listed.version} onClick={() => { close(); void restoreVersion(editor, document, version); }}>{t("workflows.restore")}</button>
      </div>
    </section>
  );
}

export function VersionsDialog({ editor }: { editor: Editor }) {
  const document = editor.active.value;
  const [listed, setListed] = useState<Versions | null>(null);
  const [chosen, setChosen] = useState(0);
  const file = document?.savedAs ?? null;
  useEffect(() => {
    if (file === null) return;
    workflows.versions(file).then((found) => {
      setChosen(found.version || (found.versions[0]?.version ?? 0));
      setListed(found);
    }, (error: unknown) => editor.ui.tell(reason(error), "error"));
  }, [file]);
  if (!document) return null;
  const choose = (version: number): void => setChosen(version);
  return (
    <Dialog editor={editor} title={t("workflows.versionsOf", { name: document.name.value })}>
      {file === null && <p class="muted">{t("workflows.noVersionsYet")}</p>}
      {listed && (
        <div class="versions">
          <VersionList editor={editor} listed={listed} chosen={chosen} choose={choose} />
          <Detail editor={editor} document={document} listed={listed} version={chosen} />
        </div>
      )}
      {listed && document.isDirty && <p class="muted">{t("workflows.restoringSaves")}</p>}
    </Dialog>
  );
}
