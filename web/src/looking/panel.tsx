/** What was made lately? All results, to be searched and scrolled through; of thousands only those in view are mounted. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { MEDIA, type Result } from "../api/gallery";
import { viewUrl } from "../api/http";
import type { Editor } from "../editor";
import { CloseIcon, SearchIcon } from "../view/icons";
import { t } from "../words";
import { exactly } from "../words/format";
import { moved, shown } from "./grid";
import { keyOf, Results } from "./results";
import "./looking.css";

/** Of a tile with the gap behind it, in pixels. */
const SMALLEST_TILE = 100;
const GAP = 8;
const SEARCH_AFTER_MS = 250;

const results = new Results();

function open(editor: Editor, index: number, against: number | null = null): void {
  const entries = results.entries.peek();
  editor.ui.picture.value = { refs: entries.map((entry) => entry.file), index, workflow: null, workflowsAt: entries.map((entry) => entry.workflow_at), against };
}

function compare(editor: Editor, focused: number): void {
  const entries = results.entries.peek();
  const marked = results.marked.peek().map((key) => entries.findIndex((entry) => keyOf(entry) === key)).filter((index) => index >= 0);
  const [first, second] = marked.length === 2 ? marked : [focused, marked.find((index) => index !== focused) ?? focused + 1];
  if (entries[first!] && entries[second!]) open(editor, first!, second!);
  else editor.ui.tell(t("looking.howToCompare"));
}

function Face({ entry }: { entry: Result }) {
  const [broken, setBroken] = useState(false);
  const { file, media, thumbnail } = entry;
  if (media === "image" && !broken) return <img src={thumbnail ?? viewUrl(file)} alt="" draggable={false} decoding="async" onError={() => setBroken(true)} />;
  if (media === "video" && !broken) return <video src={`${viewUrl(file)}#t=0.1`} preload="metadata" muted onError={() => setBroken(true)} />;
  return <span class="kind"><b>{file.filename.split(".").at(-1)}</b>{file.filename}</span>;
}

function Tile({ editor, entry, index, columns, side, isCurrent }: { editor: Editor; entry: Result; index: number; columns: number; side: number; isCurrent: boolean }) {
  const made = exactly(entry.created);
  const by = entry.node_title || entry.node_type;
  const isMarked = results.marked.value.includes(keyOf(entry));
  const about = { name: entry.file.filename, kind: entry.media, time: made };
  const says = [by ? t("looking.madeBy", { ...about, node: by }) : t("looking.made", about), isMarked && t("looking.marked")].filter(Boolean).join(", ");
  return (
    <button type="button" class={`tile${isMarked ? " is-marked" : ""}`} data-index={index} tabIndex={isCurrent ? 0 : -1} title={`${entry.file.filename}\n${by ? `${by}, ` : ""}${made}`}
      aria-label={says}
      style={{ left: `${(index % columns) * side}px`, top: `${Math.floor(index / columns) * side}px`, width: `${side - GAP}px`, height: `${side - GAP}px` }}
      onContextMenu={(event) => { event.preventDefault(); results.mark(entry); }}
      onClick={(event) => (event.ctrlKey || event.metaKey ? results.mark(entry) : open(editor, index))}>
      <Face entry={entry} />
      {isMarked && <span class="mark" aria-hidden="true">{results.marked.value.indexOf(keyOf(entry)) + 1}</span>}
    </button>
  );
}

function Grid({ editor }: { editor: Editor }) {
  const list = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ width: 0, height: 0, top: 0 });
  const [current, setCurrent] = useState(0);
  const [follow, setFollow] = useState(false);
  const entries = results.entries.value;
  const { columns, tile, first, end } = shown(entries.length, view.width, view.height, view.top, SMALLEST_TILE);
  useLayoutEffect(() => {
    const measure = (): void => void (list.current && setView({ width: list.current.clientWidth, height: list.current.clientHeight, top: list.current.scrollTop }));
    const observer = new ResizeObserver(measure);
    observer.observe(list.current!);
    measure();
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (view.height > 0 && end >= entries.length - 6 * columns) void results.more();
  }, [end, entries.length, columns, view.height]);
  useLayoutEffect(() => {
    if (!follow) return;
    const row = Math.floor(current / columns) * tile;
    const box = list.current!;
    if (row < box.scrollTop) box.scrollTop = row;
    else if (row + tile > box.scrollTop + box.clientHeight) box.scrollTop = row + tile - box.clientHeight;
    setFollow(false);
    box.querySelector<HTMLElement>(`[data-index="${current}"]`)?.focus({ preventScroll: true });
  }, [follow, current, columns, tile, first, end]);
  const keyDown = (event: KeyboardEvent): void => {
    const entry = entries[current];
    if (!entry || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = moved(current, event.key, columns, entries.length);
    if (target !== current) {
      const box = list.current!;
      const row = Math.floor(target / columns) * tile;
      box.scrollTop = Math.max(row + tile - box.clientHeight, Math.min(row, box.scrollTop)); // so that the tile is mounted when it gets the focus
      setView({ width: box.clientWidth, height: box.clientHeight, top: box.scrollTop });
      setCurrent(target);
      setFollow(true);
    } else if (event.key === " ") results.mark(entry);
    else if (event.key === "c" || event.key === "C") compare(editor, current);
    else if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const isMounted = current >= first && current < end;
  return (
    <div class="tiles" ref={list} role="group" aria-label={t("looking.keys")} onKeyDown={keyDown}
      onFocusIn={(event) => { const index = (event.target as HTMLElement).dataset.index; if (index) setCurrent(Number(index)); }}
      onScroll={({ currentTarget }) => setView({ width: currentTarget.clientWidth, height: currentTarget.clientHeight, top: currentTarget.scrollTop })}>
      <div class="all" style={{ height: `${Math.ceil(entries.length / columns) * tile}px` }}>
        {entries.slice(first, end).map((entry, offset) => (
          <Tile key={keyOf(entry)} editor={editor} entry={entry} index={first + offset} columns={columns} side={tile} isCurrent={isMounted ? current === first + offset : offset === 0} />
        ))}
      </div>
    </div>
  );
}

function Tools({ editor }: { editor: Editor }) {
  const [text, setText] = useState(results.wanted.value.search);
  useEffect(() => {
    if (text === results.wanted.value.search) return undefined;
    const later = setTimeout(() => void results.restart({ ...results.wanted.value, search: text }), SEARCH_AFTER_MS);
    return () => clearTimeout(later);
  }, [text]);
  const { total, entries, marked } = results;
  const count = total.value ?? entries.value.length;
  return (
    <header>
      <label class="find"><SearchIcon />
        <input type="search" aria-label={t("looking.search")} placeholder={t("looking.searchHint")} maxLength={300} value={text} onInput={({ currentTarget }) => setText(currentTarget.value)}
          onKeyDown={(event) => { if (event.key === "Escape" && text) { setText(""); event.stopPropagation(); } }} />
      </label>
      <select aria-label={t("looking.kind")} value={results.wanted.value.media} onChange={({ currentTarget }) => void results.restart({ ...results.wanted.value, media: currentTarget.value })}>
        <option value="">{t("looking.all")}</option>
        {MEDIA.map((media) => <option key={media} value={media}>{t(`looking.${media}`)}</option>)}
      </select>
      <button type="button" class="icon-button" aria-label={t("common.close")} title={t("common.close")} onClick={() => (editor.ui.showsGallery.value = false)}><CloseIcon /></button>
      <p class="found" role="status">{count === 0 ? "" : t(total.value === null ? "looking.found" : "looking.total", { n: count })}</p>
      {marked.value.length === 2 && <button type="button" class="button quiet" onClick={() => compare(editor, 0)}>{t("looking.compare")}</button>}
    </header>
  );
}

export function GalleryPanel({ editor }: { editor: Editor }) {
  useEffect(() => void results.restart(), []);
  const made = editor.endedJobs.value;
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) void results.refresh();
    isFirst.current = false;
  }, [made]);
  const { problem, entries, isLoading, wanted } = results;
  const isFiltered = wanted.value.search !== "" || wanted.value.media !== "";
  return (
    <aside class="gallery" aria-label={t("looking.results")}>
      <Tools editor={editor} />
      {problem.value && <p class="nothing" role="alert">{problem.value}</p>}
      {!problem.value && entries.value.length === 0 && !isLoading.value && <p class="nothing">{isFiltered ? t("looking.nothingFound") : t("looking.nothingYet")}</p>}
      <Grid editor={editor} />
    </aside>
  );
}
