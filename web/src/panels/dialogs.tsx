/** Open, save under a name, help. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren, ComponentType } from "preact";
import * as http from "../api/http";
import * as workflows from "../api/workflows";
import { GROUPS } from "../commands/registry";
import { heading, said } from "../commands/words";
import type { Editor } from "../editor";
import { downloadActive, takeFiles } from "../interaction/files";
import { removeSaved, saveActive, withoutSuffix } from "../interaction/saving";
import { GESTURES, readableKeys } from "../interaction/keymap";
import { fuzzyScore } from "../model/fuzzy";
import { ago, exactly } from "../words/format";
import { typeLabel } from "../model/sockets";
import { KNOWN_TYPES, socketShape } from "../view/socket_shapes";
import { typeColor } from "../view/theme";
import { CloseIcon, TemplateIcon, TrashIcon, UploadIcon } from "../view/icons";
import { t } from "../words";
import { AccountDialog } from "./account";
import { useLater } from "./gallery";
import { ConflictDialog } from "./conflict";
import { PacksDialog } from "./packs";
import { RecoveredDialog, TrashDialog } from "./trash";
import { VersionsDialog } from "./versions";

/** The keyboard goes to the first field, or, where `focuses` says so, to the dialog as a whole. `kind` is for its style. */
export function Dialog({ editor, title, focuses = "field", kind = "", children }: { editor: Editor; title: string; focuses?: "field" | "dialog"; kind?: string; children: ComponentChildren }) {
  const root = useRef<HTMLElement>(null);
  useEffect(() => ((focuses === "field" ? root.current?.querySelector("input") : null) ?? root.current)?.focus(), []);
  const close = (): void => void (editor.ui.dialog.value = null);
  return (
    <>
      <div class="veil" onPointerDown={close} />
      <section class={`dialog${kind && ` is-${kind}`}`} role="dialog" aria-modal="true" aria-label={title} tabIndex={-1} ref={root}>
        <header><h2>{title}</h2><button type="button" class="icon-button" aria-label={t("common.close")} onClick={close}><CloseIcon /></button></header>
        {children}
      </section>
    </>
  );
}

function SavedRow({ editor, info, reload }: { editor: Editor; info: workflows.WorkflowInfo; reload: () => void }) {
  const name = withoutSuffix(info.name);
  const remove = (): void => {
    if (confirm(t("workflows.confirmTrash", { name }))) void removeSaved(editor, info.name, info.digest).then(reload);
  };
  return (
    <li>
      <button type="button" class="row-name" aria-label={name} onClick={() => openSaved(editor, info.name)}>{name}<span class="muted" title={exactly(info.modified_ms)}>{ago(info.modified_ms, Date.now())}{info.versions > 1 && ` · ${t("workflows.versionCount", { n: info.versions })}`}</span></button>
      <button type="button" class="icon-button" aria-label={t("workflows.deleteNamed", { name })} title={t("workflows.toTrash")} onClick={remove}><TrashIcon /></button>
    </li>
  );
}

function openSaved(editor: Editor, file: string): void {
  editor.ui.dialog.value = null;
  editor.openSaved(file).catch((error: unknown) => editor.ui.tell(t("workflows.opensNot", { name: file, why: http.reason(error) }), "error"));
}

function OpenDialog({ editor }: { editor: Editor }) {
  const [state, setState] = useState<readonly workflows.WorkflowInfo[] | string | null>(null);
  const [query, setQuery] = useState("");
  const reload = (): void => void workflows.list().then((found) => setState(found.workflows), (error: unknown) => setState(http.reason(error)));
  useEffect(reload, []);
  const close = (): void => void (editor.ui.dialog.value = null);
  const files = Array.isArray(state) ? (state as readonly workflows.WorkflowInfo[]).filter((info) => fuzzyScore(query, info.name) > 0) : [];
  return (
    <Dialog editor={editor} title={t("workflows.openOne")}>
      <input class="search-input" placeholder={t("workflows.filterSaved")} value={query} onInput={(event) => setQuery(event.currentTarget.value)}
        onKeyDown={(event) => { if (event.key === "Enter" && files[0]) openSaved(editor, files[0].name); }} />
      <ul class="rows">
        {files.map((info) => <SavedRow key={info.name} editor={editor} info={info} reload={reload} />)}
        {Array.isArray(state) && files.length === 0 && <li class="nothing">{query ? t("workflows.noMatch") : t("workflows.nothingSaved")}</li>}
        {typeof state === "string" && <li class="nothing">{state}</li>}
      </ul>
      <div class="open-more">
        <label class="button wide">
          <UploadIcon />{t("workflows.fromFile")}
          <input class="visually-hidden" type="file" accept=".json,application/json,image/png,image/webp,image/jpeg,image/svg+xml" multiple
            onChange={(event) => {
              close();
              void takeFiles(editor, [...(event.currentTarget.files ?? [])], editor.stage.canvasPoint([120, 120]));
            }} />
        </label>
        <button type="button" class="button" onClick={() => (editor.ui.dialog.value = "templates")}><TemplateIcon />{t("templates.title")}</button>
        <button type="button" class="button" onClick={() => (editor.ui.dialog.value = "trash")}><TrashIcon />{t("workflows.trash")}</button>
      </div>
    </Dialog>
  );
}

function SaveDialog({ editor }: { editor: Editor }) {
  const [name, setName] = useState(editor.active.value?.name.value ?? "");
  const clean = name.trim();
  const save = (): void => {
    if (!clean) return;
    editor.ui.dialog.value = null;
    void saveActive(editor, clean);
  };
  return (
    <Dialog editor={editor} title={t("workflows.saveOne")}>
      <form onSubmit={(event) => { event.preventDefault(); save(); }}>
        <input class="search-input" value={name} aria-label={t("common.name")} placeholder={t("workflows.nameHint")} onInput={(event) => setName(event.currentTarget.value)} />
        <div class="dialog-buttons">
          <button type="button" class="button quiet" onClick={() => { editor.ui.dialog.value = null; downloadActive(editor); }}>{t("workflows.downloadNow")}</button>
          <button type="submit" class="button run" disabled={!clean}>{t("common.save")}</button>
        </div>
      </form>
    </Dialog>
  );
}

/** Which shape and colour the sockets of a type have, for the types that the server's nodes have. */
function SocketLegend({ editor }: { editor: Editor }) {
  const present = new Set([...editor.definitions.values()].flatMap((definition) => [...definition.inputs, ...definition.outputs].map((socket) => socket.type)));
  return (
    <section class="help-sockets"><h3>{t("help.sockets")}</h3>
      <ul class="socket-legend">
        {[...KNOWN_TYPES.filter((type) => present.has(type)), "*"].map((type) => (
          <li key={type}><span class="socket-sample" aria-hidden="true" style={{ background: typeColor(type, editor.stage.theme), clipPath: `var(--shape-${socketShape(type)})` }} />{typeLabel(type).replaceAll("_", " ")}</li>
        ))}
      </ul>
    </section>
  );
}

function HelpDialog({ editor }: { editor: Editor }) {
  const { commands } = editor;
  const shown = commands.all.value.filter((command) => commands.keysOf(command.id).length > 0);
  const groups = [...new Set([...GROUPS, ...shown.map((command) => said(command.group))])].filter((group) => shown.some((command) => said(command.group) === group));
  return (
    <Dialog editor={editor} title={t("help.title")}>
      <SocketLegend editor={editor} />
      <div class="help">
        <section><h3>{t("help.mouse")}</h3><dl>{GESTURES.map(([gesture, says]) => <div key={gesture()}><dt>{gesture()}</dt><dd>{says()}</dd></div>)}</dl></section>
        {groups.map((group) => (
          <section key={group}><h3>{heading(group)}</h3>
            <dl>{shown.filter((command) => said(command.group) === group).map((command) => (
              <div key={command.id}><dt>{said(command.label)}</dt><dd>{commands.keysOf(command.id).map((keys) => <kbd key={keys}>{readableKeys(keys)}</kbd>)}</dd></div>
            ))}</dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

type Load = () => Promise<ComponentType<{ editor: Editor }>>;

/** Dialogs whose code is fetched when they are opened. */
const LATER: Readonly<Record<"palette" | "settings" | "share" | "templates", Load>> = {
  palette: async () => (await import("../commands/palette")).Palette,
  settings: async () => (await import("../settings/settings_dialog")).SettingsDialog,
  share: async () => (await import("../sharing/share_dialog")).ShareDialog,
  templates: async () => (await import("../templates/dialog")).TemplatesDialog,
};

function LaterDialog({ editor, load }: { editor: Editor; load: Load }) {
  const Shown = useLater(editor, true, load);
  return Shown && <Shown editor={editor} />;
}

export function Dialogs({ editor }: { editor: Editor }) {
  switch (editor.ui.dialog.value) {
    case "account":
      return <AccountDialog editor={editor} />;
    case "open":
      return <OpenDialog editor={editor} />;
    case "save":
      return <SaveDialog editor={editor} />;
    case "conflict":
      return <ConflictDialog editor={editor} />;
    case "versions":
      return <VersionsDialog editor={editor} />;
    case "trash":
      return <TrashDialog editor={editor} />;
    case "recovered":
      return <RecoveredDialog editor={editor} />;
    case "packs":
      return <PacksDialog editor={editor} />;
    case "palette":
    case "settings":
    case "share":
    case "templates":
      return <LaterDialog key={editor.ui.dialog.value} editor={editor} load={LATER[editor.ui.dialog.value]} />;
    case "help":
      return <HelpDialog editor={editor} />;
    default:
      return null;
  }
}
