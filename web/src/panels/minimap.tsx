/** Where in the workflow are we? A small map that appears when not all of it is in view; drag on it to go elsewhere. */

import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Editor } from "../editor";
import { MINIMAP } from "../settings/built_in";
import type { Document } from "../model/document";
import type { Rect } from "../model/types";
import { visibleArea } from "../view/canvas/camera";
import { cameraAt, mapPlace, paintMap, paintView, worldOf, type MapPlace } from "../view/canvas/minimap";
import { t } from "../words";

const WIDTH = 208;
const HEIGHT = 136;
const isWithin = (inner: Rect, outer: Rect): boolean =>
  inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.width <= outer.x + outer.width && inner.y + inner.height <= outer.y + outer.height;

/** The nodes, drawn once per edit; the frame alone is drawn with every move of the camera. */
class MapSheet {
  place: MapPlace | null = null;
  private readonly sheet = new OffscreenCanvas(WIDTH * devicePixelRatio, HEIGHT * devicePixelRatio);
  private world: Rect | null = null;
  private drawn = "";

  constructor(private readonly editor: Editor, private readonly canvas: HTMLCanvasElement) {
    canvas.width = this.sheet.width;
    canvas.height = this.sheet.height;
  }

  update(document: Document): void {
    const { stage } = this.editor;
    const camera = document.camera.value;
    const state = `${document.id} ${document.path.value.join(":")} ${document.revision.value} ${stage.theme.dark}`;
    if (state !== this.drawn) this.redraw(document, state);
    const view = visibleArea(camera, stage.width, stage.height);
    const isNeeded = this.world !== null && !isWithin(this.world, view);
    this.canvas.hidden = !isNeeded;
    if (!isNeeded || !this.place) return;
    const context = this.canvas.getContext("2d")!;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.drawImage(this.sheet, 0, 0);
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    paintView(context, view, this.place, stage.theme);
  }

  private redraw(document: Document, state: string): void {
    this.drawn = state;
    this.world = worldOf(document);
    this.place = this.world && mapPlace(this.world, WIDTH, HEIGHT);
    const context = this.sheet.getContext("2d")!;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.sheet.width, this.sheet.height);
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    if (this.place) paintMap(context, document, this.place, this.editor.stage.theme);
  }
}

export function Minimap({ editor }: { editor: Editor }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const map = useRef<MapSheet | null>(null);
  const isShown = editor.settings.of(MINIMAP).value;
  useEffect(() => {
    if (!canvas.current) return undefined;
    map.current = new MapSheet(editor, canvas.current);
    let frame = 0;
    const stop = effect(() => {
      const document = editor.active.value;
      if (!document) return;
      void [document.camera.value, document.revision.value, document.path.value];
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => map.current?.update(document));
    });
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [isShown]);
  if (!isShown) return null;
  const go = (event: PointerEvent): void => {
    const { stage } = editor;
    const box = canvas.current!.getBoundingClientRect();
    const place = map.current?.place;
    if (place) stage.setCamera(cameraAt(place, [event.clientX - box.left, event.clientY - box.top], stage.camera, stage.width, stage.height));
  };
  return (
    <canvas class="minimap" ref={canvas} hidden role="img" aria-label={t("minimap.title")} title={t("minimap.hint")}
      onPointerDown={(event) => { canvas.current!.setPointerCapture(event.pointerId); go(event); }}
      onPointerMove={(event) => { if (event.buttons === 1) go(event); }} />
  );
}
