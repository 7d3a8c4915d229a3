/** How is a value of the workflow asked for? One component per kind, with its name, help and trouble around it. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren, ComponentType } from "preact";
import type { PlacedField } from "../model/form/places";
import { drawSeed } from "../model/seeds";
import type { Json, WidgetSpec } from "../model/types";
import { formatNumber, typedNumber } from "../model/number_values";
import { ChevronIcon, DiceIcon } from "../view/icons";
import type { FormPage } from "./form_page";
import { later } from "./later";
import { t } from "../words";

export interface FieldProps {
  readonly page: FormPage;
  readonly place: PlacedField;
  /** Its place in the form. */
  readonly index: number;
  readonly value: Json;
  readonly id: string;
  /** What tells more of it, for `aria-describedby`. */
  readonly describedBy: string | undefined;
  readonly isWrong: boolean;
  readonly set: (value: Json) => void;
}

const ImageField = later(async () => (await import("./image_field")).ImageField);
const PickerDialog = later(async () => (await import("./picker_dialog")).PickerDialog);

/** Up to so many choices the browser's own list is the best one. */
const MOST_IN_LIST = 12;
/** A slider with more steps than this can't be aimed. */
const MOST_STEPS = 2000;

const described = ({ id, describedBy, isWrong }: FieldProps) => ({ id, "aria-describedby": describedBy, "aria-invalid": isWrong || undefined });

/** Grows with its text where the browser can't do that by itself. */
function TextField(props: FieldProps) {
  const { value, set, place } = props;
  const element = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const area = element.current!;
    if (area.value !== value) area.value = String(value ?? "");
    if (CSS.supports("field-sizing", "content")) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
  }, [value]);
  return <textarea class="form-input form-text" ref={element} rows={3} {...described(props)} placeholder={place.spec.placeholder} onInput={(event) => set(event.currentTarget.value)} />;
}

function StringField(props: FieldProps) {
  return <input class="form-input" type="text" {...described(props)} value={String(props.value ?? "")} placeholder={props.place.spec.placeholder} onInput={(event) => props.set(event.currentTarget.value)} />;
}

function hasSlider({ min, max, step }: WidgetSpec): boolean {
  return min !== undefined && max !== undefined && max > min && (max - min) / (step ?? 1) <= MOST_STEPS;
}

/** Takes what is typed when the field is left, or Enter is pressed: half a number is none yet. */
function NumberInput({ spec, ...props }: FieldProps & { spec: WidgetSpec }) {
  const { value, set } = props;
  const [typed, setTyped] = useState<string | null>(null);
  const take = (): void => {
    if (typed === null) return;
    const next = typedNumber(spec, typed);
    setTyped(null);
    if (next !== null && next !== value) set(next);
  };
  return (
    <input class="form-input form-number" type="text" inputMode={spec.integer ? "numeric" : "decimal"} autocomplete="off" {...described(props)} value={typed ?? formatNumber(spec, value)}
      onInput={(event) => setTyped(event.currentTarget.value)} onBlur={take} onFocus={(event) => event.currentTarget.select()}
      onKeyDown={(event) => {
        if (event.key === "Enter") take();
        if (event.key === "Escape") setTyped(null);
      }} />
  );
}

function NumberField(props: FieldProps) {
  const { place, value, set } = props;
  const spec = place.narrowed;
  if (!hasSlider(spec)) return <NumberInput {...props} spec={spec} />;
  return (
    <div class="form-row">
      <input class="form-slider" type="range" min={spec.min} max={spec.max} step={spec.step ?? 1} value={Number(value)} aria-label={place.label}
        style={{ "--part": String((Number(value) - spec.min!) / (spec.max! - spec.min!)) }}
        onInput={(event) => {
          const next = typedNumber(spec, event.currentTarget.value);
          if (next !== null) set(next);
        }} />
      <NumberInput {...props} spec={spec} />
    </div>
  );
}

function SeedField(props: FieldProps) {
  const { page, place, set } = props;
  const isDrawn = page.isDrawn(place);
  const hold = (value: Json): void => {
    if (page.isDrawn(place)) page.draw(place, false);
    set(value);
  };
  return (
    <>
      <div class="form-row">
        <NumberInput {...props} set={hold} spec={place.narrowed} />
        <button type="button" class="form-button" aria-label={t("formPage.drawAnotherOf", { label: place.label })} title={t("formPage.drawAnother")} onClick={() => hold(drawSeed(place.narrowed))}><DiceIcon /></button>
      </div>
      <Switch label={t("formPage.drawEach")} isOn={isDrawn} set={(next) => page.draw(place, next)} name={t("formPage.drawEachOf", { label: place.label })} />
    </>
  );
}

export function Switch({ label, name, isOn, set, ...more }: { label: string; name?: string; isOn: boolean; set: (isOn: boolean) => void; id?: string; "aria-describedby"?: string }) {
  return (
    <button type="button" class="form-switch" role="switch" aria-checked={isOn} aria-label={name} onClick={() => set(!isOn)} {...more}>
      <span class="form-track" /><span>{label}</span>
    </button>
  );
}

function ToggleField(props: FieldProps) {
  const { place: { narrowed: spec, label }, value, set } = props;
  const isOn = value === true;
  return <Switch {...described(props)} label={(isOn ? spec.labelOn : spec.labelOff) ?? t(isOn ? "formPage.on" : "formPage.off")} name={label} isOn={isOn} set={set} />;
}

function ChoiceField(props: FieldProps) {
  const { place, value, set } = props;
  const [isOpen, setOpen] = useState(false);
  const choices = place.narrowed.choices ?? [];
  const isThere = choices.includes(value);
  if (choices.length <= MOST_IN_LIST)
    return (
      <span class="form-select">
        <select class="form-input" {...described(props)} value={isThere ? String(choices.indexOf(value)) : ""} onChange={(event) => set(choices[Number(event.currentTarget.value)]!)}>
          {!isThere && <option value="" disabled>{value === "" || choices.length === 0 ? t("formPage.nothingToChoose") : t("formPage.choiceGone", { value: String(value) })}</option>}
          {choices.map((choice, index) => <option key={index} value={String(index)}>{String(choice)}</option>)}
        </select>
        <ChevronIcon />
      </span>
    );
  return (
    <>
      <button type="button" class="form-input form-choice" {...described(props)} aria-haspopup="dialog" onClick={() => setOpen(true)} aria-label={`${place.label}: ${String(value)}`}>
        <span class="form-chosen">{isThere ? String(value) : t("formPage.choiceGone", { value: String(value) })}</span><ChevronIcon />
      </button>
      {isOpen && <PickerDialog label={place.label} choices={choices} value={value} pick={set} close={() => setOpen(false)} />}
    </>
  );
}

function componentFor(place: PlacedField): ComponentType<FieldProps> {
  switch (place.spec.kind) {
    case "number":
      return place.isSeed ? SeedField : NumberField;
    case "choice":
      return ChoiceField;
    case "toggle":
      return ToggleField;
    case "image":
      return ImageField;
    case "text":
      return TextField;
    default:
      return StringField;
  }
}

/** A field with its name above and what is to be said of it below. */
export function Field({ page, place, index }: { page: FormPage; place: PlacedField; index: number }) {
  const id = `field-${index}`;
  const wrong = page.fieldProblems.value.get(index);
  const help = place.field.help;
  const about = [help && `${id}-help`, wrong && `${id}-wrong`].filter(Boolean).join(" ") || undefined;
  const Component = componentFor(place);
  return (
    <FieldFrame id={id} label={place.label} help={help} wrong={wrong} index={index}>
      <Component page={page} place={place} index={index} value={page.value(place)} id={id} describedBy={about} isWrong={wrong !== undefined} set={(value) => page.set(index, value)} />
    </FieldFrame>
  );
}

function FieldFrame({ id, label, help, wrong, index, children }: { id: string; label: string; help: string; wrong: string | undefined; index: number; children: ComponentChildren }) {
  return (
    <div class={`form-field${wrong ? " is-wrong" : ""}`} data-field={index}>
      <label class="form-label" for={id}>{label}</label>
      {children}
      {help && <p class="form-help" id={`${id}-help`}>{help}</p>}
      {wrong && <p class="form-wrong" id={`${id}-wrong`} role="alert">{wrong}</p>}
    </div>
  );
}
