/** How is a picture zoomed with the wheel and dragged about? */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { FIT, panned, zoomed, type Camera } from "./camera";

export interface Stage {
  readonly camera: Camera;
  readonly move: (change: (camera: Camera) => Camera) => void;
}

/** A box whose content is zoomed with the wheel and dragged about. */
export function ZoomBox({ stage, label, onPoint, children }: { stage: Stage; label: string; onPoint?: (event: PointerEvent | null) => void; children: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  const held = useRef<{ x: number; y: number } | null>(null);
  const fromMiddle = (event: MouseEvent): [number, number] => {
    const { left, top, width, height } = box.current!.getBoundingClientRect();
    return [event.clientX - left - width / 2, event.clientY - top - height / 2];
  };
  useEffect(() => {
    const element = box.current!;
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      const [x, y] = fromMiddle(event);
      stage.move((camera) => zoomed(camera, Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0015)), x, y));
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, [stage.move]);
  return (
    <div class="zoom-box" ref={box} role="group" aria-label={label}
      onPointerDown={(event) => { held.current = { x: event.clientX, y: event.clientY }; event.currentTarget.setPointerCapture(event.pointerId); }}
      onPointerMove={(event) => {
        onPoint?.(event);
        if (!held.current) return;
        const [dx, dy] = [event.clientX - held.current.x, event.clientY - held.current.y];
        held.current = { x: event.clientX, y: event.clientY };
        stage.move((camera) => panned(camera, dx, dy));
      }}
      onPointerUp={() => (held.current = null)} onPointerCancel={() => (held.current = null)} onPointerLeave={() => onPoint?.(null)}
      onDblClick={(event) => { const [x, y] = fromMiddle(event); stage.move((camera) => (camera.scale > 1.01 ? FIT : zoomed(camera, 4, x, y))); }}>
      {children}
    </div>
  );
}

export const transformOf = ({ scale, x, y }: Camera): { transform: string; imageRendering: string } =>
  ({ transform: `translate(${x}px, ${y}px) scale(${scale})`, imageRendering: scale > 3 ? "pixelated" : "auto" });
