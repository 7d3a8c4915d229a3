/** How is the canvas drawn? Grid, groups, links and those nodes that are not in the page, in one pass. */

import type { Document } from "../../model/document";
import { LINE, type Tone } from "../../model/decorations";
import { inputPoint, outputPoint, TITLE, type NodeLayout, type WidgetPlace } from "../../model/geometry";
import type { GraphNode, NodeId, Point, Rect } from "../../model/types";
import type { CameraState } from "../../model/workflow_write";
import { socketShape, traceSocket } from "../socket_shapes";
import { titleTint, typeColor, type Theme } from "../theme";
import { linkEnds, traceLink } from "./link_path";

export interface Frame {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  readonly pixelRatio: number;
  readonly camera: CameraState;
  readonly theme: Theme;
  /** The background has its dots. */
  readonly dots: boolean;
  readonly document: Document;
  readonly area: Rect;
  /** Nodes in view that are not in the page, lowest first. */
  readonly far: readonly NodeId[];
  readonly picture: (id: NodeId) => ImageBitmap | null;
  /** The kept stand-in of an extension's widget; null for a plain bar. */
  readonly standIn: (node: GraphNode, place: WidgetPlace) => CanvasImageSource | null;
}

const GRID = 28;

/** One dot on a transparent square, drawn once per size and colour; the pattern repeats it over the canvas. */
const tiles = new Map<string, CanvasPattern | null>();

function dotPattern(context: CanvasRenderingContext2D, step: number, dot: number, color: string): CanvasPattern | null {
  const key = `${step} ${dot} ${color}`;
  const found = tiles.get(key);
  if (found !== undefined) return found;
  const tile = new OffscreenCanvas(step, step);
  const brush = tile.getContext("2d")!;
  brush.fillStyle = color;
  brush.fillRect(0, 0, dot, dot);
  const pattern = context.createPattern(tile, "repeat");
  if (tiles.size > 40) tiles.clear();
  tiles.set(key, pattern);
  return pattern;
}

/** The dots keep a whole number of pixels between them, so that they stay sharp at every scale. */
function paintGrid({ context, width, height, pixelRatio, camera, theme, dots }: Frame): void {
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = theme.canvas;
  context.fillRect(0, 0, width * pixelRatio, height * pixelRatio);
  if (!dots) return;
  let step = GRID * camera.scale * pixelRatio;
  while (step < 16 * pixelRatio) step *= 2;
  const whole = Math.round(step);
  const pattern = dotPattern(context, whole, Math.max(1, Math.round(1.4 * pixelRatio * Math.min(1.5, camera.scale))), theme.dot);
  if (!pattern) return;
  pattern.setTransform(new DOMMatrix([step / whole, 0, 0, step / whole, (camera.x * pixelRatio) % step, (camera.y * pixelRatio) % step]));
  context.fillStyle = pattern;
  context.fillRect(0, 0, width * pixelRatio, height * pixelRatio);
}

function paintGroups({ context, document, camera, theme }: Frame): void {
  for (const group of document.graph.groups.values()) {
    const { x, y, width, height } = group.bounds;
    context.globalAlpha = theme.dark ? 0.22 : 0.2;
    context.fillStyle = group.color ?? theme.muted;
    context.beginPath();
    context.roundRect(x, y, width, height, 14);
    context.fill();
    context.globalAlpha = 0.9;
    if (document.selectedGroups.peek().has(group.id)) {
      context.strokeStyle = theme.selected;
      context.lineWidth = Math.max(2, 1.5 / camera.scale);
      context.stroke();
    }
    if (camera.scale < 0.15) continue;
    context.fillStyle = theme.text;
    context.font = "600 18px system-ui, sans-serif";
    context.textBaseline = "middle";
    context.fillText(group.title, x + 16, y + 20, width - 32);
  }
  context.globalAlpha = 1;
}

function isInView(area: Rect, [ax, ay]: Point, [bx, by]: Point): boolean {
  const margin = 240;
  return Math.max(ax, bx) + margin > area.x && Math.min(ax, bx) - margin < area.x + area.width &&
    Math.max(ay, by) + margin > area.y && Math.min(ay, by) - margin < area.y + area.height;
}

function paintLinks({ context, document, area, theme, camera }: Frame): void {
  const selection = document.selection.peek();
  const paths = new Map<string, Path2D>();
  const strong = new Map<string, Path2D>();
  for (const link of document.graph.links.values()) {
    const [from, to] = linkEnds(document, link);
    if (!isInView(area, from, to)) continue;
    const group = selection.size > 0 && (selection.has(link.from) || selection.has(link.to)) ? strong : paths;
    let path = group.get(link.type);
    if (!path) group.set(link.type, (path = new Path2D()));
    traceLink(path, from, to);
  }
  context.lineCap = "round";
  const thin = Math.max(2.4, 1.1 / camera.scale) * theme.linkWidth;
  for (const [group, width, alpha] of [[paths, thin, 0.72], [strong, thin * 1.5, 1]] as const)
    for (const [type, path] of group) {
      context.globalAlpha = alpha;
      context.lineWidth = width;
      context.strokeStyle = typeColor(type, theme);
      context.stroke(path);
    }
  context.globalAlpha = 1;
}

function paintPicture(frame: Frame, id: NodeId, bounds: Rect): void {
  const picture = frame.picture(id);
  const media = frame.document.layout(id).media;
  if (!picture || !media) return;
  const box: Rect = { x: bounds.x + 10, y: bounds.y + TITLE + media.y, width: bounds.width - 20, height: media.height };
  const scale = Math.min(box.width / picture.width, box.height / picture.height);
  const width = picture.width * scale;
  const height = picture.height * scale;
  frame.context.drawImage(picture, box.x + (box.width - width) / 2, box.y + (box.height - height) / 2, width, height);
}

function phaseColor(frame: Frame, id: NodeId): string | null {
  if (frame.document.selection.peek().has(id)) return frame.theme.selected;
  const { phase } = frame.document.run(frame.document.key(id)).peek();
  if (phase === "running") return frame.theme.accent;
  return phase === "error" ? frame.theme.error : null;
}

/** The badges as pills at the end of the title, the lines below it. Gives the width that the badges take. */
function paintDecoration({ context, document, theme, camera }: Frame, id: NodeId, { x, y, width }: Rect): number {
  const decoration = document.decoration(id);
  if (!decoration) return 0;
  const tones: Record<Tone, string> = { info: theme.muted, good: theme.done, warning: theme.accent, error: theme.error };
  let right = x + width - 10;
  context.font = "600 12px system-ui, sans-serif";
  for (const { text, tone } of decoration.badges) {
    const wide = context.measureText(text).width + 14;
    context.fillStyle = tones[tone];
    context.beginPath();
    context.roundRect(right - wide, y + 8, wide, TITLE - 16, 8);
    context.fill();
    context.fillStyle = theme.node;
    context.fillText(text, right - wide + 7, y + TITLE / 2 + 1);
    right -= wide + 5;
  }
  if (camera.scale >= 0.3 && document.layout(id).top > 0) {
    context.fillStyle = theme.muted;
    decoration.lines.forEach((line, index) => context.fillText(line, x + 14, y + TITLE + 5 + (index + 0.5) * LINE, width - 28));
  }
  return x + width - 10 - right;
}

function paintWidgets({ context, theme, standIn }: Frame, node: GraphNode, { x, y, width }: Rect, layout: NodeLayout): void {
  context.fillStyle = theme.border;
  for (const place of layout.widgets) {
    const drawn = standIn(node, place);
    if (drawn) context.drawImage(drawn, x + 12, y + TITLE + place.y + 2, width - 24, place.height - 4);
    else context.fillRect(x + 12, y + TITLE + place.y + 4, width - 24, place.height - 8);
  }
}

/** A node in few strokes: body, title, a bar per widget, its picture. */
function paintFarNode(frame: Frame, id: NodeId): void {
  const { context, document, camera, theme } = frame;
  const node = document.graph.node(id);
  const bounds = document.bounds(id);
  const { x, y, width, height } = bounds;
  context.globalAlpha = node.mode === 0 ? 1 : 0.45;
  context.fillStyle = theme.node;
  context.beginPath();
  context.roundRect(x, y, width, height, 12);
  context.fill();
  const outline = phaseColor(frame, id);
  context.lineWidth = outline ? Math.max(2, 2 / camera.scale) : 1;
  context.strokeStyle = outline ?? theme.border;
  context.stroke();
  if (document.layout(id).title === 0) return void (context.globalAlpha = 1);
  const { hue, chroma } = titleTint(node, document.graph.definition(node.type)?.category ?? "", document.decoration(id)?.hue);
  context.fillStyle = node.known ? (theme.dark ? `oklch(0.42 ${0.06 * chroma} ${hue})` : `oklch(0.9 ${0.045 * chroma} ${hue})`) : theme.error;
  context.beginPath();
  context.roundRect(x, y, width, TITLE, [12, 12, height <= TITLE ? 12 : 0, height <= TITLE ? 12 : 0]);
  context.fill();
  if (camera.scale > 0.16) {
    context.textBaseline = "middle";
    const taken = paintDecoration(frame, id, bounds);
    context.fillStyle = theme.text;
    context.font = `600 ${Math.min(24, Math.max(14, 8 / camera.scale))}px system-ui, sans-serif`;
    context.fillText(document.graph.title(node), x + 12, y + TITLE / 2 + 1, width - 24 - taken);
  }
  if (camera.scale > 0.12) paintWidgets(frame, node, bounds, document.layout(id));
  paintPicture(frame, id, bounds);
  context.globalAlpha = 1;
}

/** Below this scale a socket is too small for its shape to be seen. */
const SOCKETS_FROM = 0.25;
const SOCKET_RADIUS = 6;

/** The sockets of the nodes that are not in the page; all of one type are one path. */
function paintFarSockets({ context, document, far, theme }: Frame): void {
  const paths = new Map<string, Path2D>();
  const add = (type: string, at: Point): void => {
    let path = paths.get(type);
    if (!path) paths.set(type, (path = new Path2D()));
    traceSocket(path, socketShape(type), at, SOCKET_RADIUS);
  };
  for (const id of far) {
    const node = document.graph.node(id);
    const layout = document.layout(id);
    for (const socket of node.inputs) if (!socket.widget || socket.link !== null) add(socket.type, inputPoint(node, layout, socket.name));
    node.outputs.forEach((socket, slot) => add(socket.type, outputPoint(node, layout, slot)));
  }
  for (const [type, path] of paths) {
    context.fillStyle = typeColor(type, theme);
    context.fill(path);
  }
}

/** Draws one frame. */
export function paint(frame: Frame): void {
  const { context, pixelRatio, camera } = frame;
  paintGrid(frame);
  context.setTransform(pixelRatio * camera.scale, 0, 0, pixelRatio * camera.scale, pixelRatio * camera.x, pixelRatio * camera.y);
  paintGroups(frame);
  paintLinks(frame);
  for (const id of frame.far) paintFarNode(frame, id);
  if (camera.scale >= SOCKETS_FROM) paintFarSockets(frame);
}
