/** How is the canvas drawn? Grid, groups, links and those nodes that are not in the page, in one pass. */

import type { Document } from "../../model/document";
import { inputPoint, outputPoint, TITLE } from "../../model/geometry";
import type { Link, NodeId, Point, Rect } from "../../model/types";
import type { CameraState } from "../../model/workflow_write";
import { categoryHue, typeColor, type Theme } from "../theme";
import { traceLink } from "./link_path";

export interface Frame {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  readonly pixelRatio: number;
  readonly camera: CameraState;
  readonly theme: Theme;
  readonly document: Document;
  readonly area: Rect;
  /** Nodes in view that are not in the page, lowest first. */
  readonly far: readonly NodeId[];
  readonly picture: (id: NodeId) => ImageBitmap | null;
}

const GRID = 28;

function paintGrid({ context, width, height, camera, theme }: Frame): void {
  context.fillStyle = theme.canvas;
  context.fillRect(0, 0, width, height);
  let step = GRID * camera.scale;
  while (step < 16) step *= 2;
  const size = Math.min(1.8, Math.max(1, camera.scale * 1.5));
  context.fillStyle = theme.dot;
  const firstX = ((camera.x % step) + step) % step;
  const firstY = ((camera.y % step) + step) % step;
  for (let x = firstX; x < width; x += step) for (let y = firstY; y < height; y += step) context.fillRect(x, y, size, size);
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
    if (camera.scale < 0.15) continue;
    context.fillStyle = theme.text;
    context.font = "600 18px system-ui, sans-serif";
    context.textBaseline = "middle";
    context.fillText(group.title, x + 16, y + 20, width - 32);
  }
  context.globalAlpha = 1;
}

export function linkEnds(document: Document, link: Link): readonly [Point, Point] {
  const { graph } = document;
  return [
    outputPoint(graph.node(link.from), document.layout(link.from), link.fromSlot),
    inputPoint(graph.node(link.to), document.layout(link.to), link.toInput),
  ];
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
  const thin = Math.max(2.4, 1.1 / camera.scale);
  for (const [group, width, alpha] of [[paths, thin, 0.72], [strong, thin * 1.5, 1]] as const)
    for (const [type, path] of group) {
      context.globalAlpha = alpha;
      context.lineWidth = width;
      context.strokeStyle = typeColor(type, theme.dark);
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
  const { phase } = frame.document.run(id).peek();
  if (phase === "running") return frame.theme.accent;
  return phase === "error" ? frame.theme.error : null;
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
  const hue = categoryHue(document.graph.definition(node.type)?.category ?? "");
  context.fillStyle = node.known ? (theme.dark ? `oklch(0.42 0.06 ${hue})` : `oklch(0.9 0.045 ${hue})`) : theme.error;
  context.beginPath();
  context.roundRect(x, y, width, TITLE, [12, 12, height <= TITLE ? 12 : 0, height <= TITLE ? 12 : 0]);
  context.fill();
  if (camera.scale > 0.16) {
    context.fillStyle = theme.text;
    context.font = `600 ${Math.min(24, Math.max(14, 8 / camera.scale))}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    context.fillText(document.graph.title(node), x + 12, y + TITLE / 2 + 1, width - 24);
  }
  if (camera.scale > 0.12) {
    context.fillStyle = theme.border;
    for (const widget of document.layout(id).widgets) context.fillRect(x + 12, y + TITLE + widget.y + 4, width - 24, widget.height - 8);
  }
  paintPicture(frame, id, bounds);
  context.globalAlpha = 1;
}

/** Draws one frame. */
export function paint(frame: Frame): void {
  const { context, pixelRatio, camera } = frame;
  context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
  paintGrid(frame);
  context.setTransform(pixelRatio * camera.scale, 0, 0, pixelRatio * camera.scale, pixelRatio * camera.x, pixelRatio * camera.y);
  paintGroups(frame);
  paintLinks(frame);
  for (const id of frame.far) paintFarNode(frame, id);
}
