/** One of a list: a button that opens the list, with a filter where it is long. */

import { BrushIcon, ChevronIcon, UploadIcon } from "../../icons";
import { editMask } from "../../../interaction/masks";
import { t } from "../../../words";
import { spoken, type WidgetProps } from "./widget";

export function ChoiceWidget({ editor, spec, value, set, linked }: WidgetProps) {
  const choices = spec.choices ?? [];
  const isMissing = !linked && choices.length > 0 && !choices.includes(value);
  return (
    <button class="field choice" type="button" disabled={linked} title={isMissing ? t("node.notAvailable", { value: String(value) }) : spec.tooltip}
      data-missing={isMissing ? "" : undefined} aria-haspopup="listbox" aria-label={`${spoken(spec.label)}: ${String(value)}`}
      onClick={(event) => {
        editor.ui.choice.value = { label: spoken(spec.label), anchor: event.currentTarget.getBoundingClientRect(), choices, value, pick: (next) => set(next) };
      }}>
      <span class="field-label">{spoken(spec.label)}</span>
      <span class="field-value">{String(value)}</span>
      <ChevronIcon />
    </button>
  );
}

/** A picture of the input folder: chosen, uploaded, or dropped on the node. */
export function ImageWidget(props: WidgetProps) {
  const { editor, document, node, spec, value, set, linked } = props;
  const choices = [...new Set([...editor.uploads.value, ...(spec.choices ?? [])])];
  const upload = async (file: File | undefined): Promise<void> => {
    const name = file && (await editor.upload(file));
    if (name) set(name);
  };
  return (
    <div class="field-pair">
      <button class="field choice" type="button" disabled={linked} aria-haspopup="listbox" aria-label={`${spoken(spec.label)}: ${String(value)}`}
        onClick={(event) => {
          editor.ui.choice.value = { label: spoken(spec.label), anchor: event.currentTarget.getBoundingClientRect(), choices, value, pick: (next) => set(next) };
        }}>
        <span class="field-label">{spoken(spec.label)}</span>
        <span class="field-value">{String(value)}</span>
        <ChevronIcon />
      </button>
      <label class="field icon-field" title={t("node.upload")}>
        <UploadIcon />
        <input class="visually-hidden" type="file" accept="image/*" aria-label={t("node.upload")} disabled={linked}
          onChange={(event) => void upload(event.currentTarget.files?.[0])} />
      </label>
      <button type="button" class="field icon-field" aria-label={t("node.editMask")} title={t("node.editMaskHint")} disabled={linked || !value} onClick={() => editMask(editor, document, node.id)}><BrushIcon /></button>
    </div>
  );
}
