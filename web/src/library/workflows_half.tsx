/** The saved workflows of the user, in folders; each with the picture that it made last, or drawn. */

import { effect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { CSSProperties } from "preact";
import type { LibraryEntry } from "../api/library";
import type { Editor } from "../editor";
import { baseOf, parentOf, pathOf, SORTS, titleOf, type FolderRow, type Sort } from "../model/library/folders";
import type { Sizes } from "../model/library/layout";
import type { MenuItem } from "../panels/ui_state";
import { FolderIcon, FolderPlusIcon, MoreIcon, SearchIcon, TrashIcon } from "../view/icons";
import { t } from "../words";
import { ago, exactly } from "../words/format";
import { Grid } from "./grid";
import { NameField } from "./name_field";
import { FOLDER_TYPE, shownHalf, WORKFLOW_TYPE } from "./shown";
import { sketchOf, SKETCH_HEIGHT, SKETCH_WIDTH } from "./sketch";
import * as actions from "./workflow_actions";
import { shelf } from "./workflow_state";

const SEARCH_AFTER_MS = 250;
const SIZES: Sizes = { rowHeight: 38, smallestTile: 150, tileHeight: (width) => Math.round((width - 8) * 0.75) + 54 };
const SORT_LABELS: Record<Sort, "library.byName" | "library.byNewest" | "library.byLargest"> = { name: "library.byName", newest: "library.byNewest", largest: "library.byLargest" };

const close = (): void => void (shownHalf.value = null);

function showMenu(editor: Editor, event: MouseEvent, items: readonly (MenuItem | null)[]): void {
  event.preventDefault();
  event.stopPropagation();
  const box = (event.currentTarget as Element).getBoundingClientRect();
  const isByKey = event.clientX === 0 && event.clientY === 0;
  editor.ui.menu.value = { at: isByKey || event.type === "click" ? [box.left + 8, box.bottom - 4] : [event.clientX, event.clientY], items };
}

function fileMenu(editor: Editor, { name, digest }: LibraryEntry, anchor: Element): (MenuItem | null)[] {
  return [
    { label: t("library.open"), act: () => void actions.open(editor, name, close) },
    null,
    { label: t("library.rename"), keys: "F2", act: () => (shelf.renaming.value = name) },
    { label: t("library.move"), act: () => actions.offerFolders(editor, name, false, anchor.getBoundingClientRect()) },
    { label: t("library.duplicate"), act: () => void actions.duplicate(editor, name) },
    { label: t("library.download"), act: () => void actions.downloadSaved(editor, name) },
    null,
    { label: t("library.remove"), keys: "Delete", act: () => void actions.remove(editor, name, digest) },
  ];
}

function folderMenu(editor: Editor, { name, count }: FolderRow, anchor: Element): (MenuItem | null)[] {
  return [
    { label: t("library.open"), act: () => (shelf.folder.value = name) },
    { label: t("library.rename"), keys: "F2", act: () => (shelf.renaming.value = name) },
    { label: t("library.move"), act: () => actions.offerFolders(editor, name, true, anchor.getBoundingClientRect()) },
    { label: t("library.removeFolder"), keys: "Delete", act: () => void actions.removeFolder(editor, name, count) },
  ];
}

/** What takes dropped workflows and folders. */
function useDrop(editor: Editor, folder: string) {
  const [isOver, setOver] = useState(false);
  const takes = (event: DragEvent): boolean => event.dataTransfer?.types.some((type) => type === WORKFLOW_TYPE || type === FOLDER_TYPE) ?? false;
  return {
    isOver,
    onDragOver: (event: DragEvent) => { if (takes(event)) { event.preventDefault(); setOver(true); } },
    onDragLeave: () => setOver(false),
    onDrop: (event: DragEvent) => {
      setOver(false);
      if (!takes(event)) return;
      event.preventDefault();
      event.stopPropagation();
      const file = event.dataTransfer!.getData(WORKFLOW_TYPE);
      const moved = event.dataTransfer!.getData(FOLDER_TYPE);
      if (file) void actions.moveFile(editor, file, folder);
      else if (moved) void actions.moveFolder(editor, moved, folder);
    },
  };
}

function Sketch({ editor, entry }: { editor: Editor; entry: LibraryEntry }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let isWanted = true;
    void sketchOf(editor, entry.name, entry.digest, () => isWanted).then((bitmap) => {
      if (isWanted && bitmap) canvas.current?.getContext("2d")?.drawImage(bitmap, 0, 0);
    });
    return () => void (isWanted = false);
  }, [entry.digest]);
  return <canvas ref={canvas} width={SKETCH_WIDTH} height={SKETCH_HEIGHT} aria-hidden="true" />;
}

function Face({ editor, entry }: { editor: Editor; entry: LibraryEntry }) {
  const [broken, setBroken] = useState("");
  useEffect(() => shelf.wantPicture(entry.id), [entry.id]);
  const address = shelf.pictures.value.get(entry.id);
  const isAsked = entry.id !== "" && address === undefined;
  if (address && broken !== address) return <img src={address} alt="" draggable={false} decoding="async" onError={() => setBroken(address)} />;
  return isAsked ? null : <Sketch key={entry.digest} editor={editor} entry={entry} />;
}

interface CellProps {
  readonly editor: Editor;
  readonly index: number;
  readonly style: CSSProperties;
  readonly tabIndex: 0 | -1;
}

function FileTile({ editor, entry, index, style, tabIndex }: CellProps & { entry: LibraryEntry }) {
  const title = titleOf(entry.name);
  const isOpen = editor.documents.value.some((document) => document.savedAs === entry.name);
  const where = shelf.isSearching.value ? parentOf(entry.name) : "";
  const meta = [where, t("library.nodes", { n: entry.nodes }), ago(entry.modified_ms, Date.now())].filter(Boolean).join(" · ");
  return (
    <div class="library-tile" style={style} draggable onDragStart={(event) => event.dataTransfer?.setData(WORKFLOW_TYPE, entry.name)}
      onContextMenu={(event) => showMenu(editor, event, fileMenu(editor, entry, event.currentTarget))}>
      <button type="button" class="library-face" data-index={index} tabIndex={tabIndex} title={`${entry.name}\n${exactly(entry.modified_ms)}`} aria-label={`${title}, ${meta}${isOpen ? `, ${t("library.isOpen")}` : ""}`}
        onClick={() => void actions.open(editor, entry.name, close)}>
        <span class="library-picture"><Face editor={editor} entry={entry} />{isOpen && <span class="badge" aria-hidden="true">{t("library.isOpen")}</span>}</span>
        <span class="library-name">{title}</span>
        <span class="library-meta">{meta}</span>
      </button>
      <button type="button" class="icon-button library-more" tabIndex={tabIndex} aria-label={t("library.more", { name: title })} onClick={(event) => showMenu(editor, event, fileMenu(editor, entry, event.currentTarget))}><MoreIcon /></button>
      {shelf.renaming.value === entry.name && (
        <NameField label={t("library.newName", { name: title })} value={title} done={(name) => { shelf.renaming.value = null; if (name !== null) void actions.rename(editor, entry.name, name); }} />
      )}
    </div>
  );
}

function FolderCell({ editor, row, index, style, tabIndex }: CellProps & { row: FolderRow }) {
  const title = baseOf(row.name);
  const { isOver, ...drop } = useDrop(editor, row.name);
  return (
    <div class={`library-folder${isOver ? " is-over" : ""}`} style={style} draggable onDragStart={(event) => event.dataTransfer?.setData(FOLDER_TYPE, row.name)} {...drop}
      onContextMenu={(event) => showMenu(editor, event, folderMenu(editor, row, event.currentTarget))}>
      <button type="button" class="library-face" data-index={index} tabIndex={tabIndex} aria-label={t("library.folder", { name: title, n: row.count })} onClick={() => (shelf.folder.value = row.name)}>
        <FolderIcon /><span class="library-name">{title}</span><span class="library-meta">{row.count}</span>
      </button>
      <button type="button" class="icon-button library-more" tabIndex={tabIndex} aria-label={t("library.more", { name: title })} onClick={(event) => showMenu(editor, event, folderMenu(editor, row, event.currentTarget))}><MoreIcon /></button>
      {shelf.renaming.value === row.name && (
        <NameField label={t("library.newName", { name: title })} value={title} done={(name) => { shelf.renaming.value = null; if (name !== null) void actions.renameFolderTo(editor, row.name, name); }} />
      )}
    </div>
  );
}

function Crumb({ editor, folder, isHere }: { editor: Editor; folder: string; isHere: boolean }) {
  const { isOver, ...drop } = useDrop(editor, folder);
  const name = folder === "" ? t("library.allFolders") : baseOf(folder);
  return <button type="button" class={isOver ? "is-over" : ""} aria-current={isHere ? "true" : undefined} {...drop} onClick={() => (shelf.folder.value = folder)}>{name}</button>;
}

function Tools({ editor }: { editor: Editor }) {
  const [text, setText] = useState(shelf.search.value);
  useEffect(() => {
    if (text === shelf.search.peek()) return undefined;
    const later = setTimeout(() => {
      shelf.search.value = text;
      void shelf.reload();
    }, SEARCH_AFTER_MS);
    return () => clearTimeout(later);
  }, [text]);
  const folder = shelf.folder.value;
  return (
    <>
      <div class="library-tools">
        <label class="library-find"><SearchIcon />
          <input type="search" aria-label={t("library.search")} placeholder={t("library.searchHint")} maxLength={300} value={text} onInput={({ currentTarget }) => setText(currentTarget.value)}
            onKeyDown={(event) => { if (event.key === "Escape" && text) { setText(""); event.stopPropagation(); } }} />
        </label>
        <select aria-label={t("library.sort")} value={shelf.sort.value} onChange={({ currentTarget }) => shelf.sortBy(currentTarget.value as Sort)}>
          {SORTS.map((sort) => <option key={sort} value={sort}>{t(SORT_LABELS[sort])}</option>)}
        </select>
      </div>
      <div class="library-place">
        {shelf.isSearching.value ? <p class="muted" role="status">{t("library.found", { n: shelf.files.value.length })}</p> : (
          <nav class="library-crumbs" aria-label={t("library.allFolders")}>
            {["", ...pathOf(folder)].map((entry) => <Crumb key={entry} editor={editor} folder={entry} isHere={entry === folder} />)}
          </nav>
        )}
        <span class="spacer" />
        <button type="button" class="icon-button" aria-label={t("library.newFolder")} title={t("library.newFolder")} disabled={shelf.isSearching.value} onClick={() => void actions.addFolder(editor)}><FolderPlusIcon /></button>
        <button type="button" class="icon-button" aria-label={t("library.trash")} title={t("library.trash")} onClick={() => (editor.ui.dialog.value = "trash")}><TrashIcon /></button>
      </div>
    </>
  );
}

function Nothing() {
  if (shelf.isSearching.value) return <p class="nothing">{t("library.nothingFound")}</p>;
  const folder = shelf.folder.value;
  return <p class="nothing">{folder === "" ? t("library.nothingSaved") : t("library.nothingHere", { folder })}</p>;
}

/** Reads again whenever a workflow was saved or a dialog was closed, and asks for new pictures when a run ended. */
function useFreshness(editor: Editor): void {
  useEffect(() => effect(() => {
    for (const document of editor.documents.value) void [document.savedRevision.value, document.name.value];
    if (editor.ui.dialog.value === null) void shelf.reload();
  }), []);
  useEffect(() => effect(() => {
    if (editor.endedJobs.value > 0) shelf.refreshPictures();
  }), []);
}

export function WorkflowsHalf({ editor }: { editor: Editor }) {
  useFreshness(editor);
  const folders = shelf.folders.value;
  const files = shelf.files.value;
  const onKey = (index: number, event: KeyboardEvent): boolean => {
    const row = folders[index];
    const entry = files[index - folders.length];
    if (event.key === "Backspace" && shelf.folder.value !== "") shelf.folder.value = parentOf(shelf.folder.value);
    else if (event.key === "F2") shelf.renaming.value = row?.name ?? entry?.name ?? null;
    else if (event.key === "Delete" && row) void actions.removeFolder(editor, row.name, row.count);
    else if (event.key === "Delete" && entry) void actions.remove(editor, entry.name, entry.digest);
    else return false;
    return true;
  };
  return (
    <>
      <Tools editor={editor} />
      {shelf.problem.value && <p class="nothing" role="alert">{shelf.problem.value}</p>}
      {shelf.found.value && folders.length + files.length === 0 && <Nothing />}
      <Grid label={t("library.list")} of={shelf.listId.value} rows={folders.length} tiles={files.length} sizes={SIZES} onKey={onKey}
        cell={(index, style, tabIndex) => {
          const row = folders[index];
          const entry = files[index - folders.length];
          if (row) return <FolderCell key={`folder ${row.name}`} editor={editor} row={row} index={index} style={style} tabIndex={tabIndex} />;
          return entry && <FileTile key={entry.name} editor={editor} entry={entry} index={index} style={style} tabIndex={tabIndex} />;
        }} />
    </>
  );
}
