/** Which workflows are open, and what can be done with the one in front? */

import type { Editor } from "../editor";
import type { Document } from "../model/document";
import { showsForm } from "../forms/shown";
import { topBarItems } from "../ext/contributions";
import { ClockIcon, CloseIcon, ExtensionIcon, FitIcon, FormIcon, GalleryIcon, HelpIcon, LibraryIcon, PlusIcon, RedoIcon, TemplateIcon, UndoIcon } from "../view/icons";
import { saveActive } from "../interaction/saving";
import { closeDocument } from "../interaction/tabs";
import { withKeys } from "../interaction/keymap";
import { shownHalf, toggleHalf } from "../library/shown";
import { RunControls } from "../running/run_controls";
import { t } from "../words";
import { AccountButton } from "./account";

function Tab({ editor, document }: { editor: Editor; document: Document }) {
  const isActive = editor.active.value === document;
  return (
    <div class={`tab${isActive ? " is-active" : ""}`}>
      <button type="button" class="tab-name" role="tab" aria-selected={isActive} onClick={() => editor.activate(document)} title={document.savedAs ?? "Not saved under a name yet; a draft is kept"}>
        {document.name.value}
        {document.isDirty && <span class="unsaved" aria-label="has changes that are not saved" />}
      </button>
      {editor.documents.value.length > 1 && (
        <button type="button" class="tab-close" aria-label={`Close ${document.name.value}`} onClick={() => void closeDocument(editor, document)}><CloseIcon /></button>
      )}
    </div>
  );
}

/** What extensions offer; not there as long as there are none. */
function ExtensionsButton({ editor }: { editor: Editor }) {
  const items = topBarItems.value;
  if (!items) return null;
  const offer = ({ right, bottom }: DOMRect): void => void (editor.ui.menu.value = { at: [Math.max(8, right - 250), bottom + 6], items: items() });
  return <button type="button" class="icon-button" aria-label="Extensions" aria-haspopup="menu" title="Extensions" onClick={({ currentTarget }) => offer(currentTarget.getBoundingClientRect())}><ExtensionIcon /></button>;
}

export function TopBar({ editor }: { editor: Editor }) {
  const document = editor.active.value;
  void document?.revision.value;
  const { ui } = editor;
  return (
    <header class="top-bar">
      <img class="logo" src="./icon.svg" alt="Weft" width="26" height="26" />
      <div class="tabs" role="tablist" aria-label="Open workflows">
        {editor.documents.value.map((entry) => <Tab key={entry.id} editor={editor} document={entry} />)}
        <button type="button" class="icon-button" aria-label="New workflow" title="New workflow" onClick={() => editor.newDocument()}><PlusIcon /></button>
      </div>
      <nav class="tools" aria-label="Workflow">
        <button type="button" class="icon-button" aria-label="Undo" title={withKeys(editor, `Undo ${document?.history.undoLabel ?? ""}`, "edit.undo")} disabled={!document?.history.canUndo} onClick={() => document?.undo()}><UndoIcon /></button>
        <button type="button" class="icon-button" aria-label="Redo" title={withKeys(editor, `Redo ${document?.history.redoLabel ?? ""}`, "edit.redo")} disabled={!document?.history.canRedo} onClick={() => document?.redo()}><RedoIcon /></button>
        <span class="divider" />
        <button type="button" class="button quiet" title={withKeys(editor, "Open", "workflow.open")} onClick={() => (ui.dialog.value = "open")}>Open</button>
        <button type="button" class="button quiet with-icon" aria-label={t("templates.title")} title={withKeys(editor, t("templates.title"), "workflow.templates")} onClick={() => (ui.dialog.value = "templates")}><TemplateIcon /><span>{t("templates.title")}</span></button>
        <button type="button" class="button quiet" title={withKeys(editor, "Save", "workflow.save")} onClick={() => void saveActive(editor)}>Save</button>
        <button type="button" class="icon-button" aria-label="Versions" title={withKeys(editor, "Versions", "workflow.versions")} onClick={() => (ui.dialog.value = "versions")}><ClockIcon /></button>
        <span class="divider" />
        <button type="button" class="icon-button" aria-label="Show everything" title={withKeys(editor, "Show everything", "view.all")} onClick={() => editor.stage.fit()}><FitIcon /></button>
        <button type="button" class={`icon-button${shownHalf.value !== null ? " is-on" : ""}`} aria-label={t("library.title")} aria-pressed={shownHalf.value !== null} title={withKeys(editor, t("library.title"), "library.workflows")} onClick={() => toggleHalf()}><LibraryIcon /></button>
        <button type="button" class={`icon-button${showsForm.value ? " is-on" : ""}`} aria-label={t("formPanel.title")} aria-pressed={showsForm.value} title={withKeys(editor, t("formPanel.open"), "view.form")} onClick={() => (showsForm.value = !showsForm.value)}><FormIcon /></button>
        <button type="button" class={`icon-button${ui.showsGallery.value ? " is-on" : ""}`} aria-label="Results" aria-pressed={ui.showsGallery.value} title={withKeys(editor, "Results", "view.results")} onClick={() => (ui.showsGallery.value = !ui.showsGallery.value)}><GalleryIcon /></button>
        <button type="button" class="icon-button" aria-label="Help" title={withKeys(editor, "Help", "view.help")} onClick={() => (ui.dialog.value = "help")}><HelpIcon /></button>
        <ExtensionsButton editor={editor} />
      </nav>
      <AccountButton editor={editor} />
      <RunControls editor={editor} />
    </header>
  );
}
