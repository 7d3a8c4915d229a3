/** What can be said of a field? Its name and help, narrower bounds, the choices that are offered, what it begins with. */

import { useState } from "preact/hooks";
import type { Editor } from "../editor";
import type { Document } from "../model/document";
import { changeItem, type FormField } from "../model/form/form";
import { nameOf, sharedBy, troubleOf, valueOf, type PlacedField } from "../model/form/places";
import { fuzzyScore } from "../model/fuzzy";
import { formatNumber, typedNumber } from "../model/number_values";
import type { Json } from "../model/types";
import { t } from "../words";
import { formOf, setForm } from "./making";

interface SettingsProps {
  readonly editor: Editor;
  readonly document: Document;
  readonly index: number;
  readonly field: FormField;
  readonly place: PlacedField | null;
}

/** From so many choices on they are searched. */
const MANY = 9;
const SHORT = 40;

type Change = (change: Partial<FormField>, key?: string) => void;

function Texts({ document, index, field, place, change }: SettingsProps & { change: Change }) {
  const done = (): void => document.endGesture();
  return (
    <>
      <label>{t("formPanel.label")}
        <input value={field.label} placeholder={place ? nameOf(place) : field.widget} onInput={({ currentTarget }) => change({ label: currentTarget.value }, `form label ${index}`)} onBlur={done} />
      </label>
      <label>{t("formPanel.help")}
        <input value={field.help} placeholder={t("formPanel.helpHint")} onInput={({ currentTarget }) => change({ help: currentTarget.value }, `form help ${index}`)} onBlur={done} />
      </label>
    </>
  );
}

function Bounds({ field, place, change }: { field: FormField; place: PlacedField; change: Change }) {
  const { spec } = place;
  const parts = [["min", t("formPanel.min"), spec.min], ["max", t("formPanel.max"), spec.max], ["step", t("formPanel.step"), spec.step]] as const;
  return (
    <div class="form-bounds">
      {parts.map(([name, label, own]) => (
        <label key={name}>{label}
          <input inputMode="decimal" value={field[name] === undefined ? "" : formatNumber(spec, field[name])} placeholder={own === undefined ? "" : formatNumber(spec, own)}
            onChange={({ currentTarget }) => {
              const next = currentTarget.value.trim() === "" ? null : typedNumber(name === "step" ? { ...spec, min: 0, max: undefined } : spec, currentTarget.value);
              change({ [name]: typeof next === "number" ? next : undefined });
              currentTarget.value = typeof next === "number" ? formatNumber(spec, next) : "";
            }} />
        </label>
      ))}
    </div>
  );
}

function Choices({ field, place, change }: { field: FormField; place: PlacedField; change: Change }) {
  const [query, setQuery] = useState("");
  const all = place.spec.choices ?? [];
  const kept = field.choices ?? all;
  const set = (next: readonly Json[]): void => change({ choices: next.length === all.length ? undefined : next });
  return (
    <fieldset class="form-choices">
      <legend>{t("formPanel.choices")}</legend>
      {all.length > MANY && <input value={query} placeholder={t("formPage.search")} aria-label={t("formPage.searchIn", { label: t("formPanel.choices") })} onInput={({ currentTarget }) => setQuery(currentTarget.value)} />}
      <label class="form-check"><input type="checkbox" checked={field.choices === undefined} onChange={({ currentTarget }) => set(currentTarget.checked ? all : all.filter((choice) => choice === valueOf(place)))} />{t("formPanel.allChoices")}</label>
      <div class="form-choice-list">
        {all.filter((choice) => fuzzyScore(query, String(choice)) > 0).map((choice) => (
          <label key={String(choice)} class="form-check">
            <input type="checkbox" checked={kept.includes(choice)} onChange={({ currentTarget }) => set(all.filter((other) => (other === choice ? currentTarget.checked : kept.includes(other))))} />{String(choice)}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

const shortened = (value: Json): string => {
  const text = String(value).replaceAll("\n", " ");
  return text.length > SHORT ? `${text.slice(0, SHORT)}…` : text || "–";
};

function Start({ field, place, change }: { field: FormField; place: PlacedField; change: Change }) {
  const isKept = field.start !== undefined;
  return (
    <div class="form-start">
      <span>{isKept ? t("formPanel.startsWith", { value: shortened(field.start!) }) : t("formPanel.startsWithOwn", { value: shortened(valueOf(place)) })}</span>
      <button type="button" class="button quiet" onClick={() => change({ start: isKept ? undefined : valueOf(place) })}>{isKept ? t("formPanel.followStart") : t("formPanel.keepStart")}</button>
    </div>
  );
}

export function FieldSettings(props: SettingsProps) {
  const { editor, document, index, field, place } = props;
  const change: Change = (part, key) => setForm(document, changeItem(formOf(document), index, part), key);
  const trouble = troubleOf(place);
  const shared = place ? sharedBy(document.root, place) : 1;
  return (
    <div class="form-settings">
      {trouble && <p class="form-trouble">{trouble}</p>}
      <Texts {...props} change={change} />
      {place?.spec.kind === "number" && !place.isSeed && <Bounds field={field} place={place} change={change} />}
      {place?.spec.kind === "choice" && (place.spec.choices?.length ?? 0) > 1 && <Choices field={field} place={place} change={change} />}
      {place && <Start field={field} place={place} change={change} />}
      {shared > 1 && <p class="muted">{t("formPanel.shared", { n: shared })}</p>}
      {place && <button type="button" class="button quiet" onClick={() => editor.jumpTo(place.key)}>{t("formPanel.show")}</button>}
    </div>
  );
}
