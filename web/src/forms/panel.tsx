/** How is a form made? Its fields in their order, the results it shows, and its address. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Editor } from "../editor";
import type { Document } from "../model/document";
import { readForm, type Form } from "../model/form/form";
import { outputPlaces, placeForm } from "../model/form/places";
import { suggestForm } from "../model/form/suggest";
import { t } from "../words";
import { CloseIcon } from "../view/icons";
import { AddField } from "./add_field";
import "./forms.css";
import { Items } from "./items";
import { formOf, setForm, toggleOutput } from "./making";
import { FormPin } from "./pin";
import { Sharing } from "./sharing";
import { formPin, offeredNode, showsForm } from "./shown";

formPin.value = FormPin;

function Heading({ document, form }: { document: Document; form: Form }) {
  const done = (): void => document.endGesture();
  return (
    <div class="form-fields">
      <label>{t("formPanel.formTitle")}
        <input value={form.title} placeholder={document.name.value} onInput={({ currentTarget }) => setForm(document, { ...formOf(document), title: currentTarget.value }, "form title")} onBlur={done} />
      </label>
      <label>{t("formPanel.formAbout")}
        <textarea rows={2} value={form.about} placeholder={t("formPanel.formAboutHint")} onInput={({ currentTarget }) => setForm(document, { ...formOf(document), about: currentTarget.value }, "form about")} onBlur={done} />
      </label>
    </div>
  );
}

function Outputs({ document, form }: { document: Document; form: Form }) {
  const places = outputPlaces(document.root).filter(({ isOn }) => isOn);
  const placed = placeForm(document.root, form).outputs;
  const label = (at: number, text: string): void =>
    setForm(document, { ...form, outputs: form.outputs.map((output, index) => (index === at ? { ...output, label: text } : output)) }, `form output ${at}`);
  return (
    <fieldset class="form-outputs">
      <legend>{t("formPanel.results")}</legend>
      <p class="muted">{places.length > 0 ? t("formPanel.resultsHint") : t("formPanel.noResults")}</p>
      {places.map((place) => {
        const at = placed.findIndex((other) => other?.key === place.key);
        return (
          <div key={place.key} class="form-output">
            <label class="form-check"><input type="checkbox" checked={at >= 0} onChange={() => toggleOutput(document, place)} />{place.title}</label>
            {at >= 0 && <input value={form.outputs[at]!.label} placeholder={place.graph.title(place.node)} aria-label={t("formPanel.resultName", { label: place.title })} onInput={({ currentTarget }) => label(at, currentTarget.value)} onBlur={() => document.endGesture()} />}
          </div>
        );
      })}
      {placed.map((place, at) => place === null && (
        <label key={at} class="form-check form-trouble"><input type="checkbox" checked onChange={() => setForm(document, { ...form, outputs: form.outputs.filter((_, index) => index !== at) })} />{t("formPanel.gone", { type: form.outputs[at]!.label || form.outputs[at]!.type })}</label>
      ))}
    </fieldset>
  );
}

function Making({ editor, document }: { editor: Editor; document: Document }) {
  void document.revision.value;
  const form = formOf(document);
  const offered = offeredNode.value;
  const [isAdding, setAdding] = useState(offered !== null);
  useEffect(() => {
    if (offered !== null) setAdding(true);
  }, [offered]);
  return (
    <>
      <p class="muted">{t("formPanel.about")}</p>
      <Heading document={document} form={form} />
      <h3>{t("formPanel.fields")}</h3>
      {form.items.length === 0 && <button type="button" class="button run form-suggest" onClick={() => setForm(document, { ...suggestForm(document.root), title: form.title, about: form.about })}>{t("formPanel.suggest")}</button>}
      <p class="muted">{t("formPanel.pins")}</p>
      <Items editor={editor} document={document} form={form} />
      <div class="form-sharing-row">
        <button type="button" class="button" aria-expanded={isAdding} onClick={() => setAdding(!isAdding)}>{t("formPanel.addField")}</button>
        <button type="button" class="button" onClick={() => setForm(document, { ...form, items: [...form.items, { kind: "group", title: "", isFolded: false, raw: {} }] })}>{t("formPanel.addHeading")}</button>
      </div>
      {isAdding && <AddField key={offered ?? ""} document={document} first={offered} />}
      <Outputs document={document} form={form} />
      <Sharing editor={editor} document={document} />
      {readForm(document.root) && <button type="button" class="button quiet form-remove" onClick={() => setForm(document, null)}>{t("formPanel.removeForm")}</button>}
    </>
  );
}

export function FormPanel({ editor }: { editor: Editor }) {
  const root = useRef<HTMLElement>(null);
  useEffect(() => {
    root.current?.focus();
    return () => void (offeredNode.value = null);
  }, []);
  const document = editor.active.value;
  return (
    <aside class="forms" aria-label={t("formPanel.title")} tabIndex={-1} ref={root} onKeyDown={(event) => {
      if (event.key !== "Escape" || editor.isModal) return;
      event.stopPropagation();
      showsForm.value = false;
    }}>
      <header><h2>{t("formPanel.title")}</h2><button type="button" class="icon-button" aria-label={t("formPanel.close")} onClick={() => (showsForm.value = false)}><CloseIcon /></button></header>
      <div class="forms-scroll">{document && <Making key={document.id} editor={editor} document={document} />}</div>
    </aside>
  );
}
