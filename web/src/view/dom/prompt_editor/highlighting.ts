/** How do a prompt's marks look? Classes on its letters; the partner of the bracket at the cursor stands out. */

import { StateField, type EditorState, type Extension } from "@codemirror/state";
import { Decoration, EditorView, type DecorationSet } from "@codemirror/view";
import { readMarks, type Mark, type PromptMarks } from "../../../model/prompt_text/marks";
import { t } from "../../../words";

const COLOURS = 4;

function classOf({ kind, depth }: Mark): string {
  return kind === "bracket" || kind === "choice" ? `pt-${kind} pt-depth-${depth % COLOURS}` : `pt-${kind}`;
}

/** The bracket beside the cursor and its partner. */
function atCursor(state: EditorState, { partners }: PromptMarks): number[] {
  const { main } = state.selection;
  if (!main.empty) return [];
  const at = [main.head, main.head - 1].find((place) => partners.has(place));
  return at === undefined ? [] : [at, partners.get(at)!];
}

interface Shown {
  readonly marks: PromptMarks;
  readonly decorations: DecorationSet;
}

function show(state: EditorState, marks: PromptMarks): Shown {
  const partners = new Set(atCursor(state, marks));
  const ranges = marks.marks.map((mark) =>
    Decoration.mark({ class: classOf(mark) + (partners.has(mark.from) ? " pt-partner" : ""), attributes: mark.kind === "unpaired" ? { title: t("prompts.unpaired") } : {} }).range(mark.from, mark.to));
  return { marks, decorations: Decoration.set(ranges) };
}

const field = StateField.define<Shown>({
  create: (state) => show(state, readMarks(state.doc.toString())),
  update(shown, transaction) {
    if (transaction.docChanged) return show(transaction.state, readMarks(transaction.newDoc.toString()));
    return transaction.selection ? show(transaction.state, shown.marks) : shown;
  },
  provide: (own) => EditorView.decorations.from(own, (shown) => shown.decorations),
});

export const highlighting: Extension = field;
