/** How is the whole workflow drawn on a small map? Groups, nodes in the colours of their titles, and the part that is on the screen. */

import type { Document } from "../../model/document";
import { union } from "../../model/geometry";
import type { Point, Rect } from "../../model/types";
import type { CameraState } from "../../model/workflow_write";
import { titleTint, type Theme } from "../theme";

const MARGIN = 8;

/** Map = canvas * scale + (x, y), in CSS pixels of the map. */
export interface MapPlace {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

/** All nodes and groups of the shown level; null where there are none. */
export const worldOf = (document: Document): Rect | null =>
  union([...[...document.graph.nodes.keys()].map((id) => document.bounds(id)), ...[...document.graph.groups.values()].map((group) => group.bounds)]);

export function mapPlace(world: Rect, width: number, height: number): MapPlace {
  const scale = Math.min((width - 2 * MARGIN) / Math.max(1, world.width), (height - 2 * MARGIN) / Math.max(1, world.height));
  return { scale, x: (width - world.width * scale) / 2 - world.x * scale, y: (height - world.height * scale) / 2 - world.y * scale };
}

/** A camera of the same scale with the map's point in the middle of the screen. */
export function cameraAt(place: MapPlace, [x, y]: Point, camera: CameraState, width: number, height: number): CameraState {
  const canvas: Point = [(x - place.x) / place.scale, (y - place.y) / place.scale];
  return { scale: camera.scale, x: width / 2 - canvas[0] * camera.scale, y: height / 2 - canvas[1] * camera.scale };
}

export function paintMap(context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D, document: Document, place: MapPlace, theme: Theme): void {
  const fill = ({ x, y, width, height }: Rect): void =>
    context.fillRect(x * place.scale + place.x, y * place.scale + place.y, Math.max(1.5, width * place.scale), Math.max(1.5, height * place.scale));
  const { graph } = document;
  context.globalAlpha = 0.25;
  for (const group of graph.groups.values()) {
    context.fillStyle = group.color ?? theme.muted;
    fill(group.bounds);
  }
  for (const node of graph.nodes.values()) {
    const { hue, chroma } = titleTint(node, graph.definition(node.type)?.category ?? "");
    const strength = Math.min(1.4, chroma);
    context.globalAlpha = node.mode === 0 ? 1 : 0.4;
    context.fillStyle = node.known ? (theme.dark ? `oklch(0.62 ${0.09 * strength} ${hue})` : `oklch(0.72 ${0.1 * strength} ${hue})`) : theme.error;
    fill(document.bounds(node.id));
  }
  context.globalAlpha = 1;
}

/** The frame around what the screen shows. */
export function paintView(context: CanvasRenderingContext2D, view: Rect, place: MapPlace, theme: Theme): void {
  context.strokeStyle = context.fillStyle = theme.selected;
  context.lineWidth = 1.5;
  const [x, y] = [view.x * place.scale + place.x, view.y * place.scale + place.y];
  context.strokeRect(x, y, view.width * place.scale, view.height * place.scale);
  context.globalAlpha = 0.08;
  context.fillRect(x, y, view.width * place.scale, view.height * place.scale);
  context.globalAlpha = 1;
}
