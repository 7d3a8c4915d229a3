/** A value whose widget an extension brings, as long as that is not there: its text, or its JSON. */

import { useState } from "preact/hooks";
import { parseJson, toJson } from "../../../model/exact_json";
import type { Json } from "../../../model/types";
import { t } from "../../../words";
import { spoken, type WidgetProps } from "./widget";

const written = (value: Json): string => (typeof value === "string" ? value : toJson(value));

/** What was typed as a value of the same kind as before; undefined where it is no JSON. */
function readBack(text: string, before: Json): Json | undefined {
  if (typeof before === "string") return text;
  try {
    return parseJson(text) as Json;
  } catch {
    return undefined;
  }
}

export function OwnFallback({ spec, value, set, linked }: WidgetProps) {
  const [isWrong, setWrong] = useState(false);
  return (
    <label class="field string" title={isWrong ? t("extensions.noJson") : [spec.tooltip, t("extensions.fallback")].filter(Boolean).join(" ")} data-missing={isWrong ? "" : undefined}>
      <span class="field-label">{spoken(spec.label)}</span>
      <input class="string-input" key={written(value)} defaultValue={written(value)} disabled={linked} aria-label={spoken(spec.label)} spellcheck={false} aria-invalid={isWrong}
        onChange={(event) => {
          const read = readBack(event.currentTarget.value, value);
          setWrong(read === undefined);
          if (read !== undefined) set(read);
        }} />
    </label>
  );
}
