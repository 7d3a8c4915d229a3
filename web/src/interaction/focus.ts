/** Where is the keyboard? It stays inside what is open above the page, goes back where it came from, and walks from node to node. */

import { effect, untracked } from "@preact/signals";
import type { Editor } from "../editor";
import type { Document } from "../model/document";
import { isBorder } from "../model/subgraph_type";
import type { NodeId } from "../model/types";
import { neighbour, readingOrder, type Direction } from "../model/walking";
import { shownHalf } from "../library/shown";
import { showsSweep, timedJob } from "../running/shown";

/** What lies above the page and holds the keyboard. */
const LAYERS = '[aria-modal="true"], .popup';
const FOCUSABLE = 'a[href], button:not(:disabled), input:not(:disabled), textarea:not(:disabled), select:not(:disabled), summary, [contenteditable="true"], [tabindex]';
/** A node comes into the page within this many frames, also while the view moves. */
const FRAMES = 30;

const isShown = (element: HTMLElement): boolean => element.tabIndex >= 0 && element.getClientRects().length > 0;
const focusables = (root: ParentNode): HTMLElement[] => [...root.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(isShown);
const elementOf = (id: NodeId): HTMLElement | null => document.querySelector(`[data-node="${CSS.escape(id)}"]`);
const nodeAround = (target: EventTarget | null): HTMLElement | null => (target instanceof Element ? target.closest<HTMLElement>("[data-node]") : null);

/** Moves the view just as far as it takes to see the node. */
function reveal({ stage }: Editor, workflow: Document, id: NodeId): void {
  const { x, y, width, height } = workflow.bounds(id);
  const { camera, insets } = stage;
  const margin = 16;
  const shift = (low: number, high: number, from: number, to: number): number => (low < from ? from - low : high > to ? Math.max(to - high, from - low) : 0);
  const dx = shift(x * camera.scale + camera.x, (x + width) * camera.scale + camera.x, margin, stage.width - insets.right - margin);
  const dy = shift(y * camera.scale + camera.y, (y + height) * camera.scale + camera.y, insets.top + margin, stage.height - insets.bottom - margin);
  if (dx !== 0 || dy !== 0) stage.setCamera({ ...camera, x: camera.x + dx, y: camera.y + dy });
}

/** Gives a node of the level that is shown the keyboard: it is selected, in view and in the page. */
export async function focusNode(editor: Editor, id: NodeId): Promise<void> {
  const workflow = editor.active.peek();
  if (!workflow?.graph.nodes.has(id)) return;
  workflow.select([id]);
  reveal(editor, workflow, id);
  editor.stage.keep(id, true);
  editor.stage.request();
  for (let frame = 0; frame < FRAMES && !elementOf(id); frame++) await new Promise(requestAnimationFrame);
  const element = elementOf(id);
  if (element) element.focus({ preventScroll: true }); // its own listeners keep it in the page from here on
  else editor.stage.keep(id, false);
}

/** The node that the keyboard is on or in, else the only selected one. */
export function currentNode({ active }: Editor): NodeId | null {
  const around = nodeAround(document.activeElement)?.dataset.node;
  if (around !== undefined && active.peek()?.graph.nodes.has(around)) return around;
  const [id, ...more] = active.peek()?.selection.peek() ?? [];
  return id !== undefined && more.length === 0 ? id : null;
}

/** Goes to the next node in a direction; to the first one where none is selected. */
export function walk(editor: Editor, direction: Direction): void {
  const workflow = editor.active.peek();
  if (!workflow) return;
  const from = currentNode(editor);
  const to = from === null ? readingOrder(workflow.graph)[0] : neighbour(workflow.graph, (id) => workflow.bounds(id), from, direction);
  if (to !== undefined && to !== null) void focusNode(editor, to);
}

/** Gives the keyboard to the first socket or widget of the current node. */
export function enterNode(editor: Editor): void {
  const id = currentNode(editor);
  const element = id === null ? null : elementOf(id);
  const inside = element ? focusables(element) : [];
  (inside.find((item) => item.closest("[data-widget]")) ?? inside[0])?.focus();
}

/** From inside a node back to the node; false where the keyboard is not inside one. */
export function leaveNode(target: EventTarget | null): boolean {
  const around = nodeAround(target);
  if (!around || around === target) return false;
  around.focus({ preventScroll: true });
  return true;
}

/** The node before (-1) or after (1) another in reading order. */
function nextInOrder(workflow: Document, id: NodeId, by: 1 | -1): NodeId | undefined {
  const order = readingOrder(workflow.graph).filter((other) => !isBorder(other) || workflow.path.peek().length > 0);
  return order[order.indexOf(id) + by];
}

/** Tab goes from node to node in reading order, through a node's parts only once it was entered, and out at the end. */
function tabOnCanvas(editor: Editor, event: KeyboardEvent): void {
  const workflow = editor.active.peek();
  const around = nodeAround(event.target);
  if (event.target instanceof Element && event.target.matches(".viewport") && !event.shiftKey) {
    event.preventDefault();
    return enterCanvas(editor);
  }
  if (!workflow || !around) return;
  const id = around.dataset.node!;
  const inside = focusables(around);
  const isOn = event.target === around;
  if (!isOn && event.target !== (event.shiftKey ? inside[0] : inside.at(-1))) return; // the browser goes on inside the node
  if (!isOn && event.shiftKey) {
    event.preventDefault();
    return around.focus({ preventScroll: true });
  }
  const next = nextInOrder(workflow, id, event.shiftKey ? -1 : 1);
  const edge = document.querySelector<HTMLElement>(event.shiftKey ? ".viewport" : ".canvas-end");
  if (next === undefined) return edge?.focus({ preventScroll: true }); // from there the browser leaves the canvas
  event.preventDefault();
  void focusNode(editor, next);
}

/** Keeps Tab inside the topmost layer. */
function tabInLayer(layer: Element, event: KeyboardEvent): void {
  const inside = focusables(layer);
  const [first, last] = [inside[0], inside.at(-1)];
  const isOutside = !layer.contains(document.activeElement);
  const edge = event.shiftKey ? first : last;
  if (!isOutside && document.activeElement !== edge && !(event.shiftKey && document.activeElement === layer)) return;
  event.preventDefault();
  (event.shiftKey ? last : first)?.focus();
}

/** The first node for who comes to the canvas by Tab: where they were, else where reading begins. */
export function enterCanvas(editor: Editor): void {
  const workflow = editor.active.peek();
  const id = currentNode(editor) ?? (workflow ? readingOrder(workflow.graph)[0] : undefined);
  if (id !== undefined) void focusNode(editor, id);
}

/** Gives the keyboard back once nothing is open any more and the browser left it nowhere. */
function giveBack(editor: Editor, before: HTMLElement | null): void {
  if (document.activeElement && document.activeElement !== document.body) return;
  const node = nodeAround(before);
  const id = currentNode(editor);
  if ((node || !before) && id !== null && id !== node?.dataset.node) return void focusNode(editor, id);
  if (before?.isConnected) return before.focus({ preventScroll: true });
  if (node?.dataset.node !== undefined) void focusNode(editor, node.dataset.node);
}

export function watchFocus(editor: Editor): void {
  let before: HTMLElement | null = null;
  let usesKeys = false;
  addEventListener("focusin", ({ target }) => {
    if (target instanceof HTMLElement && !target.closest(LAYERS)) before = target;
  });
  addEventListener("pointerdown", ({ target }) => {
    usesKeys = false;
    if (target instanceof Element && target.closest(".viewport")) before = null; // who goes on with the pointer is not held back
  }, { capture: true });
  addEventListener("keydown", (event) => {
    usesKeys = true;
    if (event.key !== "Tab" || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    const layer = [...document.querySelectorAll(LAYERS)].at(-1);
    if (layer) tabInLayer(layer, event);
    else tabOnCanvas(editor, event);
  });
  effect(() => {
    const { ui } = editor;
    const isOpen = editor.isModal || ui.menu.value !== null;
    void [ui.renaming.value, ui.showsGallery.value, ui.showsOutline.value, shownHalf.value, showsSweep.value, timedJob.value];
    if (!isOpen) untracked(() => requestAnimationFrame(() => usesKeys && !editor.isModal && giveBack(editor, before)));
  });
}
