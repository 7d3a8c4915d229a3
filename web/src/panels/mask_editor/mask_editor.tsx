/** A mask is painted over a picture. What is painted changes later; the rest stays. */

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { reason } from "../../api/http";
import { combination } from "../../interaction/keymap";
import type { Area } from "../../model/mask/mask";
import { clear, feather, invert } from "../../model/mask/shapes";
import type { FileRef } from "../../model/run_state";
import type { Point } from "../../model/types";
import { t } from "../../words";
import { LARGEST_SIZE, MaskControls, MaskHeader, toolOfKey, type MaskActions } from "./controls";
import { fitPlace, MaskGestures, zoomPlace, type Input, type Place, type Tools } from "./gestures";
import { load, toPng, type Painting } from "./loading";
import "./mask_editor.css";
import { Overlay, polyline } from "./overlay";

export interface MaskEditorProps {
  readonly picture: FileRef;
  /** Stores the picture with the alpha of `png`. What it raises is said, and nothing is closed. */
  readonly save: (png: Blob) => Promise<void>;
  readonly close: () => void;
  readonly fail: (message: string) => void;
}

const START: Tools = { tool: "brush", size: 40, hardness: 0.8, opacity: 1, usesPressure: true };
/** A brush of this part of the picture's smaller side is a good start. */
const SIZE_PART = 0.1;
const PIXELS_SEEN_FROM = 3;

function readInput(event: PointerEvent, board: HTMLElement, moves: boolean): Input {
  const box = board.getBoundingClientRect();
  return { id: event.pointerId, at: [event.clientX - box.left, event.clientY - box.top], button: event.button, buttons: event.buttons, kind: event.pointerType, pressure: event.pressure, moves };
}

/** The picture, what is painted on it, and the brush at the pointer. */
function Board({ painting, tools, place, setPlace, changed, gestures, overlay }: {
  painting: Painting; tools: Tools; place: Place; setPlace: (place: Place) => void; changed: (area: Area | null) => void;
  gestures: { current: MaskGestures | null }; overlay: { current: Overlay | null };
}) {
  const board = useRef<HTMLDivElement>(null);
  const picture = useRef<HTMLCanvasElement>(null);
  const sheet = useRef<HTMLCanvasElement>(null);
  const isSpaceHeld = useRef(false);
  const [polygon, setPolygon] = useState<readonly Point[]>([]);
  const [pointer, setPointer] = useState<Point | null>(null);
  const latest = useRef({ tools, place, setPlace, changed });
  latest.current = { tools, place, setPlace, changed };
  const { mask } = painting;
  useLayoutEffect(() => {
    picture.current!.width = mask.width;
    picture.current!.height = mask.height;
    picture.current!.getContext("2d")!.drawImage(painting.picture, 0, 0);
    overlay.current = new Overlay(sheet.current!, mask);
    gestures.current = new MaskGestures({
      mask, tools: () => latest.current.tools, place: () => latest.current.place, setPolygon, changed: (area) => latest.current.changed(area),
      setPlace: (next) => {
        latest.current.place = next; // several moves may come before the next drawing
        latest.current.setPlace(next);
      },
    });
    latest.current.setPlace(fitPlace(mask.width, mask.height, board.current!.getBoundingClientRect()));
    const space = (event: KeyboardEvent): void => void (event.key === " " && (isSpaceHeld.current = event.type === "keydown"));
    addEventListener("keydown", space);
    addEventListener("keyup", space);
    return () => {
      removeEventListener("keydown", space);
      removeEventListener("keyup", space);
    };
  }, [painting]);
  const read = (event: PointerEvent): Input => readInput(event, board.current!, isSpaceHeld.current);
  const showsBrush = pointer && (tools.tool === "brush" || tools.tool === "eraser");
  return (
    <div class={`mask-board${showsBrush ? " has-brush" : ""}`} ref={board}
      onPointerDown={(event) => {
        event.currentTarget.closest<HTMLElement>(".mask-editor")?.focus(); // so that Space moves the picture and presses no button
        if (event.pointerType !== "touch" || event.isPrimary) event.currentTarget.setPointerCapture(event.pointerId);
        gestures.current!.down(read(event));
      }}
      onPointerMove={(event) => {
        const input = read(event);
        setPointer(event.pointerType === "touch" ? null : input.at);
        gestures.current!.move(input, event.getCoalescedEvents().map(read));
      }}
      onPointerUp={(event) => gestures.current!.up(read(event))}
      onPointerCancel={(event) => { gestures.current!.drop(); gestures.current!.up(read(event)); }}
      onPointerLeave={() => setPointer(null)}
      onContextMenu={(event) => event.preventDefault()}
      onWheel={(event) => {
        event.preventDefault();
        const box = event.currentTarget.getBoundingClientRect();
        setPlace(zoomPlace(place, [event.clientX - box.left, event.clientY - box.top], Math.exp(-Math.max(-200, Math.min(200, event.deltaY)) * 0.0015)));
      }}>
      <div class={`mask-paper${place.scale >= PIXELS_SEEN_FROM ? " is-large" : ""}`}
        style={{ width: `${mask.width}px`, height: `${mask.height}px`, transform: `translate(${place.x}px, ${place.y}px) scale(${place.scale})` }}>
        <canvas ref={picture} aria-label={t("mask.picture")} role="img" />
        <canvas ref={sheet} aria-label={t("mask.painted")} role="img" />
        <svg class="mask-polygon" viewBox={`0 0 ${mask.width} ${mask.height}`} hidden={polygon.length === 0}>
          <polygon points={polyline(polygon)} style={{ strokeWidth: `${1.5 / place.scale}px` }} />
          {polygon[0] && <circle cx={polygon[0][0]} cy={polygon[0][1]} r={5 / place.scale} />}
        </svg>
      </div>
      {showsBrush && <div class="mask-brush" style={{ width: `${tools.size * place.scale}px`, height: `${tools.size * place.scale}px`, transform: `translate(${pointer[0]}px, ${pointer[1]}px) translate(-50%, -50%)` }} />}
    </div>
  );
}

/** Loads what is to be painted; says why where that fails, and closes. */
function usePainting({ picture, close, fail }: MaskEditorProps): Painting | null {
  const [painting, setPainting] = useState<Painting | null>(null);
  useEffect(() => {
    let isOpen = true;
    load(picture).then((loaded) => isOpen && setPainting(loaded), (error: unknown) => {
      fail(t("mask.opensNot", { filename: picture.filename, why: reason(error) }));
      close();
    });
    return () => void (isOpen = false);
  }, [picture]);
  useEffect(() => () => painting?.picture.close(), [painting]);
  return painting;
}

/** Keys work wherever the focus is; letters that are typed into a field are not among them. */
function useKeys(act: MaskActions, gestures: { current: MaskGestures | null }, tools: Tools, setTools: (change: Partial<Tools>) => void): void {
  const press = (event: KeyboardEvent): boolean => {
    const keys: Record<string, () => void> = {
      "Mod+Z": act.undo, "Mod+Shift+Z": act.redo, "Mod+Y": act.redo, "Mod+S": act.save, I: act.invert, "0": act.fit,
      "[": () => setTools({ size: Math.max(1, Math.round(tools.size / 1.15 - 0.5)) }), "]": () => setTools({ size: Math.min(LARGEST_SIZE, Math.round(tools.size * 1.15 + 0.5)) }),
      Escape: () => (gestures.current?.polygonIsOpen ? gestures.current.drop() : act.close()),
    };
    const tool = toolOfKey(combination(event));
    if (gestures.current?.polygonIsOpen && event.key === "Enter") gestures.current.close();
    else if (tool) setTools({ tool });
    else if (keys[combination(event)]) keys[combination(event)]!();
    else return false;
    return true;
  };
  const latest = useRef(press);
  latest.current = press;
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => {
      if (latest.current(event)) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
    };
    addEventListener("keydown", listener, { capture: true });
    return () => removeEventListener("keydown", listener, { capture: true });
  }, []);
}

export function MaskEditor(props: MaskEditorProps) {
  const { picture } = props;
  const painting = usePainting(props);
  const [tools, setAllTools] = useState(START);
  const [softness, setSoftness] = useState(8);
  const [place, setPlace] = useState<Place>({ scale: 1, x: 0, y: 0 });
  const [isSaving, setSaving] = useState(false);
  const [, setChanges] = useState(0);
  const root = useRef<HTMLElement>(null);
  const gestures = useRef<MaskGestures | null>(null);
  const overlay = useRef<Overlay | null>(null);
  const setTools = (change: Partial<Tools>): void => setAllTools((before) => ({ ...before, ...change }));
  useEffect(() => root.current?.focus(), []);
  useEffect(() => { if (painting) setTools({ size: Math.max(4, Math.round(Math.min(painting.mask.width, painting.mask.height) * SIZE_PART)) }); }, [painting]);
  const mask = painting?.mask;
  const changed = (area: Area | null): void => {
    overlay.current?.show(area);
    setChanges((count) => count + 1);
  };
  const all = (change: () => void): void => {
    if (!mask) return;
    change();
    changed(mask.whole);
  };
  const close = (): void => {
    if (!mask?.canUndo || confirm(t("mask.confirmClose"))) props.close();
  };
  const save = async (): Promise<void> => {
    if (!mask || isSaving) return;
    setSaving(true);
    try {
      await props.save(await toPng(mask));
      props.close();
    } catch (error) {
      props.fail(t("mask.saveFails", { why: reason(error) }));
    } finally {
      setSaving(false);
    }
  };
  const act: MaskActions = useMemo(() => ({
    feather: (radius) => changed(mask ? feather(mask, radius) : null), invert: () => all(() => invert(mask!)), clear: () => all(() => clear(mask!)),
    undo: () => changed(mask?.undo() ?? null), redo: () => changed(mask?.redo() ?? null),
    fit: () => { const box = root.current?.querySelector(".mask-board")?.getBoundingClientRect(); if (mask && box) setPlace(fitPlace(mask.width, mask.height, box)); },
    close, save: () => void save(),
  }), [mask, isSaving]);
  useKeys(act, gestures, tools, setTools);
  const can = { undo: mask?.canUndo === true, redo: mask?.canRedo === true, save: mask !== undefined && !isSaving };
  return (
    <section class="mask-editor" role="dialog" aria-modal="true" aria-label={t("mask.maskOf", { name: picture.filename })} tabIndex={-1} ref={root}>
      <MaskHeader name={picture.filename} can={can} act={act} zoom={place.scale} />
      {painting ? <Board painting={painting} tools={tools} place={place} setPlace={setPlace} changed={changed} gestures={gestures} overlay={overlay} /> : <p class="mask-board mask-wait">{t("mask.fetching")}</p>}
      <MaskControls tools={tools} setTools={setTools} softness={softness} setSoftness={setSoftness} can={can} act={act} />
    </section>
  );
}
