/** Which widget becomes a field? All that are not on the form yet, by their nodes, with a search. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Document } from "../model/document";
import { nameOf, widgetPlaces, type WidgetPlace } from "../model/form/places";
import { fuzzyScore } from "../model/fuzzy";
import { t } from "../words";
import { addField, formOf, indexOf } from "./making";

const textOf = (place: WidgetPlace): string => `${place.title} ${place.spec.label.replaceAll("_", " ")}`;

/** `first` is the key of the node whose widgets come first. */
export function AddField({ document, first }: { document: Document; first: string | null }) {
  const revision = document.revision.value;
  const [query, setQuery] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const free = useMemo(() => {
    const form = formOf(document);
    return widgetPlaces(document.root).filter((place) => place.isOn && !place.isLinked && indexOf(document, form, place.key, place.spec.name) < 0);
  }, [document, revision]);
  const order = (place: WidgetPlace): number => (place.key === first || place.key.startsWith(`${first}:`) ? 1 : 0);
  const shown = free.filter((place) => fuzzyScore(query, textOf(place)) > 0).sort((a, b) => order(b) - order(a));
  const titles = [...new Set(shown.map((place) => place.key))];
  return (
    <div class="form-add">
      <input ref={field} value={query} placeholder={t("formPanel.findWidget")} aria-label={t("formPanel.findWidget")} onInput={({ currentTarget }) => setQuery(currentTarget.value)}
        onKeyDown={(event) => { if (event.key === "Enter" && shown[0]) addField(document, shown[0]); }} />
      <div class="form-add-list">
        {titles.map((key) => {
          const places = shown.filter((place) => place.key === key);
          return (
            <section key={key} aria-label={places[0]!.title}>
              <h4>{places[0]!.title}</h4>
              {places.map((place) => <button key={place.spec.name} type="button" class="form-candidate" onClick={() => addField(document, place)}>{nameOf(place) === place.graph.title(place.node) ? place.spec.label.replaceAll("_", " ") : nameOf(place)}</button>)}
            </section>
          );
        })}
        {shown.length === 0 && <p class="muted">{t("formPanel.allChosen")}</p>}
      </div>
    </div>
  );
}
