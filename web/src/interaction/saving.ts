/** How does work reach the server's files without ever overwriting what was not seen? */

import { reason } from "../api/http";
import { library } from "../api/library";
import * as workflows from "../api/workflows";
import type { Editor } from "../editor";
import type { Document } from "../model/document";
import { parseJson } from "../model/exact_json";
import { newId } from "../model/ids";
import { openData } from "../opening";
import type { RefusedSave } from "../panels/ui_state";
import { t } from "../words";
import { download, fileText } from "./files";

export const withoutSuffix = (file: string): string => file.replace(/\.json$/i, "");
export const withSuffix = (name: string): string => `${withoutSuffix(name.trim())}.json`;

/** A file of its own gets an id of its own, so that what it makes is told apart from what the one makes that it came from. */
async function giveOwnId({ root, savedAs }: Document): Promise<void> {
  const { id } = root.raw;
  const isOthers = async (): Promise<boolean> => (await library().catch(() => null))?.workflows.some((entry) => entry.id === id) ?? false;
  if (typeof id !== "string" || id === "" || savedAs !== null || (await isOthers())) root.raw.id = newId();
}

/** Saves over the content of digest `base`; "" for a file that must be new. Where something else is there, a dialog shows both. */
async function saveAs(editor: Editor, document: Document, file: string, base: string): Promise<boolean> {
  if (file !== document.savedAs) await giveOwnId(document);
  const revision = document.revision.peek();
  const text = fileText(document);
  try {
    const saved = await workflows.save(file, text, base, editor.clientId);
    document.savedAs = saved.name;
    document.savedDigest = saved.digest;
    document.name.value = withoutSuffix(saved.name);
    document.savedRevision.value = revision;
    editor.ui.tell(saved.notice === "" ? t("workflows.savedAs", { name: saved.name }) : t("workflows.savedAsBut", { name: saved.name, notice: saved.notice }), saved.notice === "" ? "info" : "error");
    return true;
  } catch (error) {
    if (error instanceof workflows.Conflict) showConflict(editor, { document, file, conflict: error });
    else {
      editor.ui.tell(t("workflows.downloadInstead", { why: reason(error) }), "error");
      download(`${document.name.peek()}.json`, text);
    }
    return false;
  }
}

function showConflict(editor: Editor, refused: RefusedSave): void {
  editor.ui.conflict.value = refused;
  editor.ui.dialog.value = "conflict";
}

/** Saves that are under way: the next one begins with what they left. */
const underWay = new WeakMap<Document, Promise<unknown>>();

/** Saves on the server under its name, or asks for one; where the server can't keep it, offers a download. */
export async function saveActive(editor: Editor, name?: string): Promise<void> {
  const active = editor.active.value;
  if (!active) return;
  if (!name && !active.savedAs) {
    editor.ui.dialog.value = "save";
    return;
  }
  const file = name ? withSuffix(name) : active.savedAs!;
  const save = async (): Promise<boolean> => saveAs(editor, active, file, file === active.savedAs ? active.savedDigest ?? "" : "");
  const saving = (underWay.get(active) ?? Promise.resolve()).then(save);
  underWay.set(active, saving);
  await saving;
}

/** Shows another content in the place of a document; false (and a message) where it can't be read. */
function replace(editor: Editor, document: Document, text: string, file: string, digest: string): boolean {
  let data: unknown;
  try {
    data = parseJson(text);
    openData(data, editor.definitions);
  } catch (error) {
    editor.ui.tell(t("workflows.opensNot", { name: file, why: reason(error) }), "error");
    return false;
  }
  const index = editor.documents.peek().indexOf(document);
  const opened = editor.open(data, withoutSuffix(file), { savedAs: file, savedDigest: digest });
  if (!opened) return false;
  const others = editor.documents.peek().filter((other) => other !== opened);
  editor.documents.value = [...others.slice(0, index), opened, ...others.slice(index)];
  void editor.close(document);
  return true;
}

/** Mine becomes the present version; theirs stays the one before it. */
export const keepMine = (editor: Editor, { document, file, conflict }: RefusedSave): Promise<boolean> => saveAs(editor, document, file, conflict.current?.digest ?? "");

/** Whether the save was to replace the file that the work began with, and not just another one of that name. */
export const isSameFile = ({ document, file }: RefusedSave): boolean => file === document.savedAs;

/** Theirs is shown in place of mine, which becomes a version before it, so that neither is lost. Another file opens in a tab of its own. */
export async function takeTheirs(editor: Editor, refused: RefusedSave): Promise<boolean> {
  const { document, file, conflict: { current } } = refused;
  if (!current) return false;
  try {
    if (!isSameFile(refused)) {
      await editor.openSaved(file);
      return true;
    }
    const mine = await workflows.save(file, fileText(document), current.digest, editor.clientId);
    if (current.version === null) throw new Error(t("workflows.theirsNotKept"));
    const { digest } = await workflows.restore(file, current.version, mine.digest, editor.clientId);
    return replace(editor, document, current.text, file, digest);
  } catch (error) {
    if (error instanceof workflows.Conflict) showConflict(editor, { document, file, conflict: error });
    else editor.ui.tell(t("workflows.theirsNotTaken", { why: reason(error) }), "error");
    return false;
  }
}

export const saveUnder = (editor: Editor, { document }: RefusedSave, name: string): Promise<boolean> => saveAs(editor, document, withSuffix(name), "");

/** Makes a version the present one and shows it. What was not saved yet becomes a version first. */
export async function restoreVersion(editor: Editor, document: Document, version: number): Promise<boolean> {
  const file = document.savedAs;
  if (file === null || (document.revision.peek() !== document.savedRevision.peek() && !(await saveAs(editor, document, file, document.savedDigest ?? "")))) return false;
  try {
    const text = await workflows.readVersion(file, version);
    const saved = await workflows.restore(file, version, document.savedDigest ?? "", editor.clientId);
    if (!replace(editor, document, text, file, saved.digest)) return false;
    editor.ui.tell(t("workflows.versionBack", { version }));
    return true;
  } catch (error) {
    if (error instanceof workflows.Conflict) showConflict(editor, { document, file, conflict: error });
    else editor.ui.tell(t("workflows.versionNotBack", { version, why: reason(error) }), "error");
    return false;
  }
}

/** Moves a saved workflow to the trash. Tabs that show it keep what they have. */
export async function removeSaved(editor: Editor, file: string, digest: string): Promise<boolean> {
  try {
    await workflows.remove(file, digest);
    editor.ui.tell(t("workflows.inTrash", { name: withoutSuffix(file) }));
    return true;
  } catch (error) {
    editor.ui.tell(reason(error), "error");
    return false;
  }
}

const told = new Set<string>();

/** Says once that someone else has saved the workflow in front; what has no changes of its own can be shown at once. */
export async function noticeSaves(editor: Editor): Promise<void> {
  const document = editor.active.peek();
  const file = document?.savedAs;
  if (!document || !file || document.savedDigest === null) return;
  await underWay.get(document);
  const digest = await workflows.digestOf(file).catch(() => null); // gone, or no connection: the next save says so
  if (digest === null || digest === document.savedDigest || told.has(digest)) return;
  told.add(digest);
  const isDirty = document.revision.peek() !== document.savedRevision.peek();
  const show = async (): Promise<void> => {
    const { text, digest: found } = await workflows.read(file);
    replace(editor, document, text, file, found);
  };
  editor.ui.tell(t(isDirty ? "workflows.savedByOtherBoth" : "workflows.savedByOther", { name: withoutSuffix(file) }), "info", undefined, isDirty ? undefined : { label: t("workflows.showIt"), act: () => void show().catch((error: unknown) => editor.ui.tell(reason(error), "error")) });
}

/** Looks whenever someone comes back to this tab. */
export function watchSaves(editor: Editor): void {
  addEventListener("focus", () => void noticeSaves(editor));
}
