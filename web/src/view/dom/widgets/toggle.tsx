/** On or off, and what a seed does after each run. */

import { phrase, t } from "../../../words";
import { spoken, type WidgetProps } from "./widget";

export function ToggleWidget({ spec, value, set, linked }: WidgetProps) {
  const isOn = value === true;
  const words = isOn ? spec.labelOn : spec.labelOff;
  return (
    <button class="field toggle" type="button" role="switch" aria-checked={isOn} disabled={linked} title={spec.tooltip}
      aria-label={spoken(spec.label)} onClick={() => set(!isOn)}>
      <span class="field-label">{spoken(spec.label)}</span>
      {words && <span class="field-value">{words}</span>}
      <span class="switch" />
    </button>
  );
}

const CONTROL_TEXT: Record<string, () => string> = { fixed: phrase("node.fixed"), increment: phrase("node.increment"), decrement: phrase("node.decrement"), randomize: phrase("node.randomize") };

/** Fixed, increment, decrement or randomize, all in sight. */
export function ControlWidget({ spec, value, set }: WidgetProps) {
  return (
    <div class="field control" role="radiogroup" aria-label={t("node.afterEachRun", { widget: spoken(spec.controls ?? "") })} title={t("node.control", { name: spec.controls ?? "" })}>
      <span class="field-label">{t("node.afterRun")}</span>
      <span class="segments">
        {(spec.choices ?? []).map((choice) => (
          <button key={String(choice)} class="segment" type="button" role="radio" aria-checked={choice === value} title={String(choice)}
            onClick={() => set(choice)}>{CONTROL_TEXT[String(choice)]?.() ?? String(choice)}</button>
        ))}
      </span>
    </div>
  );
}
