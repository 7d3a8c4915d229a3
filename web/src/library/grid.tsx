/** Rows and tiles of a long list: only those in view are mounted, and the arrow keys go from one to the next. */

import type { ComponentChildren, CSSProperties } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { inView, layOut, moved, placeOf, type Sizes } from "../model/library/layout";

const GAP = 8;

export interface GridProps {
  readonly label: string;
  readonly rows: number;
  readonly tiles: number;
  readonly sizes: Sizes;
  /** What stands at a place: `style` puts it there, `tabIndex` goes to what takes the focus, with `data-index`. */
  readonly cell: (index: number, style: CSSProperties, tabIndex: 0 | -1) => ComponentChildren;
  /** A key that was pressed at a place; true where something was done. */
  readonly onKey: (index: number, event: KeyboardEvent) => boolean;
  /** Changes when the list is another one: it begins at its top then. */
  readonly of: string;
}

const HANDLED_HERE = ["INPUT", "TEXTAREA", "SELECT"];

export function Grid({ label, rows, tiles, sizes, cell, onKey, of }: GridProps) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ width: 0, height: 0, top: 0 });
  const [current, setCurrent] = useState(0);
  const [follows, setFollows] = useState(false);
  const measure = (): void => {
    const { current: element } = box;
    if (element) setView({ width: element.clientWidth, height: element.clientHeight, top: element.scrollTop });
  };
  useLayoutEffect(() => {
    const observer = new ResizeObserver(measure);
    observer.observe(box.current!);
    measure();
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    box.current!.scrollTop = 0;
    setCurrent(0);
    measure();
  }, [of]);
  const layout = layOut(rows, tiles, view.width, sizes);
  const [first, end] = view.height > 0 ? inView(layout, view.top, view.height) : [0, 0];
  const reached = Math.min(current, Math.max(0, rows + tiles - 1));
  useLayoutEffect(() => {
    if (!follows) return;
    setFollows(false);
    box.current!.querySelector<HTMLElement>(`[data-index="${reached}"]`)?.focus({ preventScroll: true });
  }, [follows, reached, first, end]);
  const goTo = (index: number): void => {
    const { current: element } = box;
    const place = placeOf(layout, index);
    element!.scrollTop = Math.max(place.y + place.height - element!.clientHeight, Math.min(place.y, element!.scrollTop)); // so that it is mounted when it gets the focus
    measure();
    setCurrent(index);
    setFollows(true);
  };
  const keyDown = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || HANDLED_HERE.includes((event.target as Element).tagName)) return;
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    const target = isPlain ? moved(layout, reached, event.key) : reached;
    if (target !== reached) goTo(target);
    else if (!onKey(reached, event) && !(isPlain && event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const isMounted = reached >= first && reached < end;
  return (
    <div class="library-list" ref={box} role="group" aria-label={label} onKeyDown={keyDown} onScroll={measure}
      onFocusIn={(event) => { const index = (event.target as HTMLElement).dataset.index; if (index) setCurrent(Number(index)); }}>
      <div class="library-all" style={{ height: `${layout.height}px` }}>
        {Array.from({ length: end - first }, (_, offset) => {
          const index = first + offset;
          const { x, y, width, height } = placeOf(layout, index);
          const style = { left: `${x}px`, top: `${y}px`, width: `${width - GAP}px`, height: `${height - (index < rows ? 2 : GAP)}px` };
          return cell(index, style, (isMounted ? index === reached : offset === 0) ? 0 : -1);
        })}
      </div>
    </div>
  );
}
