/** Someone else has changed the file that was to be saved: what did both do, and what is to become of it? */

import { useState } from "preact/hooks";
import type { Editor } from "../editor";
import { isSameFile, keepMine, saveUnder, takeTheirs, withoutSuffix } from "../interaction/saving";
import { compareWorkflows, countsOf } from "../model/difference";
import { parseJson } from "../model/exact_json";
import type { JsonObject } from "../model/types";
import { ago, exactly } from "../words/format";
import { isObject } from "../model/workflow_read";
import { t } from "../words";
import { Dialog } from "./dialogs";
import { DifferenceList } from "./difference_list";
import type { RefusedSave } from "./ui_state";

/** The file's workflow; null where it is none. */
export function readText(text: string | null): JsonObject | null {
  try {
    const data = text === null ? null : parseJson(text);
    return isObject(data) ? data : null;
  } catch {
    return null; // another program may have put anything there; the dialog says that it is no workflow
  }
}

interface SideProps {
  readonly editor: Editor;
  readonly title: string;
  readonly when: string;
  readonly at?: number;
  readonly workflow: JsonObject | null;
  readonly base: JsonObject | null;
  readonly instead: string;
}

function Side({ editor, title, when, at, workflow, base, instead }: SideProps) {
  const counts = workflow && countsOf(workflow);
  return (
    <section class="side" aria-label={title}>
      <h3>{title}</h3>
      <p class="side-when" title={at === undefined ? undefined : exactly(at)}>{when}</p>
      <p class="muted">{counts ? `${t("workflows.nodeCount", { n: counts.nodes })}, ${t("workflows.linkCount", { n: counts.links })}` : t("workflows.notOne")}</p>
      {workflow && (base ? <DifferenceList difference={compareWorkflows(base, workflow, editor.definitions)} /> : <p class="muted">{instead}</p>)}
    </section>
  );
}

function whose(refused: RefusedSave, clientId: string): string {
  const { current } = refused.conflict;
  if (current?.kind === "outside") return t("workflows.byOutside");
  if (current?.author === clientId) return t("workflows.inThisTab");
  return t("workflows.inAnotherTab");
}

function Choices({ editor, refused }: { editor: Editor; refused: RefusedSave }) {
  const { document, file, conflict: { current } } = refused;
  const [name, setName] = useState(t("workflows.mineNamed", { name: withoutSuffix(file) }));
  const [isBusy, setIsBusy] = useState(false);
  const act = async (deed: () => Promise<boolean>): Promise<void> => {
    setIsBusy(true);
    editor.ui.dialog.value = null;
    if (!(await deed()) && editor.ui.dialog.peek() !== "conflict" && document.isDirty) editor.ui.tell(t("workflows.notSaved", { name: document.name.peek() }), "error");
    setIsBusy(false);
  };
  return (
    <>
      <form class="save-under" onSubmit={(event) => { event.preventDefault(); if (name.trim()) void act(() => saveUnder(editor, refused, name)); }}>
        <input class="search-input" aria-label={t("workflows.anotherName")} value={name} onInput={(event) => setName(event.currentTarget.value)} />
        <button type="submit" class="button" disabled={isBusy || !name.trim()}>{t("workflows.saveMine")}</button>
      </form>
      <div class="dialog-buttons">
        {current && <button type="button" class="button" disabled={isBusy} onClick={() => void act(() => takeTheirs(editor, refused))}>{isSameFile(refused) ? t("workflows.takeTheirs") : t("workflows.openThat")}</button>}
        <button type="button" class="button run" disabled={isBusy} onClick={() => void act(() => keepMine(editor, refused))}>{current ? t("workflows.keepMine") : t("workflows.saveAgain")}</button>
      </div>
    </>
  );
}

export function ConflictDialog({ editor }: { editor: Editor }) {
  const refused = editor.ui.conflict.value;
  if (!refused) return null;
  const { document, file, conflict: { current, base } } = refused;
  const [mine, theirs, common] = [document.toWorkflow(), readText(current?.text ?? null), readText(base)];
  const name = withoutSuffix(file);
  const says = !current ? t("workflows.nothingWritten") :
    isSameFile(refused) ? t("workflows.nothingLostBoth") : t("workflows.nothingLostOther");
  return (
    <Dialog editor={editor} focuses="dialog" title={!current ? t("workflows.goneMeanwhile", { name }) : isSameFile(refused) ? t("workflows.changedMeanwhile", { name }) : t("workflows.thereAlready", { name })}>
      <div class="conflict">
        <p class="muted">{says}</p>
        {current && (
          <div class="sides">
            <Side editor={editor} title={t("workflows.mine")} when={t("workflows.mineHere")} workflow={mine} base={common ?? theirs} instead={t("workflows.baseUnknown")} />
            <Side editor={editor} title={t("workflows.theirs")} when={`${ago(current.modified_ms, Date.now())} ${whose(refused, editor.clientId)}`} at={current.modified_ms} workflow={theirs} base={common} instead={t("workflows.leftDiffers")} />
          </div>
        )}
        <Choices key={current?.digest ?? ""} editor={editor} refused={refused} />
      </div>
    </Dialog>
  );
}
