/** One of many is chosen: a list with a search above, as a sheet on a phone. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { fuzzyScore } from "../model/fuzzy";
import type { Json } from "../model/types";
import { CloseIcon } from "../view/icons";
import { t } from "../words";

interface PickerProps {
  readonly label: string;
  readonly choices: readonly Json[];
  readonly value: Json;
  readonly pick: (value: Json) => void;
  readonly close: () => void;
}

export function PickerDialog({ label, choices, value, pick, close }: PickerProps) {
  const root = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const [query, setQuery] = useState("");
  const shown = choices.filter((choice) => fuzzyScore(query, String(choice)) > 0);
  const [at, setAt] = useState(Math.max(0, choices.indexOf(value)));
  useEffect(() => root.current!.showModal(), []);
  useLayoutEffect(() => list.current?.children[at]?.scrollIntoView({ block: "nearest" }), [at, query]);
  const take = (choice: Json | undefined): void => {
    if (choice === undefined) return;
    pick(choice);
    close();
  };
  const press = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step) setAt(Math.max(0, Math.min(shown.length - 1, at + step)));
    else if (event.key === "Enter") take(shown[at]);
    else return;
    event.preventDefault();
  };
  return (
    <dialog class="form-picker" ref={root} aria-label={label} onClose={close} onClick={(event) => { if (event.target === event.currentTarget) close(); }}>
      <div class="form-picker-body">
        <header><h2>{label}</h2><button type="button" class="icon-button" aria-label={t("common.close")} onClick={close}><CloseIcon /></button></header>
        <input class="form-input" type="text" enterkeyhint="done" placeholder={t("formPage.search")} aria-label={t("formPage.searchIn", { label })} role="combobox" aria-expanded="true" aria-controls="form-picker-list" aria-activedescendant={shown.length > 0 ? `pick-${at}` : undefined}
          value={query} onInput={(event) => { setQuery(event.currentTarget.value); setAt(0); }} onKeyDown={press} />
        <ul id="form-picker-list" role="listbox" aria-label={label} ref={list}>
          {shown.map((choice, index) => (
            <li key={String(choice)} id={`pick-${index}`} role="option" aria-selected={choice === value} class={index === at ? "is-chosen" : ""} onClick={() => take(choice)}>
              <span>{String(choice)}</span>{choice === value && <span class="check" aria-hidden="true">✓</span>}
            </li>
          ))}
        </ul>
        {shown.length === 0 && <p class="muted">{t("formPage.nothingMatches")}</p>}
      </div>
    </dialog>
  );
}
