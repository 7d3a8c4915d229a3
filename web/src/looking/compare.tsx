/** How do two pictures differ? One over the other with a line to drag, or both beside each other, zoomed as one. */

import { useRef, useState } from "preact/hooks";
import { viewUrl } from "../api/http";
import type { FileRef } from "../model/run_state";
import { t } from "../words";
import { transformOf, ZoomBox, type Stage } from "./zoom_box";

export type CompareMode = "slider" | "side";
const STEP = 0.02;

function Side({ reference, stage }: { reference: FileRef; stage: Stage }) {
  return (
    <figure>
      <ZoomBox stage={stage} label={reference.filename}><img src={viewUrl(reference)} alt={reference.filename} draggable={false} style={transformOf(stage.camera)} /></ZoomBox>
      <figcaption>{reference.filename}</figcaption>
    </figure>
  );
}

function Slider({ left, right, stage }: { left: FileRef; right: FileRef; stage: Stage }) {
  const box = useRef<HTMLDivElement>(null);
  const [part, setPart] = useState(0.5);
  const to = (share: number): void => setPart(Math.min(1, Math.max(0, share)));
  const keyDown = (event: KeyboardEvent): void => {
    const by = { ArrowLeft: -STEP, ArrowRight: STEP, PageDown: -5 * STEP, PageUp: 5 * STEP, Home: -1, End: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    to(part + by);
  };
  const drag = (event: PointerEvent): void => {
    if (event.buttons !== 1) return;
    event.stopPropagation();
    const { left: begin, width } = box.current!.getBoundingClientRect();
    to((event.clientX - begin) / width);
  };
  return (
    <div class="slid" ref={box}>
      <ZoomBox stage={stage} label={t("looking.over", { left: left.filename, right: right.filename })}>
        <div class="under"><img src={viewUrl(right)} alt={right.filename} draggable={false} style={transformOf(stage.camera)} /></div>
        <div class="over" style={{ clipPath: `inset(0 ${100 - part * 100}% 0 0)` }}><img src={viewUrl(left)} alt={left.filename} draggable={false} style={transformOf(stage.camera)} /></div>
      </ZoomBox>
      <span class="whose">{left.filename}</span>
      <span class="whose right">{right.filename}</span>
      <div class="line" role="slider" tabIndex={0} aria-label={t("looking.border")} aria-orientation="horizontal" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(part * 100)}
        style={{ left: `${part * 100}%` }} onKeyDown={keyDown} onPointerMove={drag}
        onPointerDown={(event) => { event.currentTarget.setPointerCapture(event.pointerId); event.stopPropagation(); }} />
    </div>
  );
}

export function Compare({ left, right, mode, stage }: { left: FileRef; right: FileRef; mode: CompareMode; stage: Stage }) {
  if (mode === "slider") return <Slider left={left} right={right} stage={stage} />;
  return <div class="sides"><Side reference={left} stage={stage} /><Side reference={right} stage={stage} /></div>;
}
