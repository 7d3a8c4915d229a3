/** Share or export: what goes out, and what it tells besides the graph. */

import { useMemo, useState } from "preact/hooks";
import { reason } from "../api/http";
import type { Editor } from "../editor";
import { PRIVATE_PARTS, type PrivatePart } from "../model/private_parts";
import { Dialog } from "../panels/dialogs";
import { t } from "../words";
import "./sharing.css";
import { copyOut, downloadBlob, KINDS, make, tellsOf, type Kind, type Made, type Wanted } from "./exporting";

const NAMED = 4;

function Parts({ editor, without, change }: { editor: Editor; without: ReadonlySet<PrivatePart>; change: (without: ReadonlySet<PrivatePart>) => void }) {
  const found = useMemo(() => tellsOf(editor.active.value!), []);
  const told = PRIVATE_PARTS.filter((part) => found[part].length > 0);
  const toggle = (part: PrivatePart): void => change(new Set(without.has(part) ? [...without].filter((other) => other !== part) : [...without, part]));
  return (
    <fieldset class="share-parts">
      <legend>{t("sharing.tells")}</legend>
      {told.length === 0 && <p class="muted">{t("sharing.tellsNothing")}</p>}
      {told.map((part) => (
        <label key={part} class="share-option">
          <input type="checkbox" checked={without.has(part)} onChange={() => toggle(part)} />
          <span>{t("sharing.leaveOut", { what: t(`sharing.${part}`, { n: found[part].length }) })}
            <small class="muted">{found[part].slice(0, NAMED).join(", ")}{found[part].length > NAMED && " …"}</small></span>
        </label>
      ))}
      <p class="muted">{t("sharing.texts")}</p>
    </fieldset>
  );
}

export function ShareDialog({ editor }: { editor: Editor }) {
  const document = editor.active.value;
  const hasSelection = (document?.selection.peek().size ?? 0) > 0;
  const [kind, setKind] = useState<Kind>("workflow");
  const [isSelection, setSelection] = useState((document?.selection.peek().size ?? 0) > 1); // one node was hardly chosen for this
  const [isEmbedded, setEmbedded] = useState(true);
  const [without, setWithout] = useState<ReadonlySet<PrivatePart>>(new Set());
  if (!document) return null;
  const isPicture = kind === "png" || kind === "svg";
  const wanted: Wanted = { kind, isSelection: isPicture && isSelection && hasSelection, isEmbedded, without };
  const use = (take: (made: Made) => void | Promise<void>, says: string): void => {
    make(editor, document, wanted).then(take).then(() => {
      editor.ui.dialog.value = null;
      if (says !== "") editor.ui.tell(says);
    }).catch((error: unknown) => editor.ui.tell(t("sharing.fails", { why: reason(error) }), "error"));
  };
  return (
    <Dialog editor={editor} title={t("sharing.title")} kind="share">
      <form class="share" onSubmit={(event) => { event.preventDefault(); use(downloadBlob, ""); }}>
        <fieldset>
          <legend>{t("sharing.what")}</legend>
          {KINDS.map((each) => (
            <label key={each} class="share-option"><input type="radio" name="kind" checked={kind === each} onChange={() => setKind(each)} /><span>{t(`sharing.${each}`)}</span></label>
          ))}
        </fieldset>
        {isPicture && (
          <fieldset>
            {hasSelection && <label class="share-option"><input type="checkbox" checked={isSelection} onChange={() => setSelection(!isSelection)} /><span>{t("sharing.onlySelection")}</span></label>}
            <label class="share-option"><input type="checkbox" checked={isEmbedded} onChange={() => setEmbedded(!isEmbedded)} /><span>{t("sharing.embed")}</span></label>
          </fieldset>
        )}
        <Parts editor={editor} without={without} change={setWithout} />
        <div class="dialog-buttons">
          <button type="button" class="button quiet" onClick={() => use(copyOut, t("sharing.copied"))}>{t("sharing.copy")}</button>
          <button type="submit" class="button run">{t("sharing.download")}</button>
        </div>
      </form>
    </Dialog>
  );
}
