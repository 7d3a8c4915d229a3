/** What can be set? Every setting and every shortcut in one list that can be searched. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { heading, said } from "../commands/words";
import type { Editor } from "../editor";
import { fuzzyScore } from "../model/fuzzy";
import { Dialog } from "../panels/dialogs";
import { t } from "../words";
import { KEY_CHOICES, SETTING_GROUPS } from "./built_in";
import { KeyList } from "./key_list";
import type { Choice, NumberSetting, Setting, TextSetting, Toggle } from "./settings";
import "./settings.css";

type FieldProps<S> = { readonly editor: Editor; readonly setting: S; readonly label: string; readonly described: string | undefined };

function ToggleField({ editor, setting, label, described }: FieldProps<Toggle>) {
  const isOn = editor.settings.of(setting).value;
  return (
    <button type="button" class="setting-switch" role="switch" aria-checked={isOn} aria-label={label} aria-describedby={described} onClick={() => void editor.settings.set(setting, !isOn)}>
      <span class="switch" />
    </button>
  );
}

function ChoiceField({ editor, setting, label, described }: FieldProps<Choice>) {
  return (
    <select aria-label={label} aria-describedby={described} value={editor.settings.of(setting).value} onChange={(event) => void editor.settings.set(setting, event.currentTarget.value)}>
      {setting.choices.map((choice) => <option key={choice.value} value={choice.value}>{said(choice.label)}</option>)}
    </select>
  );
}

function NumberField({ editor, setting, label, described }: FieldProps<NumberSetting>) {
  const value = editor.settings.of(setting).value;
  const take = (input: HTMLInputElement): void => {
    const typed = input.valueAsNumber;
    const next = Number.isFinite(typed) ? Math.min(setting.max, Math.max(setting.min, typed)) : value;
    input.value = String(next);
    if (next !== value) void editor.settings.set(setting, next);
  };
  return (
    <span class="setting-number">
      <input type="number" aria-label={label} aria-describedby={described} min={setting.min} max={setting.max} step={setting.step} value={value} onChange={(event) => take(event.currentTarget)} />
      {setting.unit}
    </span>
  );
}

const TextField = ({ editor, setting, label, described }: FieldProps<TextSetting>) => (
  <input class="setting-text" aria-label={label} aria-describedby={described} value={editor.settings.of(setting).value} onChange={(event) => void editor.settings.set(setting, event.currentTarget.value)} />
);

function field(editor: Editor, setting: Setting, label: string, described: string | undefined): ComponentChildren {
  switch (setting.kind) {
    case "toggle":
      return <ToggleField {...{ editor, setting, label, described }} />;
    case "choice":
      return <ChoiceField {...{ editor, setting, label, described }} />;
    case "number":
      return <NumberField {...{ editor, setting, label, described }} />;
    case "text":
      return <TextField {...{ editor, setting, label, described }} />;
  }
}

function Row({ editor, setting }: { editor: Editor; setting: Setting }) {
  const label = said(setting.label);
  const described = setting.hint ? `hint-${setting.id}` : undefined;
  return (
    <div class="setting">
      <div class="setting-words"><span>{label}</span>{setting.hint && <p class="muted" id={described}>{said(setting.hint)}</p>}</div>
      {editor.settings.isChanged(setting) && (
        <button type="button" class="button quiet" aria-label={t("settings.resetOne", { label })} onClick={() => void editor.settings.reset(setting)}>{t("settings.reset")}</button>
      )}
      {field(editor, setting, label, described)}
    </div>
  );
}

/** Whether what was typed is meant to find a setting with these words. */
export function matches(query: string, ...texts: readonly string[]): boolean {
  const parts = query.trim().split(/\s+/);
  return parts.every((part) => part === "" || texts.some((text) => text.toLowerCase().includes(part.toLowerCase()) || fuzzyScore(part, text) >= 400));
}

export function SettingsDialog({ editor }: { editor: Editor }) {
  const [query, setQuery] = useState("");
  const { settings } = editor;
  const all = settings.all.value;
  const shown = all.filter((setting) => !setting.hidden && matches(query, said(setting.label), heading(setting.group), setting.keywords ?? "", said(setting.hint ?? "")));
  const groups = [...new Set<string>([...SETTING_GROUPS, ...shown.map((setting) => said(setting.group))])].filter((group) => shown.some((setting) => said(setting.group) === group));
  const changed = all.filter((setting) => settings.isChanged(setting)).length + (settings.isChanged(KEY_CHOICES) ? 1 : 0);
  const resetAll = (): void => {
    if (confirm(t("settings.confirmReset"))) void settings.reset(...all, KEY_CHOICES);
  };
  return (
    <Dialog editor={editor} title={t("settings.title")} kind="settings">
      <input class="search-input" type="search" placeholder={t("settings.searchHint")} aria-label={t("settings.search")} value={query} onInput={(event) => setQuery(event.currentTarget.value)} />
      <div class="settings-list" tabIndex={-1}>
        {groups.map((group) => (
          <section key={group} aria-label={heading(group)}>
            <h3>{heading(group)}</h3>
            {shown.filter((setting) => said(setting.group) === group).map((setting) => <Row key={setting.id} editor={editor} setting={setting} />)}
          </section>
        ))}
        <KeyList editor={editor} query={query} hasOthers={shown.length > 0} />
      </div>
      <div class="dialog-buttons">
        <span class="muted spacer">{t("settings.keptOnServer")}</span>
        <button type="button" class="button quiet" disabled={changed === 0} onClick={resetAll}>{t("settings.resetAll")}</button>
      </div>
    </Dialog>
  );
}
