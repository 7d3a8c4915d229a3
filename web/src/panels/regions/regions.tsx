/** Areas of regional prompts are drawn on the frame of the picture that comes. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Editor } from "../../editor";
import type { Document } from "../../model/document";
import { areaEdits, CELL, fitted, pictureSize, regionsOf, type Region, type Size } from "../../model/regions";
import type { NodeId, Point, Rect } from "../../model/types";
import { CloseIcon } from "../../view/icons";
import { t } from "../../words";
import "./regions.css";

export interface RegionsProps {
  readonly editor: Editor;
  readonly document: Document;
  /** The node from which it was opened. */
  readonly first: NodeId;
}

/** Which sides follow the pointer: the whole rectangle, or a corner. */
type Grip = "move" | "nw" | "ne" | "sw" | "se";
const CORNERS: readonly Exclude<Grip, "move">[] = ["nw", "ne", "sw", "se"];
const HUES = [258, 25, 150, 90, 310, 200];

/** A rectangle after its grip was moved. */
function pulled(rect: Rect, grip: Grip, dx: number, dy: number): Rect {
  if (grip === "move") return { ...rect, x: rect.x + dx, y: rect.y + dy };
  const [left, top] = [grip.includes("w") ? dx : 0, grip.includes("n") ? dy : 0];
  const [right, bottom] = [grip.includes("e") ? dx : 0, grip.includes("s") ? dy : 0];
  return { x: rect.x + left, y: rect.y + top, width: rect.width + right - left, height: rect.height + bottom - top };
}

const ARROWS: Readonly<Record<string, Point>> = { ArrowLeft: [-CELL, 0], ArrowRight: [CELL, 0], ArrowUp: [0, -CELL], ArrowDown: [0, CELL] };
const share = (part: number, whole: number): string => `${(100 * part) / whole}%`;

interface AreaProps {
  readonly region: Region;
  readonly size: Size;
  readonly number: number;
  readonly isChosen: boolean;
  readonly choose: () => void;
  /** Pixels of the picture per pixel of the screen. */
  readonly perPixel: () => number;
  readonly set: (rect: Rect) => void;
  readonly done: () => void;
}

function Area({ region, size, number, isChosen, choose, perPixel, set, done }: AreaProps) {
  const drag = useRef<{ at: Point; rect: Rect; grip: Grip } | null>(null);
  const { rect, isFixed } = region;
  const begin = (event: PointerEvent, grip: Grip): void => {
    choose();
    if (isFixed || event.button !== 0) return;
    event.stopPropagation();
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    drag.current = { at: [event.clientX, event.clientY], rect, grip };
  };
  const follow = (event: PointerEvent): void => {
    if (!drag.current) return;
    const { at, rect: from, grip } = drag.current;
    set(pulled(from, grip, (event.clientX - at[0]) * perPixel(), (event.clientY - at[1]) * perPixel()));
  };
  const end = (): void => {
    drag.current = null;
    done();
  };
  const gestures = { onPointerMove: follow, onPointerUp: end, onPointerCancel: end };
  const says = t("regions.at", { name: region.label, width: Math.round(rect.width), height: Math.round(rect.height), x: Math.round(rect.x), y: Math.round(rect.y) });
  return (
    <div class={`region${isChosen ? " is-chosen" : ""}${isFixed ? " is-fixed" : ""}`} role="group" tabIndex={0} aria-label={says} title={isFixed ? t("regions.fixed") : says} data-region={region.id}
      style={{ left: share(rect.x, size.width), top: share(rect.y, size.height), width: share(rect.width, size.width), height: share(rect.height, size.height), "--hue": String(HUES[number % HUES.length]), zIndex: isChosen ? "1" : "0" }}
      onFocus={choose} onPointerDown={(event) => begin(event, "move")} {...gestures}
      onKeyDown={(event) => {
        const step = ARROWS[event.key];
        if (!step || isFixed) return;
        event.preventDefault();
        set(event.shiftKey ? { ...rect, width: rect.width + step[0], height: rect.height + step[1] } : { ...rect, x: rect.x + step[0], y: rect.y + step[1] });
        done();
      }}>
      <span class="region-label">{region.label}</span>
      <span class="region-size">{Math.round(rect.width)} × {Math.round(rect.height)}</span>
      {!isFixed && CORNERS.map((corner) => <span key={corner} class={`region-grip is-${corner}`} data-grip={corner} onPointerDown={(event) => begin(event, corner)} {...gestures} />)}
    </div>
  );
}

export function Regions({ editor, document, first }: RegionsProps) {
  const frame = useRef<HTMLDivElement>(null);
  const root = useRef<HTMLElement>(null);
  const [chosen, setChosen] = useState<NodeId>(first);
  void document.revision.value;
  const size = pictureSize(document.graph);
  const regions = regionsOf(document.graph, size);
  useEffect(() => root.current?.querySelector<HTMLElement>(`[data-region="${first}"]`)?.focus(), []);
  const close = (): void => void (editor.ui.regions.value = null);
  const undo = (event: KeyboardEvent): void => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    if (event.shiftKey) document.redo();
    else document.undo();
  };
  return (
    <>
      <div class="veil" onPointerDown={close} />
      <section class="dialog regions" role="dialog" aria-modal="true" aria-label={t("regions.title")} tabIndex={-1} ref={root} onKeyDown={undo}>
        <header><h2>{t("regions.title")}</h2><button type="button" class="icon-button" aria-label={t("common.close")} onClick={close}><CloseIcon /></button></header>
        <div class="region-room">
          <div class="region-frame" ref={frame} style={{ aspectRatio: `${size.width} / ${size.height}`, width: `min(100%, calc(60vh * ${size.width / size.height}))` }}>
            {regions.map((region, number) => (
              <Area key={region.id} region={region} size={size} number={number} isChosen={chosen === region.id} choose={() => setChosen(region.id)}
                perPixel={() => size.width / frame.current!.clientWidth}
                set={(rect) => document.edit("move area", areaEdits(document.graph, region.id, fitted(rect, size), size), `area ${region.id}`)} done={() => document.endGesture()} />
            ))}
          </div>
        </div>
        <p class="muted">{t("regions.howTo", { width: size.width, height: size.height, cell: CELL })}</p>
      </section>
    </>
  );
}
