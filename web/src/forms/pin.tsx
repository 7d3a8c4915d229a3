/** Beside each widget while a form is made: a pin that puts it on the form or takes it away. */

import { keyAt } from "../model/levels";
import { nameOf, widgetPlaces } from "../model/form/places";
import { t } from "../words";
import { PinIcon } from "../view/icons";
import { formOf, indexOf, toggleField } from "./making";
import type { PinProps } from "./shown";

const PINNED = new Set(["number", "choice", "string", "text", "toggle", "image"]);

export function FormPin({ document, node, spec }: PinProps) {
  void document.revision.value;
  if (!PINNED.has(spec.kind) || node.type === "Note") return null;
  const key = keyAt(document.path.value, node.id);
  const isOn = indexOf(document, formOf(document), key, spec.name) >= 0;
  const toggle = (): void => {
    const place = widgetPlaces(document.root).find((other) => other.key === key && other.spec.name === spec.name);
    if (place) toggleField(document, place);
  };
  const label = t("formPanel.pin", { label: `${document.graph.title(node)}: ${nameOf({ graph: document.graph, node, spec })}` });
  return <button type="button" class="form-pin" data-widget="pin" role="switch" aria-checked={isOn} aria-label={label} title={label} onClick={toggle}><PinIcon /></button>;
}
