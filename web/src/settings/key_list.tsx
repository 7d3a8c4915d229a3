/** Which keys does a command have, and which does the user want? Part of the settings. */

import { useRef, useState } from "preact/hooks";
import { GROUPS, type Command } from "../commands/registry";
import { heading, said } from "../commands/words";
import type { Editor } from "../editor";
import { combination, isModifier, readableKeys } from "../interaction/keymap";
import { CloseIcon, PlusIcon } from "../view/icons";
import { t } from "../words";
import { list } from "../words/format";
import { KEY_CHOICES } from "./built_in";
import { matches } from "./settings_dialog";

/** A combination that was pressed for a command, and who has it already. */
interface Pressed {
  readonly keys: string;
  readonly others: readonly Command[];
}

function setKeys(editor: Editor, changes: Readonly<Record<string, readonly string[]>>): void {
  void editor.settings.set(KEY_CHOICES, { ...editor.settings.of(KEY_CHOICES).peek(), ...changes });
}

/** Adds a combination to a command, and takes it from those that had it. */
function assign(editor: Editor, command: Command, { keys, others }: Pressed): void {
  const { commands } = editor;
  const taken = Object.fromEntries(others.map((other) => [other.id, commands.keysOf(other.id).filter((entry) => entry !== keys)]));
  setKeys(editor, { ...taken, [command.id]: [...commands.keysOf(command.id).filter((entry) => entry !== keys), keys] });
}

function Recorder({ editor, command, done }: { editor: Editor; command: Command; done: () => void }) {
  const [pressed, setPressed] = useState<Pressed | null>(null);
  const hasConflict = useRef(false);
  const press = (event: KeyboardEvent): void => {
    if (event.key === "Tab") return;
    event.stopPropagation();
    event.preventDefault();
    if (event.key === "Escape") return done();
    if (isModifier(event.key)) return;
    const keys = combination(event);
    const others = editor.commands.under(keys).filter((other) => other !== command);
    hasConflict.current = others.length > 0;
    if (hasConflict.current) return setPressed({ keys, others });
    assign(editor, command, { keys, others });
    done();
  };
  if (pressed)
    return (
      <div class="key-conflict" role="alert">
        <span><kbd>{readableKeys(pressed.keys)}</kbd> {t("settings.takenBy", { commands: list(pressed.others.map((other) => t("settings.quoted", { name: said(other.label) }))) })}</span>
        <button type="button" class="button" ref={(button) => button?.focus()} onClick={() => { assign(editor, command, pressed); done(); }}>{t("settings.takeKeys")}</button>
        <button type="button" class="button quiet" onClick={done}>{t("settings.leaveKeys")}</button>
      </div>
    );
  return (
    <button type="button" class="button key-recorder" ref={(button) => button?.focus()} onKeyDown={press} onBlur={() => { if (!hasConflict.current) done(); }} aria-label={t("settings.pressFor", { command: said(command.label) })}>{t("settings.press")}</button>
  );
}

function Row({ editor, command }: { editor: Editor; command: Command }) {
  const [isRecording, setRecording] = useState(false);
  const label = said(command.label);
  const keys = editor.commands.keysOf(command.id);
  const chosen = editor.settings.of(KEY_CHOICES).value;
  const resetOne = (): void => void editor.settings.set(KEY_CHOICES, Object.fromEntries(Object.entries(chosen).filter(([id]) => id !== command.id)));
  return (
    <div class="setting key-row">
      <div class="setting-words"><span>{label}</span></div>
      {chosen[command.id] && <button type="button" class="button quiet" aria-label={t("settings.resetKeys", { label })} onClick={resetOne}>{t("settings.reset")}</button>}
      {keys.map((entry) => (
        <span key={entry} class="key-chip"><kbd>{readableKeys(entry)}</kbd>
          <button type="button" aria-label={t("settings.removeKeys", { keys: readableKeys(entry), label })} onClick={() => setKeys(editor, { [command.id]: keys.filter((other) => other !== entry) })}><CloseIcon /></button>
        </span>
      ))}
      {isRecording ? <Recorder editor={editor} command={command} done={() => setRecording(false)} />
        : <button type="button" class="icon-button" aria-label={t("settings.addKeysTo", { label })} title={t("settings.addKeys")} onClick={() => setRecording(true)}><PlusIcon /></button>}
    </div>
  );
}

export function KeyList({ editor, query, hasOthers }: { editor: Editor; query: string; hasOthers: boolean }) {
  const { commands } = editor;
  const names = (command: Command): string[] => [said(command.label), heading(command.group), "keys shortcuts keyboard", ...commands.keysOf(command.id).map(readableKeys)];
  const found = commands.all.value.filter((command) => matches(query, ...names(command)));
  if (found.length === 0) return hasOthers ? null : <p class="nothing" role="status">{t("settings.noneByWords")}</p>;
  const groups = [...new Set<string>([...GROUPS, ...found.map((command) => said(command.group))])];
  return (
    <section aria-label={t("settings.keyboard")}>
      <h3>{t("settings.keyboard")}</h3>
      {groups.flatMap((group) => found.filter((command) => said(command.group) === group)).map((command) => <Row key={command.id} editor={editor} command={command} />)}
    </section>
  );
}
