/** On or off, and what a seed does after each run. */

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

const CONTROL_TEXT: Record<string, string> = { fixed: "keep", increment: "+1", decrement: "−1", randomize: "random" };

/** Fixed, increment, decrement or randomize, all in sight. */
export function ControlWidget({ spec, value, set }: WidgetProps) {
  return (
    <div class="field control" role="radiogroup" aria-label={`${spoken(spec.controls ?? "")} after each run`} title={spec.tooltip}>
      <span class="field-label">{spec.label}</span>
      <span class="segments">
        {(spec.choices ?? []).map((choice) => (
          <button key={String(choice)} class="segment" type="button" role="radio" aria-checked={choice === value} title={String(choice)}
            onClick={() => set(choice)}>{CONTROL_TEXT[String(choice)] ?? String(choice)}</button>
        ))}
      </span>
    </div>
  );
}
