/** Text: one line or many. Prompts become a richer field while they are written. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ComponentType } from "preact";
import { t } from "../../../words";
import type { PromptEditorProps, Start } from "../prompt_editor/prompt_editor";
import { spoken, type WidgetProps } from "./widget";

/** Writes the value into the element unless it already shows it, so that the caret stays where it is. */
function useShown<T extends HTMLInputElement | HTMLTextAreaElement>(value: string, isShown = true) {
  const element = useRef<T>(null);
  useLayoutEffect(() => {
    if (element.current && element.current.value !== value) element.current.value = value;
  }, [value, isShown]);
  return element;
}

interface Opened {
  readonly Component: ComponentType<PromptEditorProps>;
  readonly start: Start;
}

/** Resolves when no button is held: a press that goes on belongs to the field where it began. */
const released = (isPressed: boolean): Promise<unknown> =>
  isPressed ? new Promise((resolve) => addEventListener("pointerup", () => setTimeout(resolve), { once: true })) : Promise.resolve();

/** Opens the richer field in place of the plain one, once its code is there, if the user is still in it. */
function usePromptEditor({ editor, spec }: WidgetProps) {
  const [opened, setOpened] = useState<Opened | null>(null);
  const state = useRef({ isPressed: false, isComposing: false });
  const open = async (area: HTMLTextAreaElement): Promise<void> => {
    if (spec.hasChoices !== true) return;
    try {
      const { PromptEditor } = await import("../prompt_editor/prompt_editor");
      await released(state.current.isPressed);
      if (document.activeElement !== area || state.current.isComposing) return;
      setOpened({ Component: PromptEditor, start: { selection: [area.selectionStart, area.selectionEnd], scrollTop: area.scrollTop } });
    } catch (error) {
      editor.ui.tell(t("prompts.editorFails", { why: String(error) }), "error");
    }
  };
  const listeners = {
    onFocus: (event: { currentTarget: HTMLTextAreaElement }) => void open(event.currentTarget),
    onPointerDown: () => {
      state.current.isPressed = true;
      addEventListener("pointerup", () => (state.current.isPressed = false), { once: true });
    },
    onCompositionStart: () => (state.current.isComposing = true),
    onCompositionEnd: () => (state.current.isComposing = false),
  };
  return { opened, close: () => setOpened(null), listeners };
}

export function TextWidget(props: WidgetProps) {
  const { spec, value, set, commit, linked } = props;
  const { opened, close, listeners } = usePromptEditor(props);
  const element = useShown<HTMLTextAreaElement>(String(value ?? ""), opened === null);
  if (opened && !linked) return <opened.Component widget={props} start={opened.start} leave={close} />;
  return (
    <textarea class="field text" ref={element} spellcheck={false} disabled={linked} placeholder={spec.placeholder ?? spoken(spec.label)} title={spec.tooltip}
      aria-label={spoken(spec.label)} onInput={(event) => set(event.currentTarget.value, true)} onBlur={commit} {...listeners} />
  );
}

export function StringWidget({ spec, value, set, commit, linked }: WidgetProps) {
  const element = useShown<HTMLInputElement>(String(value ?? ""));
  return (
    <label class="field string" title={spec.tooltip}>
      <span class="field-label">{spoken(spec.label)}</span>
      <input class="string-input" ref={element} disabled={linked} spellcheck={false} placeholder={spec.placeholder} aria-label={spoken(spec.label)}
        onInput={(event) => set(event.currentTarget.value, true)} onBlur={commit}
        onKeyDown={(event) => { if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) event.currentTarget.blur(); }} />
    </label>
  );
}
