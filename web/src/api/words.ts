/** What can a prompt name? Embeddings, LoRAs, the user's list of tags, and the vocabulary that tokens are counted by. */

import type { Editor } from "../editor";
import { TagIndex } from "../model/prompt_text/tags";
import { ClipVocabulary, ROUGH, type Vocabulary } from "../model/prompt_text/tokens";
import { t } from "../words";
import { getJson, HttpError, readUserFile, reason, send, writeUserFile } from "./http";

/** The user's list, below the folder of their own files. */
export const TAG_FILE = "tags.csv";
const nextTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

export const embeddings = (): Promise<string[]> => getJson("/embeddings");
export const loras = (): Promise<string[]> => getJson("/models/loras");

let vocabulary: Promise<Vocabulary> | null = null;

/** CLIP's vocabulary; a rough one where the server has none. Asked for once. */
export function clipVocabulary(): Promise<Vocabulary> {
  vocabulary ??= send("/weft/clip_pairs").then(async (answer) => new ClipVocabulary(await answer.text())).catch((error: unknown) => {
    if (error instanceof HttpError && error.status === 0) vocabulary = null; // the connection may come back
    return ROUGH;
  });
  return vocabulary;
}

let tags: Promise<TagIndex | null> | null = null;

async function readTags(editor: Editor): Promise<TagIndex | null> {
  try {
    const index = await TagIndex.read(await readUserFile(TAG_FILE), nextTask);
    if (index.skipped > 0) editor.ui.tell(t("prompts.tagLines", { file: TAG_FILE, count: index.skipped }), "error");
    return index;
  } catch (error) {
    if (!(error instanceof HttpError && error.status === 404)) editor.ui.tell(t("prompts.tagsUnread", { file: TAG_FILE, why: reason(error) }), "error");
    return null;
  }
}

/** The user's tags, null where there is no list. Read once. */
export function userTags(editor: Editor): Promise<TagIndex | null> {
  tags ??= readTags(editor);
  return tags;
}

/** Makes a list the user's own; gives the number of its tags. Raises where it holds none. */
export async function replaceTags(editor: Editor, csv: string): Promise<number> {
  const { size } = await TagIndex.read(csv, nextTask);
  if (size === 0) throw new Error(t("prompts.noTags"));
  await writeUserFile(TAG_FILE, csv, true);
  tags = readTags(editor);
  await tags;
  return size;
}
