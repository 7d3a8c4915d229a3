/** The fields and headings of a form in their order: moved by a handle, opened to be set. */

import { useRef, useState } from "preact/hooks";
import type { Editor } from "../editor";
import type { Document } from "../model/document";
import { changeItem, moveItem, removeItem, type Form, type FormGroup, type FormItem } from "../model/form/form";
import { placeForm, troubleOf, type PlacedField } from "../model/form/places";
import { t } from "../words";
import { ChevronIcon, CloseIcon, GripIcon, WarningIcon } from "../view/icons";
import { FieldSettings } from "./field_settings";
import { formOf, setForm } from "./making";

const labelOf = (item: FormItem, place: PlacedField | null): string => {
  if (item.kind === "group") return item.title || t("formPanel.heading");
  return item.kind === "field" ? place?.label ?? (item.label || item.widget) : "";
};

interface RowProps {
  readonly editor: Editor;
  readonly document: Document;
  readonly form: Form;
  readonly index: number;
  readonly place: PlacedField | null;
  /** True where a row that is dragged would be put before this one. */
  readonly isTarget: boolean;
  readonly move: (to: number) => void;
  readonly grip: (event: PointerEvent) => void;
}

function Grip({ label, move, grip, index }: { label: string; move: (to: number) => void; grip: (event: PointerEvent) => void; index: number }) {
  return (
    <button type="button" class="form-grip" aria-label={t("formPanel.move", { label })} title={t("formPanel.move", { label })} onPointerDown={grip}
      onKeyDown={(event) => {
        const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
        if (!step) return;
        event.preventDefault();
        event.stopPropagation();
        move(index + step);
      }}><GripIcon /></button>
  );
}

function Heading({ document, form, index, item }: RowProps & { item: FormGroup }) {
  return (
    <div class="form-heading-row">
      <input value={item.title} placeholder={t("formPanel.heading")} aria-label={t("formPanel.headingName")}
        onInput={({ currentTarget }) => setForm(document, changeItem(formOf(document), index, { title: currentTarget.value }), `form heading ${index}`)} onBlur={() => document.endGesture()} />
      <label class="form-check"><input type="checkbox" checked={item.isFolded} onChange={({ currentTarget }) => setForm(document, changeItem(form, index, { isFolded: currentTarget.checked }))} />{t("formPanel.folded")}</label>
    </div>
  );
}

function Row(props: RowProps) {
  const { editor, document, form, index, place } = props;
  const [isOpen, setOpen] = useState(false);
  const item = form.items[index]!;
  if (item.kind === "stranger") return null;
  const label = labelOf(item, place);
  const trouble = item.kind === "field" ? troubleOf(place) : "";
  return (
    <li class={`form-item is-${item.kind}${props.isTarget ? " is-target" : ""}`} data-item={index}>
      <div class="form-item-row">
        <Grip label={label} {...props} />
        {item.kind === "group" ? <Heading {...props} item={item} /> : (
          <button type="button" class="form-item-name" aria-expanded={isOpen} aria-label={t("formPanel.settings", { label })} onClick={() => setOpen(!isOpen)}>
            <span><strong>{label}</strong>{trouble && <span class="form-warn" title={trouble}><WarningIcon /></span>}</span>
            <span class="muted">{place ? `${place.title} · ${place.spec.label.replaceAll("_", " ")}` : trouble}</span>
          </button>
        )}
        {item.kind === "field" && <span class={`form-turn${isOpen ? " is-open" : ""}`}><ChevronIcon /></span>}
        <button type="button" class="icon-button" aria-label={t("formPanel.remove", { label })} title={t("formPanel.remove", { label })} onClick={() => setForm(document, removeItem(form, index))}><CloseIcon /></button>
      </div>
      {isOpen && item.kind === "field" && <FieldSettings editor={editor} document={document} index={index} field={item} place={place} />}
    </li>
  );
}

/** Where among the rows the pointer is: the place that a dropped row takes. */
function placeAt(list: HTMLElement, y: number): number {
  const rows = [...list.children];
  const before = rows.filter((row) => {
    const box = row.getBoundingClientRect();
    return y > box.top + box.height / 2;
  });
  return before.length === 0 ? 0 : Number((before.at(-1) as HTMLElement).dataset.item) + 1;
}

export function Items({ editor, document, form }: { editor: Editor; document: Document; form: Form }) {
  const list = useRef<HTMLUListElement>(null);
  const [drop, setDrop] = useState<number | null>(null);
  const { fields } = placeForm(document.root, form);
  const move = (from: number, to: number): void => {
    if (to < 0 || to >= form.items.length || to === from) return;
    setForm(document, moveItem(form, from, to));
    requestAnimationFrame(() => list.current?.querySelector<HTMLElement>(`[data-item="${to}"] .form-grip`)?.focus());
  };
  const grip = (from: number) => (event: PointerEvent): void => {
    const handle = event.currentTarget as HTMLElement;
    handle.setPointerCapture(event.pointerId);
    let at: number | null = null;
    const follow = ({ clientY }: PointerEvent): void => setDrop((at = placeAt(list.current!, clientY)));
    const end = (ended: PointerEvent): void => {
      handle.removeEventListener("pointermove", follow);
      setDrop(null);
      if (at !== null && ended.type === "pointerup") move(from, at > from ? at - 1 : at);
    };
    handle.addEventListener("pointermove", follow);
    handle.addEventListener("pointerup", end, { once: true });
    handle.addEventListener("pointercancel", end, { once: true });
  };
  const seen = new Map<string, number>();
  const rows = form.items.map((item, index) => {
    const name = item.kind === "field" ? `${item.node} ${item.widget}` : item.kind;
    const count = seen.get(name) ?? 0; // headings may have the same name
    seen.set(name, count + 1);
    return <Row key={`${name} ${count}`} editor={editor} document={document} form={form} index={index} place={fields[index] ?? null} isTarget={drop === index} move={(to) => move(index, to)} grip={grip(index)} />;
  });
  return <ul class={`form-items${drop === form.items.length ? " is-end" : ""}`} ref={list} aria-label={t("formPanel.fields")}>{rows}</ul>;
}
