/** What can be set and pressed while a mask is painted? */

import type { ComponentChildren } from "preact";
import { CloseIcon, FitIcon, RedoIcon, UndoIcon } from "../../view/icons";
import { t } from "../../words";
import type { Tool, Tools } from "./gestures";

export const LARGEST_SIZE = 600;
const TOOLS: readonly (readonly [Tool, string])[] = [["brush", "B"], ["eraser", "E"], ["fill", "F"], ["polygon", "P"]];

/** The tool of a key; undefined for any other key. */
export const toolOfKey = (key: string): Tool | undefined => TOOLS.find(([, letter]) => letter === key.toUpperCase())?.[0];

function Slider({ label, value, min = 0, max, unit, set }: { label: string; value: number; min?: number; max: number; unit: string; set: (value: number) => void }) {
  return (
    <label class="mask-slider">
      <span>{label}</span>
      <input type="range" min={min} max={max} value={value} aria-label={label} onInput={(event) => set(event.currentTarget.valueAsNumber)} />
      <output>{value}{unit}</output>
    </label>
  );
}

export interface MaskActions {
  readonly feather: (radius: number) => void;
  readonly invert: () => void;
  readonly clear: () => void;
  readonly undo: () => void;
  readonly redo: () => void;
  readonly fit: () => void;
  readonly close: () => void;
  readonly save: () => void;
}
interface Props {
  readonly tools: Tools;
  readonly setTools: (change: Partial<Tools>) => void;
  readonly softness: number;
  readonly setSoftness: (radius: number) => void;
  readonly can: { readonly undo: boolean; readonly redo: boolean; readonly save: boolean };
  readonly act: MaskActions;
}

const Group = ({ children }: { children: ComponentChildren }) => <div class="mask-group">{children}</div>;

export function MaskControls({ tools, setTools, softness, setSoftness, act }: Props) {
  return (
    <div class="mask-controls" role="toolbar" aria-label={t("mask.tools")}>
      <Group>
        <div class="segments" role="radiogroup" aria-label={t("mask.tool")}>
          {TOOLS.map(([tool, key]) => (
            <button key={tool} type="button" class="segment" role="radio" aria-checked={tools.tool === tool} title={`${t(`mask.${tool}`)} (${key})`} onClick={() => setTools({ tool })}>{t(`mask.${tool}`)}</button>
          ))}
        </div>
      </Group>
      <Group>
        <Slider label={t("mask.size")} value={tools.size} min={1} max={LARGEST_SIZE} unit=" px" set={(size) => setTools({ size })} />
        <Slider label={t("mask.hardness")} value={Math.round(tools.hardness * 100)} max={100} unit=" %" set={(value) => setTools({ hardness: value / 100 })} />
        <Slider label={t("mask.opacity")} value={Math.round(tools.opacity * 100)} min={1} max={100} unit=" %" set={(value) => setTools({ opacity: value / 100 })} />
        <label class="mask-check"><input type="checkbox" checked={tools.usesPressure} onChange={(event) => setTools({ usesPressure: event.currentTarget.checked })} />{t("mask.pressure")}</label>
      </Group>
      <Group>
        <Slider label={t("mask.softness")} value={softness} min={1} max={100} unit=" px" set={setSoftness} />
        <button type="button" class="button" title={t("mask.featherHint")} onClick={() => act.feather(softness)}>{t("mask.feather")}</button>
        <button type="button" class="button" title={t("mask.invertHint")} onClick={act.invert}>{t("mask.invert")}</button>
        <button type="button" class="button" onClick={act.clear}>{t("mask.clear")}</button>
      </Group>
    </div>
  );
}

export function MaskHeader({ name, can, act, zoom }: Pick<Props, "can" | "act"> & { name: string; zoom: number }) {
  return (
    <header class="mask-header">
      <h2>{t("mask.maskOf", { name })}</h2>
      <span class="spacer" />
      <button type="button" class="icon-button" aria-label={t("mask.undo")} title={t("mask.undo")} disabled={!can.undo} onClick={act.undo}><UndoIcon /></button>
      <button type="button" class="icon-button" aria-label={t("mask.redo")} title={t("mask.redo")} disabled={!can.redo} onClick={act.redo}><RedoIcon /></button>
      <span class="divider" />
      <button type="button" class="icon-button" aria-label={t("mask.fit")} title={t("mask.fitHint")} onClick={act.fit}><FitIcon /></button>
      <span class="mask-zoom">{Math.round(zoom * 100)} %</span>
      <span class="divider" />
      <button type="button" class="button run mask-save" disabled={!can.save} onClick={act.save}>{t("mask.save")}</button>
      <button type="button" class="icon-button" aria-label={t("common.close")} title={t("mask.closeHint")} onClick={act.close}><CloseIcon /></button>
    </header>
  );
}
