/** What can be done with a saved workflow, or with a folder of them? */

import * as http from "../api/http";
import * as api from "../api/library";
import * as workflows from "../api/workflows";
import type { Editor } from "../editor";
import { download } from "../interaction/files";
import { removeSaved, withoutSuffix, withSuffix } from "../interaction/saving";
import { parseJson, toJson } from "../model/exact_json";
import { newId } from "../model/ids";
import { baseOf, freeName, joined, mayMoveFolder, movedTo, nameTrouble, parentOf, titleOf } from "../model/library/folders";
import { isObject } from "../model/workflow_read";
import { t } from "../words";
import { shelf } from "./workflow_state";

const PHONE = 720;

/** Does something on the server, says what went wrong, and reads the list again. False where it failed. */
async function doing(editor: Editor, act: () => Promise<unknown>): Promise<boolean> {
  let isDone = true;
  try {
    await act();
  } catch (error) {
    isDone = false;
    editor.ui.tell(http.reason(error), "error");
  }
  await shelf.reload();
  return isDone;
}

const TROUBLES = { empty: "library.emptyName", hidden: "library.hiddenName", odd: "library.oddName" } as const;

/** Says what is wrong with a name; false where it can't be used. */
function fits(editor: Editor, name: string): boolean {
  const trouble = nameTrouble(name);
  if (trouble !== "") editor.ui.tell(t(TROUBLES[trouble]), "error");
  return trouble === "";
}

/** Tabs that show files that have other names now go on saving to them. */
function follow(editor: Editor, renamed: (file: string) => string | null): void {
  for (const document of editor.documents.peek()) {
    const to = document.savedAs === null ? null : renamed(document.savedAs);
    if (to === null) continue;
    document.savedAs = to;
    document.name.value = withoutSuffix(to);
  }
}

/** Shows it in the tab where it is open, else in a new one. */
export async function open(editor: Editor, file: string, close: () => void): Promise<void> {
  try {
    await editor.openSaved(file);
    if (innerWidth <= PHONE) close(); // the panel covers all of it there
  } catch (error) {
    editor.ui.tell(t("library.cantOpen", { name: file, why: http.reason(error) }), "error");
  }
}

async function renameFile(editor: Editor, from: string, to: string): Promise<boolean> {
  if (from === to) return true;
  return doing(editor, async () => {
    try {
      await api.moveWorkflow(from, to);
    } catch (error) {
      throw error instanceof http.HttpError && error.status === 409 ? new Error(t("library.taken", { name: withoutSuffix(to) })) : error;
    }
    follow(editor, (file) => (file === from ? to : null));
  });
}

async function renameFolder(editor: Editor, from: string, to: string): Promise<boolean> {
  if (from === to) return true;
  return doing(editor, async () => {
    await api.moveFolder(from, to);
    follow(editor, (file) => (file.startsWith(`${from}/`) ? to + file.slice(from.length) : null));
  });
}

/** Gives a workflow another name in its folder; slashes put it into folders below. */
export async function rename(editor: Editor, file: string, title: string): Promise<boolean> {
  return fits(editor, title) && renameFile(editor, file, withSuffix(joined(parentOf(file), title)));
}

export async function renameFolderTo(editor: Editor, folder: string, title: string): Promise<boolean> {
  return fits(editor, title) && renameFolder(editor, folder, joined(parentOf(folder), title));
}

export async function moveFile(editor: Editor, file: string, folder: string): Promise<void> {
  const to = movedTo(file, folder);
  if (to !== null && (await renameFile(editor, file, to))) editor.ui.tell(t("library.moved", { name: titleOf(file), folder: folder || t("library.topFolder") }));
}

export async function moveFolder(editor: Editor, folder: string, into: string): Promise<void> {
  if (mayMoveFolder(folder, into) && (await renameFolder(editor, folder, joined(into, baseOf(folder))))) editor.ui.tell(t("library.moved", { name: baseOf(folder), folder: into || t("library.topFolder") }));
}

/** Makes a folder in the shown one, whose name can be typed at once. */
export async function addFolder(editor: Editor): Promise<void> {
  const name = joined(shelf.folder.peek(), freeName(t("library.newFolderName"), shelf.folders.peek().map((row) => baseOf(row.name))));
  if (await doing(editor, () => api.makeFolder(name))) shelf.renaming.value = name;
}

/** Saves a copy beside a workflow, with an id of its own: what it makes is not what the other one made. */
export async function duplicate(editor: Editor, file: string): Promise<void> {
  await doing(editor, async () => {
    const { text } = await workflows.read(file);
    const data = parseJson(text);
    const taken = (shelf.found.peek()?.workflows ?? []).map((entry) => entry.name);
    const name = freeName(joined(parentOf(file), `${t("library.copyOf", { name: titleOf(file) })}.json`), taken);
    await workflows.save(name, isObject(data) && "id" in data ? toJson({ ...data, id: newId() }, 2) : text, "", editor.clientId);
  });
}

export async function downloadSaved(editor: Editor, file: string): Promise<void> {
  await workflows.read(file).then(({ text }) => download(baseOf(file), text), (error: unknown) => editor.ui.tell(http.reason(error), "error"));
}

export async function remove(editor: Editor, file: string, digest: string): Promise<void> {
  if (confirm(t("library.askRemove", { name: titleOf(file) }))) await doing(editor, () => removeSaved(editor, file, digest));
}

export async function removeFolder(editor: Editor, folder: string, count: number): Promise<void> {
  const name = baseOf(folder);
  if (count > 0 && !confirm(t("library.askRemoveFolder", { name, n: count }))) return;
  await doing(editor, async () => {
    const { left } = await api.removeFolder(folder);
    editor.ui.tell(left > 0 ? t("library.folderLeft", { name, n: left }) : t("library.folderGone", { name }));
  });
}

/** Offers all folders as places for a workflow or a folder. */
export function offerFolders(editor: Editor, name: string, isFolder: boolean, anchor: DOMRect): void {
  const top = t("library.topFolder");
  const folders = (shelf.found.peek()?.folders ?? []).filter((folder) => !isFolder || mayMoveFolder(name, folder));
  editor.ui.choice.value = {
    label: t("library.moveTo", { name: isFolder ? baseOf(name) : titleOf(name) }), anchor, choices: [top, ...folders], value: parentOf(name) || top,
    pick: (picked) => {
      const folder = picked === top ? "" : String(picked);
      void (isFolder ? moveFolder(editor, name, folder) : moveFile(editor, name, folder));
    },
  };
}
