/** Text: one line or many. */

import { useLayoutEffect, useRef } from "preact/hooks";
import { spoken, type WidgetProps } from "./widget";

/** Writes the value into the element unless it already shows it, so that the caret stays where it is. */
function useShown<T extends HTMLInputElement | HTMLTextAreaElement>(value: string) {
  const element = useRef<T>(null);
  useLayoutEffect(() => {
    if (element.current && element.current.value !== value) element.current.value = value;
  }, [value]);
  return element;
}

export function TextWidget({ spec, value, set, commit, linked }: WidgetProps) {
  const element = useShown<HTMLTextAreaElement>(String(value ?? ""));
  return (
    <textarea class="field text" ref={element} spellcheck={false} disabled={linked} placeholder={spec.placeholder ?? spoken(spec.label)} title={spec.tooltip}
      aria-label={spoken(spec.label)} onInput={(event) => set(event.currentTarget.value, true)} onBlur={commit} />
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
