/** A prompt while it is written: CodeMirror on the widget's value, and below it the count of tokens. */

import { acceptCompletion } from "@codemirror/autocomplete";
import { standardKeymap } from "@codemirror/commands";
import { Annotation, Compartment, EditorState, Prec, type TransactionSpec } from "@codemirror/state";
import { EditorView, keymap, placeholder, tooltips, type Command, type ViewUpdate } from "@codemirror/view";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { clipVocabulary, userTags } from "../../../api/words";
import { CHUNK, countTokens, ROUGH, type Vocabulary } from "../../../model/prompt_text/tokens";
import { TypingSteps } from "../../../model/prompt_text/typing";
import { changeWeight, smallestChange } from "../../../model/prompt_text/weights";
import { spoken, type WidgetProps } from "../widgets/widget";
import { completion } from "./completion";
import { highlighting } from "./highlighting";
import "./prompt_editor.css";
import { CHECKS_SPELLING, KEEPS_UNDERSCORES } from "../../../settings/built_in";
import type { Toggle } from "../../../settings/settings";
import { t } from "../../../words";

const STEP = 0.05;
const SMALL_STEP = 0.01;

/** Where the cursor and the view were in the plain field. */
export interface Start {
  readonly selection: readonly [number, number];
  readonly scrollTop: number;
}
export interface PromptEditorProps {
  /** As of the last time that the widget was drawn. */
  readonly widget: WidgetProps;
  readonly start: Start;
  readonly leave: () => void;
}

/** A change that came from the document: an undo, or another view of the same value. */
const fromDocument = Annotation.define<boolean>();

/** Does an edit by hand, with the cursor in view. */
const act = (make: (view: EditorView) => TransactionSpec | null): Command => (view) => {
  const spec = make(view);
  if (spec) view.dispatch(spec, { scrollIntoView: true });
  return true;
};

const weigh = (by: number): Command => act((view) => {
  const { main } = view.state.selection;
  const change = changeWeight(view.state.doc.toString(), [main.from, main.to], by);
  return change && { changes: { from: change.from, to: change.to, insert: change.insert }, selection: { anchor: change.selection[0], head: change.selection[1] }, userEvent: "input.weight" };
});

const newLine: Command = act((view) => ({ ...view.state.replaceSelection("\n"), userEvent: "input" }));

function keys(latest: () => WidgetProps) {
  const undo = (): boolean => (latest().document.undo(), true);
  const redo = (): boolean => (latest().document.redo(), true);
  const leave: Command = (view) => {
    view.dom.closest<HTMLElement>("[data-node]")?.focus();
    return true;
  };
  return [
    Prec.high(keymap.of([
      { key: "Mod-ArrowUp", run: weigh(STEP) }, { key: "Mod-ArrowDown", run: weigh(-STEP) },
      { key: "Mod-Alt-ArrowUp", run: weigh(SMALL_STEP) }, { key: "Mod-Alt-ArrowDown", run: weigh(-SMALL_STEP) },
      { key: "Mod-z", run: undo }, { key: "Mod-Shift-z", run: redo }, { key: "Mod-y", run: redo },
      { key: "Tab", run: acceptCompletion }, { key: "Enter", run: newLine, shift: newLine }, { key: "Escape", run: leave },
    ])),
    keymap.of(standardKeymap),
    // undo from a menu or a gesture of the phone
    EditorView.domEventHandlers({
      beforeinput: (event) => {
        if (event.inputType !== "historyUndo" && event.inputType !== "historyRedo") return false;
        event.preventDefault();
        return event.inputType === "historyUndo" ? undo() : redo();
      },
    }),
  ];
}

/** Brings what is typed into the document, in steps that are undone one by one. */
function writer(latest: () => WidgetProps): (update: ViewUpdate) => void {
  const steps = new TypingSteps();
  let wasComposing = false;
  return (update) => {
    if (!update.docChanged) return;
    if (update.transactions.some((transaction) => transaction.annotation(fromDocument))) return steps.end();
    let isNew = false;
    update.changes.iterChanges((from, to, _newFrom, _newTo, inserted) => {
      isNew = steps.isNew({ from, removed: to - from, inserted: inserted.toString(), atMs: performance.now() }) || isNew;
    });
    if (isNew && !wasComposing) latest().commit();
    wasComposing = update.view.composing;
    latest().set(update.state.doc.toString(), true);
  };
}

const attributes = (widget: WidgetProps, checks: boolean) =>
  EditorView.contentAttributes.of({ "aria-label": spoken(widget.spec.label), spellcheck: String(checks), autocorrect: checks ? "on" : "off", autocapitalize: "off" });

function makeView(parent: HTMLElement, latest: () => WidgetProps, spelling: Compartment, start: Start): EditorView {
  const widget = latest();
  const doc = String(widget.value ?? "");
  const [anchor, head] = start.selection.map((at) => Math.min(at, doc.length)) as [number, number];
  const state = EditorState.create({
    doc, selection: { anchor, head },
    extensions: [
      keys(latest), completion(widget.editor), highlighting, EditorView.lineWrapping,
      EditorState.lineSeparator.of("\n"), // what else ends lines stays as it is in the value
      placeholder(widget.spec.placeholder ?? spoken(widget.spec.label)),
      tooltips({ parent: document.body, position: "fixed" }),
      spelling.of(attributes(widget, widget.editor.settings.of(CHECKS_SPELLING).peek())),
      EditorView.updateListener.of(writer(latest)),
    ],
  });
  const view = new EditorView({ state, parent });
  view.scrollDOM.scrollTop = start.scrollTop;
  view.focus();
  return view;
}

function Count({ text }: { text: string }) {
  const [vocabulary, setVocabulary] = useState<Vocabulary>(ROUGH);
  useEffect(() => void clipVocabulary().then(setVocabulary), []);
  const { tokens, chunks, isExact } = countTokens(text, vocabulary);
  return (
    <output class={`token-count${chunks > 1 ? " is-long" : ""}`} aria-label={t("prompts.tokens")}
      title={[t("prompts.howCounted", { chunk: CHUNK, n: chunks }), isExact ? "" : t("prompts.guess")].join(" ").trimEnd()}>
      {t(isExact ? "prompts.count" : "prompts.about", { tokens, most: chunks * CHUNK })}
    </output>
  );
}

function Footer({ widget }: { widget: WidgetProps }) {
  const [hasTags, setHasTags] = useState(false);
  useEffect(() => void userTags(widget.editor).then((tags) => setHasTags(tags !== null)), []);
  const { settings } = widget.editor;
  const setting = (toggle: Toggle, label: string, title: string) => {
    const isOn = settings.of(toggle).value;
    return <button type="button" class="prompt-switch" aria-pressed={isOn} title={title} onClick={() => void settings.set(toggle, !isOn)}>{label}</button>;
  };
  return (
    <div class="prompt-footer">
      {setting(CHECKS_SPELLING, t("prompts.spelling"), t("prompts.spellingHint"))}
      {hasTags && setting(KEEPS_UNDERSCORES, "a_b", t("prompts.underscoresHint"))}
      <Count text={String(widget.value ?? "")} />
    </div>
  );
}

export function PromptEditor({ widget, start, leave }: PromptEditorProps) {
  const root = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const spelling = useRef(new Compartment());
  const latest = useRef(widget);
  latest.current = widget;
  const value = String(widget.value ?? "");
  const checks = widget.editor.settings.of(CHECKS_SPELLING).value;
  useLayoutEffect(() => {
    const made = makeView(root.current!, () => latest.current, spelling.current, start);
    view.current = made;
    return () => {
      latest.current.commit();
      made.destroy();
    };
  }, []);
  useLayoutEffect(() => {
    const change = view.current && smallestChange(view.current.state.doc.toString(), value);
    if (change) view.current!.dispatch({ changes: change, selection: { anchor: change.from + change.insert.length }, annotations: fromDocument.of(true), scrollIntoView: true });
  }, [value]);
  useEffect(() => view.current?.dispatch({ effects: spelling.current.reconfigure(attributes(latest.current, checks)) }), [checks]);
  return (
    <div class="field prompt-editor"
      onKeyDown={(event) => { if (event.key === "Escape") event.stopPropagation(); }}
      onPointerDown={(event) => { if ((event.target as Element).closest(".prompt-footer")) event.preventDefault(); }}
      onFocusOut={(event) => {
        const next = event.relatedTarget as Node | null;
        // another window in front is no reason to leave
        if (!event.currentTarget.contains(next) && document.hasFocus()) leave();
      }}>
      <div class="prompt-text" ref={root} />
      <Footer widget={widget} />
    </div>
  );
}
