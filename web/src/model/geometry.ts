/** How large is a node and where are its sockets? The model answers, so that links are right in the first frame. */

import type { Graph } from "./graph";
import { LINE } from "./decorations";
import { ownHeight } from "./own_widgets";
import { NEW_PORT } from "./ports";
import { SUBGRAPH_INPUT, SUBGRAPH_OUTPUT } from "./subgraph_type";
import type { GraphNode, Point, Rect, WidgetSpec } from "./types";

/** The title lies above `pos`, as in the files. All lengths are in canvas units. */
export const TITLE = 34;
export const SLOT = 24;
export const ROW = 32;
export const PAD = 10;
const TEXT_MIN = 88;
const MEDIA_MIN = 160;
const NARROWEST = 220;
export const BORDER_WIDTH = 150;

export interface WidgetPlace {
  readonly spec: WidgetSpec;
  readonly y: number;
  readonly height: number;
}

/** Places inside a node, relative to `pos` (the top left corner below the title). */
export interface NodeLayout {
  readonly width: number;
  /** Height of the title above `pos`; 0 for a reroute, which has none. */
  readonly title: number;
  /** Below the title. */
  readonly height: number;
  readonly collapsed: boolean;
  readonly inputs: readonly { readonly name: string; readonly y: number }[];
  readonly outputs: readonly { readonly y: number }[];
  readonly widgets: readonly WidgetPlace[];
  readonly media: { readonly y: number; readonly height: number } | null;
  /** Where the sockets begin; above are the lines of decorations. */
  readonly top: number;
}

/** A text of several lines takes the height that is left. */
const isTall = (spec: WidgetSpec): boolean => (spec.kind === "text" || spec.kind === "markdown") && ownHeight(spec) === undefined;
const widgetMin = (spec: WidgetSpec): number => ownHeight(spec) ?? (isTall(spec) ? TEXT_MIN : ROW);

/** The size that a new node gets. */
export function naturalSize(graph: Graph, node: GraphNode, hasMedia: boolean): Point {
  const widgets = graph.widgets(node);
  const wide = widgets.some(isTall) || hasMedia;
  const width = node.type === "Reroute" ? 76 : wide ? 340 : widgets.length > 0 ? 304 : NARROWEST;
  return [width, minimum(graph, node, hasMedia) + (wide && widgets.some(isTall) ? 40 : 0)];
}

const slotRows = (node: GraphNode): number => Math.max(node.inputs.filter((socket) => !socket.widget).length, node.outputs.length);

function minimum(graph: Graph, node: GraphNode, hasMedia: boolean): number {
  let height = PAD / 2 + slotRows(node) * SLOT + PAD;
  for (const spec of graph.widgets(node)) height += widgetMin(spec);
  return height + (hasMedia ? MEDIA_MIN : 0);
}

function collapsedLayout(node: GraphNode, width: number): NodeLayout {
  const middle = -TITLE / 2;
  return {
    width, title: TITLE, height: 0, collapsed: true, media: null, widgets: [], top: 0,
    inputs: node.inputs.map((socket) => ({ name: socket.name, y: middle })),
    outputs: node.outputs.map(() => ({ y: middle })),
  };
}

const REROUTE_HEIGHT = 28;

/** A reroute is a small bar with a socket at each end. */
const rerouteLayout = (node: GraphNode, width: number): NodeLayout => ({
  width, title: 0, height: REROUTE_HEIGHT, collapsed: true, media: null, widgets: [], top: 0,
  inputs: node.inputs.map((socket) => ({ name: socket.name, y: REROUTE_HEIGHT / 2 })), outputs: node.outputs.map(() => ({ y: REROUTE_HEIGHT / 2 })),
});

/** The border of a subgraph: a socket per port and an empty one below, for a new port. */
function borderLayout(node: GraphNode): NodeLayout {
  const isInput = node.id === SUBGRAPH_INPUT;
  const y = (index: number): number => PAD / 2 + (index + 0.5) * SLOT;
  const names = isInput ? [] : [...node.inputs.map((socket) => socket.name), NEW_PORT];
  const outputs = isInput ? [...node.outputs, null] : [];
  const count = Math.max(names.length, outputs.length);
  return {
    width: Math.max(node.size[0], BORDER_WIDTH), title: TITLE, height: PAD + count * SLOT, collapsed: false, widgets: [], media: null, top: 0,
    inputs: names.map((name, index) => ({ name, y: y(index) })), outputs: outputs.map((_, index) => ({ y: y(index) })),
  };
}

/** Where everything of a node goes; `hasMedia` makes room for a picture below the widgets, `lines` for text below the title. */
export function layoutNode(graph: Graph, node: GraphNode, hasMedia: boolean, lines = 0): NodeLayout {
  if (node.type === "Reroute") return rerouteLayout(node, Math.max(node.size[0], 60));
  if (node.id === SUBGRAPH_INPUT || node.id === SUBGRAPH_OUTPUT) return borderLayout(node);
  const width = Math.max(node.size[0], 120);
  if (node.collapsed) return collapsedLayout(node, Math.min(width, 240));
  const top = lines === 0 ? 0 : lines * LINE + PAD / 2;
  const least = minimum(graph, node, hasMedia) + top;
  const height = Math.max(node.size[1], least);
  const specs = graph.widgets(node);
  const spare = height - least;
  const texts = specs.filter(isTall).length;
  const each = !hasMedia && texts > 0 ? spare / texts : 0;
  const widgets: WidgetPlace[] = [];
  let y = top + PAD / 2 + slotRows(node) * SLOT;
  for (const spec of specs) {
    const tall = widgetMin(spec) + (isTall(spec) ? each : 0);
    widgets.push({ spec, y, height: tall });
    y += tall;
  }
  let row = 0;
  const inputs = node.inputs.map((socket) => {
    const widget = socket.widget ? widgets.find((place) => place.spec.name === socket.name) : undefined;
    if (widget) return { name: socket.name, y: widget.y + Math.min(widget.height, ROW) / 2 };
    if (socket.widget) return { name: socket.name, y: top + PAD };
    row += 1;
    return { name: socket.name, y: top + PAD / 2 + (row - 0.5) * SLOT };
  });
  return {
    width, title: TITLE, height, collapsed: false, widgets, inputs, top,
    outputs: node.outputs.map((_, index) => ({ y: top + PAD / 2 + (index + 0.5) * SLOT })),
    media: hasMedia ? { y: y + 2, height: height - y - PAD } : null,
  };
}

/** The whole node with its title, in canvas units. */
export function nodeBounds(node: GraphNode, layout: NodeLayout): Rect {
  return { x: node.pos[0], y: node.pos[1] - layout.title, width: layout.width, height: layout.height + layout.title };
}

export const inputPoint = (node: GraphNode, layout: NodeLayout, name: string): Point => {
  const place = layout.inputs.find((input) => input.name === name);
  return [node.pos[0], node.pos[1] + (place?.y ?? 0)];
};

export const outputPoint = (node: GraphNode, layout: NodeLayout, slot: number): Point => [
  node.pos[0] + layout.width,
  node.pos[1] + (layout.outputs[slot]?.y ?? 0),
];

export const intersects = (a: Rect, b: Rect): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

export const contains = (rect: Rect, [x, y]: Point): boolean => x >= rect.x && x <= rect.x + rect.width && y >= rect.y && y <= rect.y + rect.height;

/** The smallest rectangle around all; null for none. */
export function union(rects: Iterable<Rect>): Rect | null {
  let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity;
  for (const rect of rects) {
    left = Math.min(left, rect.x);
    top = Math.min(top, rect.y);
    right = Math.max(right, rect.x + rect.width);
    bottom = Math.max(bottom, rect.y + rect.height);
  }
  return right < left ? null : { x: left, y: top, width: right - left, height: bottom - top };
}
