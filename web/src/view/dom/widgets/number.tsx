/** A number: drag sideways to change it, click to type, arrows to step. */

import { useRef, useState } from "preact/hooks";
import { formatNumber, stepNumber, typedNumber } from "../../../model/number_values";
import { drawSeed } from "../../../model/seeds";
import type { WidgetSpec } from "../../../model/types";
import { t } from "../../../words";
import { DiceIcon } from "../../icons";
import { spoken, type WidgetProps } from "./widget";

const PIXELS_PER_STEP = 6;
const CLICK_SLACK = 3;

const asNumeric = (value: unknown): number | bigint => (typeof value === "bigint" ? value : Number(value));

function Typing({ spec, text, done }: { spec: WidgetSpec; text: string; done: (value: number | bigint | null) => void }) {
  const finish = (input: HTMLInputElement): void => {
    done(typedNumber(spec, input.value));
  };
  return (
    <input class="number-input" defaultValue={text} inputMode="decimal" aria-label={spoken(spec.label)} ref={(input) => { if (input && input !== document.activeElement) { input.focus(); input.select(); } }}
      onBlur={(event) => finish(event.currentTarget)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") finish(event.currentTarget);
        if (event.key === "Escape") done(null);
      }} />
  );
}

/** The pointer gesture: sideways is a scrub, no way at all is a click. */
function useScrub({ spec, value, set, commit, linked }: WidgetProps, onClick: () => void) {
  const start = useRef<{ x: number; value: number | bigint; moved: boolean } | null>(null);
  return {
    onPointerDown: (event: PointerEvent) => {
      if (linked || event.button !== 0) return;
      (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
      start.current = { x: event.clientX, value: asNumeric(value), moved: false };
    },
    onPointerMove: (event: PointerEvent) => {
      const from = start.current;
      if (!from) return;
      const dx = event.clientX - from.x;
      if (!from.moved && Math.abs(dx) < CLICK_SLACK) return;
      from.moved = true;
      const speed = event.shiftKey ? 10 : 1;
      set(stepNumber(spec, from.value, Math.round(dx / PIXELS_PER_STEP) * speed), true);
    },
    onPointerUp: () => {
      const from = start.current;
      start.current = null;
      if (from?.moved) commit();
      else if (from) onClick();
    },
    onPointerCancel: () => {
      if (start.current?.moved) commit();
      start.current = null;
    },
  };
}

/** How much of a bounded range is filled; null for ranges too wide to be worth a bar. */
function filled(spec: WidgetSpec, value: unknown): number | null {
  const { min, max } = spec;
  if (typeof value !== "number" || min === undefined || max === undefined || max - min > 100 || max <= min) return null;
  return Math.min(1, Math.max(0, (value - min) / (max - min)));
}

export function NumberWidget(props: WidgetProps) {
  const { spec, value, set, commit, linked, editor, document, node } = props;
  const [typing, setTyping] = useState<string | null>(null);
  const scrub = useScrub(props, () => setTyping(formatNumber(spec, value)));
  const isSeed = editor.isControlled(document, node, spec);
  const part = filled(spec, value);
  const step = (steps: number): void => {
    set(stepNumber(spec, asNumeric(value), steps), true);
    commit();
  };
  return (
    <div class="field number" data-scrub={linked ? undefined : ""} role="spinbutton" tabIndex={linked ? -1 : 0} title={spec.tooltip}
      aria-label={spoken(spec.label)} aria-valuenow={Number(value)} aria-valuetext={typeof value === "bigint" ? String(value) : undefined} aria-valuemin={spec.min} aria-valuemax={spec.max} aria-disabled={linked} {...scrub}
      onKeyDown={(event) => {
        if (linked || typing !== null || event.ctrlKey || event.metaKey) return;
        if (event.key === "ArrowUp" || event.key === "ArrowDown") step((event.key === "ArrowUp" ? 1 : -1) * (event.shiftKey ? 10 : 1));
        else if (event.key === "Enter") setTyping(formatNumber(spec, value));
        else if (/^[0-9.-]$/.test(event.key)) setTyping(event.key);
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}>
      {part !== null && <span class="number-bar" style={{ transform: `scaleX(${part})` }} />}
      <span class="field-label">{spoken(spec.label)}</span>
      {typing === null ? <span class="field-value">{formatNumber(spec, value)}</span> : (
        <Typing spec={spec} text={typing} done={(next) => {
          setTyping(null);
          if (next !== null && next !== value) set(next);
        }} />
      )}
      {isSeed && !linked && (
        <button class="field-button" type="button" aria-label={t("node.newRandom", { label: spec.label })} title={t("node.newSeed")}
          onPointerDown={(event) => event.stopPropagation()} onClick={() => set(drawSeed(spec))}><DiceIcon /></button>
      )}
    </div>
  );
}
