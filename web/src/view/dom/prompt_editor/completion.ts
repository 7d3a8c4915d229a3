/** What is offered while a prompt is typed? Embeddings, LoRA names behind `<lora:`, tags of the user's list. */

import { autocompletion, type Completion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import type { Extension } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import * as words from "../../../api/words";
import type { Editor } from "../../../editor";
import { namesFor, unfinishedAt, type Unfinished } from "../../../model/prompt_text/completing";
import { shortCount, writtenTag, type TagMatch } from "../../../model/prompt_text/tags";
import { KEEPS_UNDERSCORES } from "../../../settings/built_in";
import { t } from "../../../words";

const MOST = 20;
/** Fewer letters than this offer embeddings only behind `embedding:`. */
const EAGER_FROM = 3;
/** What tag lists mean by their numbers. */
const CATEGORIES = ["general", "artist", "", "copyright", "character", "meta"];

async function names(editor: Editor, what: "embeddings" | "loras"): Promise<string[]> {
  try {
    return await words[what]();
  } catch (error) {
    editor.ui.tell(t("prompts.namesUnknown", { what, why: String(error) }), "error");
    return [];
  }
}

/** A tag ends with a comma, unless one is there. */
function insertTag(view: EditorView, text: string, from: number, to: number): void {
  const after = view.state.sliceDoc(to, to + 40);
  const insert = /^\s*[,):|}\]]/.test(after) ? text : `${text}, `;
  view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + insert.length }, userEvent: "input.complete" });
}

function tagOption(editor: Editor, { tag, alias }: TagMatch): Completion {
  const text = writtenTag(tag.name, editor.settings.of(KEEPS_UNDERSCORES).peek());
  const label = text.replaceAll("\\", "");
  return {
    label: alias ? `${alias} → ${label}` : label,
    detail: shortCount(tag.count), type: `tag-${CATEGORIES[tag.category] || "other"}`,
    apply: (view, _completion, from, to) => insertTag(view, text, from, to),
  };
}

/** The tags for the most words that have any, and embeddings that begin alike. */
async function forWords(editor: Editor, context: CompletionContext, { starts }: Extract<Unfinished, { kind: "words" }>, known: Promise<string[]>): Promise<CompletionResult | null> {
  const tags = await words.userTags(editor);
  for (const from of starts) {
    const typed = context.state.sliceDoc(from, context.pos).replaceAll("\\", "");
    if (typed.trim() === "" || (typed.length < 2 && !context.explicit)) continue;
    const isLast = from === starts.at(-1);
    const eager = isLast && typed.length >= EAGER_FROM ? namesFor(await known, typed, 5) : [];
    const options = [...(tags?.search(typed, MOST) ?? []).map((match) => tagOption(editor, match)), ...eager.map((name): Completion => ({ label: `embedding:${name}`, type: "embedding" }))];
    if (options.length > 0) return { from, options, filter: false };
  }
  return null;
}

async function complete(editor: Editor, context: CompletionContext, embeddings: Promise<string[]>): Promise<CompletionResult | null> {
  const unfinished = unfinishedAt(context.state.doc.toString(), context.pos);
  if (!unfinished) return null;
  if (unfinished.kind === "words") return forWords(editor, context, unfinished, embeddings);
  const found = namesFor(unfinished.kind === "lora" ? (await names(editor, "loras")).map((name) => name.replace(/\.[^.]+$/, "")) : await embeddings, unfinished.typed, MOST);
  const options = found.map((name): Completion => ({ label: name, type: unfinished.kind, apply: unfinished.kind === "lora" ? `${name}:1>` : name }));
  return options.length > 0 ? { from: unfinished.from, options, filter: false } : null;
}

export function completion(editor: Editor): Extension {
  const embeddings = names(editor, "embeddings");
  return autocompletion({
    override: [(context) => complete(editor, context, embeddings)],
    icons: false, activateOnTypingDelay: 60, interactionDelay: 0, maxRenderedOptions: MOST, updateSyncTime: 40,
    optionClass: (option) => `pt-option pt-${option.type ?? "other"}`,
  });
}
