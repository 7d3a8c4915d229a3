/** How do the page's events reach the machine? The canvas, the nodes above it and the sheet for gestures. */

import { useEffect, useRef } from "preact/hooks";
import { effect } from "@preact/signals";
import type { Editor } from "../editor";
import type { Point } from "../model/types";
import { pan, zoomAt } from "../view/canvas/camera";
import { linkEnds, traceLink } from "../view/canvas/link_path";
import { WHEEL } from "../settings/built_in";
import { NodeLayer } from "../view/dom/node_layer";
import { socketShape, traceSocket } from "../view/socket_shapes";
import type { Gesture, Stage } from "../view/stage";
import { typeColor } from "../view/theme";
import { t } from "../words";
import { listenToClipboard } from "./clipboard";
import { enterCanvas } from "./focus";
import { takeFiles } from "./files";
import type { PointerInput, PointerMachine } from "./pointer";

const held = { space: false };

/** `selects` is the mode in which what pans draws a box, and each tap selects one more: the Shift of those who have no keys. */
function readInput(event: PointerEvent | MouseEvent, viewport: HTMLElement, selects = false): PointerInput {
  const box = viewport.getBoundingClientRect();
  const target = event.target instanceof Element ? event.target : null;
  return {
    id: event instanceof PointerEvent ? event.pointerId : 0, at: [event.clientX - box.left, event.clientY - box.top], button: event.button,
    shift: event.shiftKey || selects, mod: event.ctrlKey || event.metaKey, alt: event.altKey, touch: event instanceof PointerEvent && event.pointerType === "touch",
    space: held.space, onWidget: (target?.closest("[data-widget]") ?? null) !== null,
  };
}

function listenToPointer(viewport: HTMLElement, machine: PointerMachine, selects: () => boolean): void {
  viewport.addEventListener("pointerdown", (event) => {
    const input = readInput(event, viewport, selects());
    if (!machine.down(input)) return;
    viewport.setPointerCapture(event.pointerId);
    event.preventDefault();
    event.stopPropagation();
    if (document.activeElement instanceof HTMLElement && !(event.target as Element).closest?.("[data-node]")?.contains(document.activeElement)) document.activeElement.blur();
  }, { capture: true });
  viewport.addEventListener("pointermove", (event) => machine.isBusy && machine.move(readInput(event, viewport)));
  viewport.addEventListener("pointerup", (event) => (machine.isBusy ? machine.up(readInput(event, viewport)) : machine.release(event.pointerId)));
  viewport.addEventListener("pointercancel", () => machine.cancel());
  viewport.addEventListener("dblclick", (event) => {
    const input = readInput(event, viewport);
    if (!input.onWidget) machine.doubleClick(input);
  });
  viewport.addEventListener("contextmenu", (event) => {
    if (!(event.target as Element).closest("input, textarea, img, [contenteditable=true]")) event.preventDefault();
  });
}

/** The finger that opened a menu is still down: lifting it is no click on what is under it by now. The next press is. */
function ignoreClick(): void {
  const swallow = (event: Event): void => {
    event.preventDefault();
    event.stopPropagation();
  };
  const heed = (): void => removeEventListener("click", swallow, { capture: true });
  const end = (): void => void setTimeout(heed, 80);
  addEventListener("click", swallow, { capture: true });
  addEventListener("pointerup", end, { capture: true, once: true });
  addEventListener("pointercancel", end, { capture: true, once: true });
  addEventListener("pointerdown", heed, { capture: true, once: true });
}

const LONG_PRESS_MS = 500;
const LONG_PRESS_SLACK = 8;

/**
 * A finger that rests is what a right click is to a mouse; not every browser says so itself. One that rested on the void and
 * then moves wanted no menu: it draws a box.
 */
function listenToLongPress(viewport: HTMLElement, machine: PointerMachine, { stage, ui }: Editor): void {
  let start: PointerInput | null = null;
  let rested: PointerInput | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = (): void => {
    clearTimeout(timer);
    start = rested = null;
  };
  const press = (): void => {
    if (!start) return;
    const input = start;
    machine.cancel();
    machine.down({ ...input, touch: false, button: 2 });
    stop();
    if (stage.hit(input.at, false, true).kind === "void") rested = input;
    ignoreClick();
  };
  const beginBox = (input: PointerInput): void => {
    stop();
    ui.menu.value = null;
    machine.down({ ...input, shift: true });
  };
  viewport.addEventListener("pointerdown", (event) => {
    const isFirst = start === null && event.isPrimary;
    stop();
    const input = readInput(event, viewport);
    if (!isFirst || !input.touch || input.onWidget) return;
    start = input;
    timer = setTimeout(() => requestAnimationFrame(press), LONG_PRESS_MS); // moves that wait on a busy page are heard first
  }, { capture: true });
  viewport.addEventListener("pointermove", (event) => {
    const input = start ?? rested;
    if (!input || event.pointerId !== input.id || Math.hypot(event.clientX - viewport.offsetLeft - input.at[0], event.clientY - viewport.offsetTop - input.at[1]) <= LONG_PRESS_SLACK) return;
    if (rested) beginBox(rested);
    else stop();
  });
  for (const type of ["pointerup", "pointercancel"] as const) viewport.addEventListener(type, stop);
}

/** A trackpad sends small steps or sideways ones; a mouse wheel sends large upright ones. */
function listenToWheel(viewport: HTMLElement, stage: Stage, pans: () => boolean): void {
  viewport.addEventListener("wheel", (event) => {
    const scrolls = (event.target as Element).closest("textarea, .node-text, .markdown, .cm-scroller");
    if (scrolls?.contains(document.activeElement) && !event.ctrlKey) return;
    event.preventDefault();
    const box = viewport.getBoundingClientRect();
    const at: Point = [event.clientX - box.left, event.clientY - box.top];
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 300 : 1;
    if (!event.ctrlKey && (event.deltaX !== 0 || event.shiftKey || pans())) {
      const [dx, dy] = event.shiftKey && event.deltaX === 0 ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
      stage.setCamera(pan(stage.camera, -dx * unit, -dy * unit));
    } else {
      const strength = event.ctrlKey ? 0.01 : 0.0015;
      stage.setCamera(zoomAt(stage.camera, at, Math.exp(-Math.max(-200, Math.min(200, event.deltaY * unit)) * strength)));
    }
  }, { passive: false });
}

function listenToDrops(viewport: HTMLElement, editor: Editor): void {
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    const box = viewport.getBoundingClientRect();
    const files = [...(event.dataTransfer?.files ?? [])];
    void takeFiles(editor, files, editor.stage.canvasPoint([event.clientX - box.left, event.clientY - box.top]), true);
  });
}

function listenToSpace(viewport: HTMLElement): void {
  const set = (isHeld: boolean): void => {
    held.space = isHeld;
    viewport.classList.toggle("is-grabbing", isHeld);
  };
  addEventListener("keydown", (event) => {
    if (event.key === " " && (event.target === document.body || (event.target as Element).closest?.("[data-node]") === event.target)) {
      event.preventDefault();
      set(true);
    }
  });
  addEventListener("keyup", (event) => event.key === " " && set(false));
  addEventListener("blur", () => set(false));
}

/** The links that are to be cut or to take a node in, and the stroke that cuts. */
function paintLinkGesture(context: CanvasRenderingContext2D, stage: Stage, gesture: Extract<Gesture, { kind: "cut" | "insert" }>): void {
  const document = stage.document!;
  context.strokeStyle = gesture.kind === "cut" ? stage.theme.error : stage.theme.selected;
  context.lineWidth = Math.max(5, 2.5 / stage.camera.scale);
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  for (const id of gesture.kind === "cut" ? gesture.links : [gesture.link]) {
    const link = document.graph.links.get(id);
    if (link) traceLink(context, ...linkEnds(document, link));
  }
  context.stroke();
  if (gesture.kind === "insert") return;
  context.lineWidth = 2 / stage.camera.scale;
  context.setLineDash([6 / stage.camera.scale, 4 / stage.camera.scale]);
  context.beginPath();
  for (const [x, y] of gesture.path) context.lineTo(x, y);
  context.stroke();
  context.setLineDash([]);
}

/** Draws what a gesture shows above everything else; nothing is drawn while there is none. */
function paintGesture(sheet: HTMLCanvasElement, stage: Stage): void {
  const gesture = stage.gesture.value;
  sheet.hidden = gesture === null;
  if (!gesture) return;
  const context = sheet.getContext("2d")!;
  if (sheet.width !== Math.round(stage.width * devicePixelRatio)) sheet.width = Math.round(stage.width * devicePixelRatio);
  if (sheet.height !== Math.round(stage.height * devicePixelRatio)) sheet.height = Math.round(stage.height * devicePixelRatio);
  const { camera, theme } = stage;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, sheet.width, sheet.height);
  context.setTransform(devicePixelRatio * camera.scale, 0, 0, devicePixelRatio * camera.scale, devicePixelRatio * camera.x, devicePixelRatio * camera.y);
  context.lineWidth = 1.5 / camera.scale;
  if (gesture.kind === "box") {
    const { x, y, width, height } = gesture.rect;
    context.strokeStyle = context.fillStyle = theme.selected;
    context.strokeRect(x, y, width, height);
    context.globalAlpha = 0.12;
    context.fillRect(x, y, width, height);
    context.globalAlpha = 1;
    return;
  }
  if (gesture.kind === "cut" || gesture.kind === "insert") return paintLinkGesture(context, stage, gesture);
  context.strokeStyle = context.fillStyle = gesture.fits === false ? theme.error : typeColor(gesture.linking.type, theme);
  context.lineWidth = Math.max(3, 1.5 / camera.scale);
  context.lineCap = "round";
  context.setLineDash(gesture.fits === true ? [] : [8, 7]);
  context.beginPath();
  const { from } = gesture.linking;
  if (gesture.linking.end.side === "output") traceLink(context, from, gesture.to);
  else traceLink(context, gesture.to, from);
  context.stroke();
  context.setLineDash([]);
  context.beginPath();
  traceSocket(context, socketShape(gesture.linking.type), gesture.to, (gesture.fits ? 7 : 4.5) / Math.min(1, camera.scale));
  context.fill();
}

export function Viewport({ editor, machine }: { editor: Editor; machine: PointerMachine }) {
  const root = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const layer = useRef<HTMLDivElement>(null);
  const sheet = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const viewport = root.current!;
    const { stage } = editor;
    let pointer: Point | null = null;
    stage.attach(canvas.current!, layer.current!);
    viewport.addEventListener("pointermove", (event) => (pointer = readInput(event, viewport).at));
    listenToPointer(viewport, machine, () => editor.ui.selectsBoxes.value);
    listenToLongPress(viewport, machine, editor);
    listenToWheel(viewport, stage, () => editor.settings.of(WHEEL).peek() === "pan");
    listenToDrops(viewport, editor);
    listenToSpace(viewport);
    listenToClipboard(editor, () => stage.canvasPoint(pointer ?? [stage.width / 3, stage.height / 3]));
    new ResizeObserver(() => stage.resize(canvas.current!)).observe(viewport);
    return effect(() => paintGesture(sheet.current!, stage));
  }, []);
  return (
    <div class="viewport" ref={root} role="region" aria-label={t("node.canvas")} tabIndex={0}>
      <canvas class="scene" ref={canvas} aria-hidden="true" />
      <div class="nodes" ref={layer}><NodeLayer editor={editor} /></div>
      <canvas class="sheet" ref={sheet} hidden aria-hidden="true" />
      <span class="canvas-end" tabIndex={0} onFocus={({ relatedTarget }) => { if (!root.current?.contains(relatedTarget as Node | null)) enterCanvas(editor); }} />
    </div>
  );
}
