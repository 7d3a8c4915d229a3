/** Which workflows are open, and what can be done with the one in front? */

import type { Editor } from "../editor";
import type { Document } from "../model/document";
import { showsForm } from "../forms/shown";
import { topBarItems } from "../ext/contributions";
import { ClockIcon, CloseIcon, ExtensionIcon, FitIcon, FormIcon, GalleryIcon, HelpIcon, LibraryIcon, MenuIcon, PlusIcon, RedoIcon, TemplateIcon, UndoIcon } from "../view/icons";
import { saveActive } from "../interaction/saving";
import { closeDocument, turnTabs } from "../interaction/tabs";
import { withKeys } from "../interaction/keymap";
import { shownHalf, toggleHalf } from "../library/shown";
import { RunControls } from "../running/run_controls";
import { named, t } from "../words";
import { AccountButton } from "./account";

function Tab({ editor, document }: { editor: Editor; document: Document }) {
  const isActive = editor.active.value === document;
  return (
    <div class={`tab${isActive ? " is-active" : ""}`}>
      <button type="button" class="tab-name" role="tab" id={`tab-${document.id}`} aria-selected={isActive} onClick={() => editor.activate(document)} title={document.savedAs ?? t("bar.notSavedYet")}>
        {document.name.value}
        {document.isDirty && <span class="unsaved" aria-label={t("bar.unsaved")} />}
      </button>
      {editor.documents.value.length > 1 && (
        <button type="button" class="tab-close" aria-label={t("bar.close", { name: document.name.value })} onClick={() => void closeDocument(editor, document)}><CloseIcon /></button>
      )}
    </div>
  );
}

/** What extensions offer; not there as long as there are none. */
function ExtensionsButton({ editor }: { editor: Editor }) {
  const items = topBarItems.value;
  if (!items) return null;
  const offer = ({ right, bottom }: DOMRect): void => void (editor.ui.menu.value = { at: [Math.max(8, right - 250), bottom + 6], items: items() });
  return <button type="button" class="icon-button" aria-label={t("extensions.title")} aria-haspopup="menu" title={t("extensions.title")} onClick={({ currentTarget }) => offer(currentTarget.getBoundingClientRect())}><ExtensionIcon /></button>;
}

/** Arrows go from tab to tab, Delete closes the one in front. */
function walkTabs(editor: Editor, event: KeyboardEvent): void {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!(event.target as Element).matches('[role="tab"]') || (by === undefined && event.key !== "Delete")) return;
  event.preventDefault();
  event.stopPropagation();
  if (by !== undefined) turnTabs(editor, by);
  else void closeDocument(editor, editor.active.peek()!);
  requestAnimationFrame(() => document.getElementById(`tab-${editor.active.peek()!.id}`)?.focus());
}

const MORE = ["palette.open", "settings.open", "view.outline", "view.map", "view.packs", "extensions.manage", "view.help"];
/** What has buttons of its own where there is room for them. */
const MORE_ON_PHONES = ["edit.add", "edit.redo", null, "workflow.new", "workflow.open", "workflow.templates", "workflow.save", "workflow.versions", "library.workflows", "view.results", "view.all", "run.keep", null, ...MORE];

function offerMore(editor: Editor, { left, right, bottom }: DOMRect): void {
  const isPhone = matchMedia("(max-width: 720px)").matches;
  const items = (isPhone ? MORE_ON_PHONES : MORE).filter((id) => id === null || editor.commands.find(id) !== undefined);
  editor.ui.menu.value = { at: [isPhone ? left : Math.max(8, right - 250), bottom + 6], items: items.map((id) => (id === null ? null : editor.commands.item(id))) };
}

const MoreButton = ({ editor, isPhone }: { editor: Editor; isPhone: boolean }) => (
  <button type="button" class={`icon-button ${isPhone ? "only-phone" : "not-phone"}`} aria-label={t("bar.more")} aria-haspopup="menu" title={t("bar.moreHint")} onClick={({ currentTarget }) => offerMore(editor, currentTarget.getBoundingClientRect())}>
    <MenuIcon />
  </button>
);

export function TopBar({ editor }: { editor: Editor }) {
  const document = editor.active.value;
  void document?.revision.value;
  const { ui } = editor;
  return (
    <header class="top-bar">
      <MoreButton editor={editor} isPhone />
      <img class="logo" src="./icon.svg" alt="Weft" width="26" height="26" />
      <div class="tabs" onKeyDown={(event) => walkTabs(editor, event)}>
        <span role="tablist" aria-label={t("bar.workflows")} aria-owns={editor.documents.value.map((entry) => `tab-${entry.id}`).join(" ")} />
        {editor.documents.value.map((entry) => <Tab key={entry.id} editor={editor} document={entry} />)}
        <button type="button" class="icon-button" aria-label={t("bar.newWorkflow")} title={t("bar.newWorkflow")} onClick={() => editor.newDocument()}><PlusIcon /></button>
      </div>
      <nav class="tools" aria-label={t("bar.workflow")}>
        <button type="button" class="icon-button" aria-label={t("bar.undo")} title={withKeys(editor, document?.history.canUndo ? t("bar.undoStep", { step: named("steps", document.history.undoLabel) }) : t("bar.undo"), "edit.undo")} disabled={!document?.history.canUndo} onClick={() => document?.undo()}><UndoIcon /></button>
        <button type="button" class="icon-button not-phone" aria-label={t("bar.redo")} title={withKeys(editor, document?.history.canRedo ? t("bar.redoStep", { step: named("steps", document.history.redoLabel) }) : t("bar.redo"), "edit.redo")} disabled={!document?.history.canRedo} onClick={() => document?.redo()}><RedoIcon /></button>
        <span class="divider" />
        <button type="button" class="button quiet not-phone" title={withKeys(editor, t("bar.open"), "workflow.open")} onClick={() => (ui.dialog.value = "open")}>{t("bar.open")}</button>
        <button type="button" class="button quiet with-icon not-phone" aria-label={t("templates.title")} title={withKeys(editor, t("templates.title"), "workflow.templates")} onClick={() => (ui.dialog.value = "templates")}><TemplateIcon /><span>{t("templates.title")}</span></button>
        <button type="button" class="button quiet not-phone" title={withKeys(editor, t("bar.save"), "workflow.save")} onClick={() => void saveActive(editor)}>{t("bar.save")}</button>
        <button type="button" class="icon-button not-phone" aria-label={t("bar.versions")} title={withKeys(editor, t("bar.versions"), "workflow.versions")} onClick={() => (ui.dialog.value = "versions")}><ClockIcon /></button>
        <span class="divider" />
        <button type="button" class="icon-button not-phone" aria-label={t("bar.showAll")} title={withKeys(editor, t("bar.showAll"), "view.all")} onClick={() => editor.stage.fit()}><FitIcon /></button>
        <button type="button" class={`icon-button not-phone${shownHalf.value !== null ? " is-on" : ""}`} aria-label={t("library.title")} aria-pressed={shownHalf.value !== null} title={withKeys(editor, t("library.title"), "library.workflows")} onClick={() => toggleHalf()}><LibraryIcon /></button>
        <button type="button" class={`icon-button not-phone${showsForm.value ? " is-on" : ""}`} aria-label={t("formPanel.title")} aria-pressed={showsForm.value} title={withKeys(editor, t("formPanel.open"), "view.form")} onClick={() => (showsForm.value = !showsForm.value)}><FormIcon /></button>
        <button type="button" class={`icon-button not-phone${ui.showsGallery.value ? " is-on" : ""}`} aria-label={t("bar.results")} aria-pressed={ui.showsGallery.value} title={withKeys(editor, t("bar.results"), "view.results")} onClick={() => (ui.showsGallery.value = !ui.showsGallery.value)}><GalleryIcon /></button>
        <button type="button" class="icon-button not-phone" aria-label={t("bar.help")} title={withKeys(editor, t("bar.help"), "view.help")} onClick={() => (ui.dialog.value = "help")}><HelpIcon /></button>
        <ExtensionsButton editor={editor} />
        <MoreButton editor={editor} isPhone={false} />
      </nav>
      <AccountButton editor={editor} />
      <RunControls editor={editor} />
    </header>
  );
}
