/** Lists that open at a widget, context menus, and toasts. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Editor } from "../editor";
import { fuzzyScore } from "../model/fuzzy";
import type { Json } from "../model/types";
import { CloseIcon } from "../view/icons";
import { readableKeys } from "../interaction/keymap";
import { t } from "../words";
import type { ChoicePopup } from "./ui_state";

const FILTER_FROM = 9;
const TALLEST = 340;

function ChoiceList({ editor, popup }: { editor: Editor; popup: ChoicePopup }) {
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState(Math.max(0, popup.choices.indexOf(popup.value)));
  const list = useRef<HTMLUListElement>(null);
  const root = useRef<HTMLDivElement>(null);
  const shown = popup.choices.filter((choice) => fuzzyScore(query, String(choice)) > 0);
  useEffect(() => (root.current?.querySelector("input") ?? root.current)?.focus(), []);
  useLayoutEffect(() => list.current?.children[chosen]?.scrollIntoView({ block: "nearest" }), [chosen]);
  const pick = (value: Json | undefined): void => {
    editor.ui.choice.value = null;
    if (value !== undefined && value !== popup.value) popup.pick(value);
  };
  const { anchor } = popup;
  const width = Math.max(180, anchor.width);
  const below = anchor.bottom + TALLEST < innerHeight || anchor.top < TALLEST;
  const place: Record<string, string> = { left: `${Math.max(8, Math.min(anchor.left, innerWidth - width - 8))}px`, width: `${width}px` };
  if (below) place.top = `${anchor.bottom + 4}px`;
  else place.bottom = `${innerHeight - anchor.top + 4}px`;
  return (
    <div class="popup choices" ref={root} tabIndex={-1} style={place}
      onKeyDown={(event) => {
        if (event.key === "ArrowDown" || event.key === "ArrowUp") {
          event.preventDefault();
          setChosen((index) => Math.max(0, Math.min(shown.length - 1, index + (event.key === "ArrowDown" ? 1 : -1))));
        }
        if (event.key === "Enter") pick(shown[chosen]);
      }}>
      {popup.choices.length >= FILTER_FROM && (
        <input class="search-input" placeholder={t("popups.filter", { label: popup.label })} value={query} onInput={(event) => { setQuery(event.currentTarget.value); setChosen(0); }} />
      )}
      <ul class="results" role="listbox" aria-label={popup.label} ref={list}>
        {shown.map((choice, index) => (
          <li key={String(choice)} role="option" aria-selected={choice === popup.value} class={index === chosen ? "is-chosen" : ""}
            onPointerMove={() => setChosen(index)} onClick={() => pick(choice)}>
            <span class="result-name">{String(choice)}</span>
            {choice === popup.value && <span class="check">✓</span>}
          </li>
        ))}
        {shown.length === 0 && <li class="nothing">{popup.choices.length === 0 ? t("popups.noChoices") : t("popups.noMatch")}</li>}
      </ul>
    </div>
  );
}

export function Choice({ editor }: { editor: Editor }) {
  const popup = editor.ui.choice.value;
  if (!popup) return null;
  return (
    <>
      <div class="veil clear" onPointerDown={() => (editor.ui.choice.value = null)} />
      <ChoiceList editor={editor} popup={popup} />
    </>
  );
}

/** Arrows go through a menu's entries, a letter to the next entry that begins with it. */
function walkMenu(event: KeyboardEvent, menu: HTMLElement): void {
  const entries = [...menu.querySelectorAll<HTMLButtonElement>("button:not(:disabled)")];
  const at = entries.indexOf(document.activeElement as HTMLButtonElement);
  const behind = [...entries.slice(at + 1), ...entries.slice(0, at + 1)];
  const to = {
    ArrowDown: behind[0], ArrowUp: entries.at(at < 0 ? -1 : at - 1), Home: entries[0], End: entries.at(-1),
  }[event.key] ?? (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey ? behind.find((entry) => entry.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase())) : undefined);
  if (!to) return;
  event.preventDefault();
  event.stopPropagation();
  to.focus();
}

export function ContextMenu({ editor }: { editor: Editor }) {
  const menu = editor.ui.menu.value;
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => root.current?.querySelector("button")?.focus(), [menu]);
  if (!menu) return null;
  const close = (): void => void (editor.ui.menu.value = null);
  const left = Math.min(menu.at[0], innerWidth - 250);
  const top = Math.min(menu.at[1], innerHeight - menu.items.length * 34 - 20);
  return (
    <>
      <div class="veil clear" onPointerDown={close} onContextMenu={(event) => event.preventDefault()} />
      <div class="popup menu" role="menu" aria-label={t("popups.menu")} ref={root} onKeyDown={(event) => walkMenu(event, root.current!)} style={{ left: `${left}px`, top: `${Math.max(8, top)}px` }}>
        {menu.items.map((item, index) => item === null ? <hr key={index} /> : (
          <button key={item.label} type="button" role={item.checked === undefined ? "menuitem" : "menuitemcheckbox"} aria-checked={item.checked} disabled={item.disabled} onClick={() => { close(); item.act(); }}>
            {item.label}{item.checked && <span class="check">✓</span>}{item.keys && <kbd>{readableKeys(item.keys)}</kbd>}
          </button>
        ))}
      </div>
    </>
  );
}

export function Toasts({ editor }: { editor: Editor }) {
  return (
    <div class="toasts" aria-live="polite">
      {editor.ui.toasts.value.map((toast) => (
        <div key={toast.id} class={`toast ${toast.tone}`} role={toast.tone === "error" ? "alert" : "status"}>
          <span>{toast.text}</span>
          {toast.node && <button type="button" class="button quiet" onClick={() => editor.jumpTo(toast.node!)}>{t("popups.show")}</button>}
          {toast.action && <button type="button" class="button quiet" onClick={() => { editor.ui.dismiss(toast.id); toast.action!.act(); }}>{toast.action.label}</button>}
          <button type="button" class="icon-button" aria-label={t("popups.dismiss")} onClick={() => editor.ui.dismiss(toast.id)}><CloseIcon /></button>
        </div>
      ))}
    </div>
  );
}

/** What went wrong in the workflow in front, each with a jump to its node. */
export function ErrorPanel({ editor }: { editor: Editor }) {
  const document = editor.active.value;
  const errors = document?.errors.value ?? [];
  if (!document || errors.length === 0) return null;
  return (
    <section class="errors" aria-label={t("popups.problems")}>
      <header><strong>{t("popups.problemCount", { n: errors.length })}</strong>
        <button type="button" class="icon-button" aria-label={t("popups.closeProblems")} onClick={() => (document.errors.value = [])}><CloseIcon /></button>
      </header>
      {errors.map((error, index) => (
        <div key={index} class="problem">
          <button type="button" class="problem-title" disabled={error.node === null} onClick={() => error.node && editor.jumpTo(error.node)}>{error.title}</button>
          <p>{error.message}</p>
          {error.details && <details><summary>{t("popups.details")}</summary><pre>{error.details}</pre></details>}
        </div>
      ))}
    </section>
  );
}
