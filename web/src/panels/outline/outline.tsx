/** What is in the workflow, in words? The nodes of every level as a tree in reading order, to go to and to act on by keyboard. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Editor } from "../../editor";
import { focusNode } from "../../interaction/focus";
import { contains } from "../../model/geometry";
import type { Graph } from "../../model/graph";
import { keyAt } from "../../model/levels";
import { isBorder } from "../../model/subgraph_type";
import { NodeMode, type GraphNode, type NodeId } from "../../model/types";
import { describeNode, readingOrder } from "../../model/walking";
import { fuzzyScore } from "../../model/fuzzy";
import { CloseIcon } from "../../view/icons";
import { t } from "../../words";
import "./outline.css";

interface Entry {
  readonly key: string;
  readonly level: number;
  readonly title: string;
  /** What a screen reader says. */
  readonly says: string;
  readonly marks: readonly string[];
  readonly hasChildren: boolean;
  readonly isOpen: boolean;
}

const marksOf = (node: GraphNode): string[] => [
  ...(node.mode === NodeMode.mute ? [t("outline.muted")] : []), ...(node.mode === NodeMode.bypass ? [t("outline.bypassed")] : []),
  ...(node.pinned ? [t("outline.pinned")] : []), ...(node.known ? [] : [t("outline.missing")]),
];

function groupOf(graph: Graph, node: GraphNode): string | null {
  return [...graph.groups.values()].find((group) => contains(group.bounds, [node.pos[0] + node.size[0] / 2, node.pos[1] + node.size[1] / 2]))?.title ?? null;
}

/** The rows of a level and of the open subgraphs in it; with a query all that fit, at whatever depth. */
export function outlineRows(graph: Graph, open: ReadonlySet<string>, query: string, path: readonly NodeId[] = []): Entry[] {
  return readingOrder(graph).filter((id) => !isBorder(id)).flatMap((id) => {
    const node = graph.node(id);
    const key = keyAt(path, id);
    const inside = graph.subgraphs.get(node.type);
    const title = graph.title(node);
    const group = groupOf(graph, node);
    const marks = [...marksOf(node), ...(group ? [group] : [])];
    const isOpen = open.has(key) || query !== "";
    const fits = query === "" || fuzzyScore(query, title) > 0 || fuzzyScore(query, node.type) > 0;
    const own: Entry = { key, level: path.length + 1, title, says: [describeNode(graph, id), ...marks].join("; "), marks, hasChildren: inside !== undefined, isOpen };
    return [...(fits ? [own] : []), ...(inside && isOpen ? outlineRows(inside, open, query, [...path, id]) : [])];
  });
}

/** Shows a node at the level where it is, and gives it the keyboard. */
function goTo(editor: Editor, key: string): void {
  const ids = key.split(":");
  editor.active.peek()?.goTo(ids.slice(0, -1));
  void focusNode(editor, ids.at(-1)!);
}

export function Outline({ editor }: { editor: Editor }) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const workflow = editor.active.value;
  const revision = workflow?.revision.value;
  const rows = useMemo(() => (workflow ? outlineRows(workflow.root, open, query.trim()) : []), [workflow, revision, open, query]);
  const chosen = Math.min(at, rows.length - 1);
  const prefix = workflow?.path.value ?? [];
  const isSelected = (entry: Entry): boolean => [...(workflow?.selection.value ?? [])].some((id) => keyAt(prefix, id) === entry.key);
  const move = (index: number): void => {
    const to = Math.max(0, Math.min(rows.length - 1, index));
    setAt(to);
    (list.current?.children[to] as HTMLElement | undefined)?.focus();
  };
  useEffect(() => (list.current?.querySelector<HTMLElement>('[tabindex="0"]') ?? list.current)?.focus(), []);
  const toggle = (entry: Entry, isOpen: boolean): void => {
    const next = new Set(open);
    if (isOpen) next.add(entry.key);
    else next.delete(entry.key);
    setOpen(next);
  };
  const press = (event: KeyboardEvent): void => {
    const entry = rows[chosen];
    if (!entry || event.ctrlKey || event.altKey || event.metaKey) return;
    const parent = rows.slice(0, chosen).findLastIndex((other) => other.level < entry.level);
    const acts: Record<string, () => void> = {
      ArrowDown: () => move(chosen + 1), ArrowUp: () => move(chosen - 1), Home: () => move(0), End: () => move(rows.length - 1),
      ArrowRight: () => (entry.hasChildren && !entry.isOpen ? toggle(entry, true) : move(chosen + 1)),
      ArrowLeft: () => (entry.hasChildren && entry.isOpen ? toggle(entry, false) : parent >= 0 && move(parent)),
      Enter: () => goTo(editor, entry.key), " ": () => goTo(editor, entry.key),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  return (
    <section class="outline" aria-label={t("outline.title")}>
      <header><h2>{t("outline.title")}</h2><button type="button" class="icon-button" aria-label={t("outline.close")} onClick={() => (editor.ui.showsOutline.value = false)}><CloseIcon /></button></header>
      <input class="search-input" type="search" aria-label={t("outline.filter")} placeholder={t("outline.filterHint")} value={query} onInput={(event) => { setQuery(event.currentTarget.value); setAt(0); }}
        onKeyDown={(event) => { if (event.key === "ArrowDown") { event.preventDefault(); move(0); } if (event.key === "Enter" && rows[0]) goTo(editor, rows[0].key); }} />
      <ul class="outline-rows" role="tree" aria-label={t("outline.nodes")} ref={list} onKeyDown={press}>
        {rows.map((entry, index) => (
          <li key={entry.key} role="treeitem" aria-level={entry.level} aria-expanded={entry.hasChildren ? entry.isOpen : undefined} aria-selected={isSelected(entry)} aria-label={entry.says}
            tabIndex={index === Math.max(0, chosen) ? 0 : -1} style={{ paddingLeft: `${4 + entry.level * 12}px` }} onFocus={() => setAt(index)} onClick={() => goTo(editor, entry.key)}>
            {entry.hasChildren && <span class="outline-fold" aria-hidden="true" onClick={(event) => { event.stopPropagation(); toggle(entry, !entry.isOpen); }}>{entry.isOpen ? "▾" : "▸"}</span>}
            <span class="result-name">{entry.title}</span>
            {entry.marks.map((mark) => <span key={mark} class="badge">{mark}</span>)}
          </li>
        ))}
      </ul>
      {rows.length === 0 && <p class="nothing" role="status">{query ? t("outline.noneFits") : t("outline.none")}</p>}
    </section>
  );
}
