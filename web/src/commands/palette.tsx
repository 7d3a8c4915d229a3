/** Which command is wanted? Every one by a few of its letters, those used last first. */

import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Editor } from "../editor";
import { readableKeys } from "../interaction/keymap";
import { Dialog } from "../panels/dialogs";
import { RECENT_COMMANDS } from "../settings/built_in";
import { t } from "../words";
import { findCommands } from "./palette_search";
import type { Command } from "./registry";
import { heading, said } from "./words";
import "./palette.css";

const MOST_RECENT = 8;

function Row({ editor, command, index, isChosen, choose, pick }: { editor: Editor; command: Command; index: number; isChosen: boolean; choose: () => void; pick: () => void }) {
  const isPossible = editor.commands.isPossible(command);
  const isOn = command.checked?.(editor);
  return (
    <li id={`command-${index}`} role="option" aria-selected={isChosen} aria-disabled={!isPossible} class={isChosen ? "is-chosen" : ""} onPointerMove={choose} onClick={pick}>
      <span class="result-name">{said(command.label)}</span>
      <span class="result-place">{heading(command.group)}{isOn !== undefined && ` · ${t(isOn ? "commands.on" : "commands.off")}`}</span>
      {editor.commands.keysOf(command.id).slice(0, 1).map((keys) => <kbd key={keys}>{readableKeys(keys)}</kbd>)}
    </li>
  );
}

export function Palette({ editor }: { editor: Editor }) {
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const recent = editor.settings.of(RECENT_COMMANDS).value;
  const all = editor.commands.all.value;
  const found = useMemo(() => findCommands(all, query, recent, (command) => editor.commands.isPossible(command)), [all, query, recent]);
  useLayoutEffect(() => list.current?.children[chosen]?.scrollIntoView({ block: "nearest" }), [chosen]);
  const pick = (command: Command | undefined): void => {
    if (!command || !editor.commands.isPossible(command)) return;
    editor.ui.dialog.value = null;
    void editor.settings.set(RECENT_COMMANDS, [command.id, ...recent.filter((id) => id !== command.id)].slice(0, MOST_RECENT));
    editor.commands.run(command.id);
  };
  return (
    <Dialog editor={editor} title={t("commands.find")} kind="palette">
      <input class="search-input" placeholder={t("commands.whatToDo")} value={query} spellcheck={false} aria-label={t("commands.command")} role="combobox" aria-expanded="true"
        aria-controls="palette-results" aria-activedescendant={found.length > 0 ? `command-${chosen}` : undefined}
        onInput={(event) => { setQuery(event.currentTarget.value); setChosen(0); }}
        onKeyDown={(event) => {
          const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
          if (step !== undefined) {
            event.preventDefault();
            setChosen((index) => Math.max(0, Math.min(found.length - 1, index + step)));
          }
          if (event.key === "Enter") {
            event.preventDefault();
            pick(found[chosen]);
          }
        }} />
      <ul class="results" id="palette-results" role="listbox" aria-label={t("commands.commands")} ref={list}>
        {found.map((command, index) => (
          <Row key={command.id} editor={editor} command={command} index={index} isChosen={index === chosen} choose={() => setChosen(index)} pick={() => pick(command)} />
        ))}
      </ul>
      {found.length === 0 && <p class="nothing" role="status">{t("commands.noneFits")}</p>}
    </Dialog>
  );
}
