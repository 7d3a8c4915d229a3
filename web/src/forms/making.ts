/** How does an author change the form? Each change is a step that undo takes back. */

import type { Document } from "../model/document";
import { EMPTY_FORM, formEdit, isSame, readForm, type Form, type FormField } from "../model/form/form";
import { outputPlaces, placeForm, type NodePlace, type WidgetPlace } from "../model/form/places";
import { fieldOf, outputOf } from "../model/form/suggest";
import { t } from "../words";

export const formOf = (document: Document): Form => readForm(document.root) ?? EMPTY_FORM;

/** The same `key` goes on with the step of typing until `endGesture`. */
export function setForm(document: Document, form: Form | null, key: string | null = null): void {
  document.edit(t("formPanel.change"), [formEdit(document.root, form)], key);
}

/** The form's field of a widget, also where it followed its node elsewhere; -1 where there is none. */
export function indexOf(document: Document, form: Form, key: string, widget: string): number {
  return placeForm(document.root, form).fields.findIndex((place) => place?.key === key && place.spec.name === widget);
}

/** A form whose results were never chosen shows them all. */
const withOutputs = (document: Document, form: Form): Form =>
  form.outputs.length > 0 || form.items.length > 0 ? form : { ...form, outputs: outputPlaces(document.root).filter(({ isOn }) => isOn).map((place) => outputOf(place)) };

export function addField(document: Document, place: WidgetPlace): void {
  const form = formOf(document);
  const field: FormField = fieldOf(place);
  if (form.items.some((item) => item.kind === "field" && isSame(item, field))) return;
  setForm(document, { ...withOutputs(document, form), items: [...form.items, field] });
}

export function toggleField(document: Document, place: WidgetPlace): void {
  const form = formOf(document);
  const index = indexOf(document, form, place.key, place.spec.name);
  if (index < 0) return addField(document, place);
  setForm(document, { ...form, items: form.items.filter((_, at) => at !== index) });
}

export function toggleOutput(document: Document, place: NodePlace): void {
  const form = formOf(document);
  const at = placeForm(document.root, form).outputs.findIndex((other) => other?.key === place.key);
  setForm(document, { ...form, outputs: at >= 0 ? form.outputs.filter((_, index) => index !== at) : [...form.outputs, outputOf(place)] });
}
