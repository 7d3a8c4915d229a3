/** Open, save under a name, help. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import * as http from "../api/http";
import type { Editor } from "../editor";
import { downloadActive, saveActive, takeFiles } from "../interaction/files";
import { COMMANDS, GESTURES, readableKeys } from "../interaction/keymap";
import { fuzzyScore } from "../model/fuzzy";
import { CloseIcon, UploadIcon } from "../view/icons";
import { AccountDialog } from "./account";
import { PacksDialog } from "./packs";

export function Dialog({ editor, title, children }: { editor: Editor; title: string; children: ComponentChildren }) {
  const root = useRef<HTMLElement>(null);
  useEffect(() => (root.current?.querySelector("input") ?? root.current)?.focus(), []);
  const close = (): void => void (editor.ui.dialog.value = null);
  return (
    <>
      <div class="veil" onPointerDown={close} />
      <section class="dialog" role="dialog" aria-modal="true" aria-label={title} tabIndex={-1} ref={root}>
        <header><h2>{title}</h2><button type="button" class="icon-button" aria-label="Close" onClick={close}><CloseIcon /></button></header>
        {children}
      </section>
    </>
  );
}

type Files = { readonly files: readonly string[] } | { readonly problem: string } | null;

function OpenDialog({ editor }: { editor: Editor }) {
  const [state, setState] = useState<Files>(null);
  const [query, setQuery] = useState("");
  useEffect(() => {
    http.listUserFiles("workflows").then(
      (files) => setState({ files: files.filter((file) => file.endsWith(".json")).sort((a, b) => a.localeCompare(b)) }),
      (error: unknown) => setState(error instanceof http.HttpError && error.status === 404 ? { files: [] } : { problem: String(error) }),
    );
  }, []);
  const close = (): void => void (editor.ui.dialog.value = null);
  const open = (file: string): void => {
    close();
    editor.openSaved(file).catch((error: unknown) => editor.ui.tell(`${file} can't be opened: ${String(error)}`, "error"));
  };
  const files = state && "files" in state ? state.files.filter((file) => fuzzyScore(query, file) > 0) : [];
  return (
    <Dialog editor={editor} title="Open a workflow">
      <input class="search-input" placeholder="Filter saved workflows…" value={query} onInput={(event) => setQuery(event.currentTarget.value)}
        onKeyDown={(event) => { if (event.key === "Enter" && files[0]) open(files[0]); }} />
      <ul class="results file-list">
        {files.map((file) => <li key={file}><button type="button" onClick={() => open(file)}>{file.replace(/\.json$/i, "")}</button></li>)}
        {state && "files" in state && files.length === 0 && <li class="nothing">{query ? "Nothing matches." : "Nothing is saved on the server yet."}</li>}
        {state && "problem" in state && <li class="nothing">{state.problem}</li>}
      </ul>
      <label class="button wide">
        <UploadIcon />From a file: JSON, or a picture with its workflow inside
        <input class="visually-hidden" type="file" accept=".json,application/json,image/png,image/webp,image/jpeg" multiple
          onChange={(event) => {
            close();
            void takeFiles(editor, [...(event.currentTarget.files ?? [])], editor.stage.canvasPoint([120, 120]));
          }} />
      </label>
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
    <Dialog editor={editor} title="Save the workflow">
      <form onSubmit={(event) => { event.preventDefault(); save(); }}>
        <input class="search-input" value={name} aria-label="Name" placeholder="Name, or folder/name" onInput={(event) => setName(event.currentTarget.value)} />
        <div class="dialog-buttons">
          <button type="button" class="button quiet" onClick={() => { editor.ui.dialog.value = null; downloadActive(editor); }}>Download instead</button>
          <button type="submit" class="button run" disabled={!clean}>Save</button>
        </div>
      </form>
    </Dialog>
  );
}

function HelpDialog({ editor }: { editor: Editor }) {
  const shown = COMMANDS.filter((command, index) => COMMANDS.findIndex((other) => other.says === command.says) === index);
  return (
    <Dialog editor={editor} title="Keyboard and mouse">
      <div class="help">
        <section><h3>Mouse</h3><dl>{GESTURES.map(([gesture, says]) => <div key={gesture}><dt>{gesture}</dt><dd>{says}</dd></div>)}</dl></section>
        {(["Run", "Workflow", "Edit", "View"] as const).map((group) => (
          <section key={group}><h3>{group}</h3>
            <dl>{shown.filter((command) => command.group === group).map((command) => <div key={command.keys}><dt>{command.says}</dt><dd><kbd>{readableKeys(command.keys).replace("ArrowLeft", "← ↑ ↓ →")}</kbd></dd></div>)}</dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

export function Dialogs({ editor }: { editor: Editor }) {
  switch (editor.ui.dialog.value) {
    case "account":
      return <AccountDialog editor={editor} />;
    case "open":
      return <OpenDialog editor={editor} />;
    case "save":
      return <SaveDialog editor={editor} />;
    case "packs":
      return <PacksDialog editor={editor} />;
    case "help":
      return <HelpDialog editor={editor} />;
    default:
      return null;
  }
}
