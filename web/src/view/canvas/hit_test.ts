/** What lies under the pointer? Answered from the model, the same for nodes in the page and nodes on the canvas. */

import type { Document } from "../../model/document";
import { contains, inputPoint, outputPoint } from "../../model/geometry";
import type { LinkId, NodeId, Point } from "../../model/types";
import { distanceToLink, linkEnds } from "./link_path";

export type Hit =
  | { readonly kind: "output"; readonly node: NodeId; readonly slot: number }
  | { readonly kind: "input"; readonly node: NodeId; readonly input: string }
  | { readonly kind: "corner"; readonly node: NodeId }
  | { readonly kind: "title"; readonly node: NodeId }
  | { readonly kind: "body"; readonly node: NodeId }
  | { readonly kind: "link"; readonly link: LinkId }
  | { readonly kind: "group"; readonly group: number }
  | { readonly kind: "groupCorner"; readonly group: number }
  | { readonly kind: "void" };

const SOCKET_REACH = 11;
const FINGER_REACH = 18;
const CORNER = 16;
const LINK_REACH = 6;
export const GROUP_TITLE = 36;

function hitSocket(document: Document, id: NodeId, point: Point, reach: number): Hit | null {
  const node = document.graph.node(id);
  const layout = document.layout(id);
  const near = ([x, y]: Point): boolean => Math.abs(point[0] - x) <= reach && Math.abs(point[1] - y) <= reach;
  for (let slot = 0; slot < layout.outputs.length; slot++)
    if (near(outputPoint(node, layout, slot))) return { kind: "output", node: id, slot };
  for (const { name } of layout.inputs)
    if (near(inputPoint(node, layout, name))) return { kind: "input", node: id, input: name };
  return null;
}

/** An unconnected socket's label may be grabbed as well, as long as no widget is there. */
function hitLabel(document: Document, id: NodeId, point: Point): Hit | null {
  const node = document.graph.node(id);
  const layout = document.layout(id);
  const x = point[0] - node.pos[0];
  const y = point[1] - node.pos[1];
  if (layout.collapsed) return null; // a reroute as well: its bar is there to be dragged
  const input = layout.inputs.find((place, index) => !node.inputs[index]?.widget && x < layout.width * 0.4 && Math.abs(y - place.y) < 11);
  if (input) return { kind: "input", node: id, input: input.name };
  const slot = layout.outputs.findIndex((output) => x > layout.width * 0.6 && Math.abs(y - output.y) < 11);
  return slot >= 0 ? { kind: "output", node: id, slot } : null;
}

function hitNode(document: Document, id: NodeId, point: Point): Hit {
  const bounds = document.bounds(id);
  const [x, y] = point;
  if (!document.layout(id).collapsed && x > bounds.x + bounds.width - CORNER && y > bounds.y + bounds.height - CORNER) return { kind: "corner", node: id };
  return { kind: y < bounds.y + document.layout(id).title ? "title" : "body", node: id };
}

function hitLink(document: Document, point: Point, reach: number): Hit | null {
  const { graph } = document;
  for (const link of graph.links.values()) {
    if (distanceToLink(point, ...linkEnds(document, link)) <= reach) return { kind: "link", link: link.id };
  }
  return null;
}

function hitGroup(document: Document, [x, y]: Point): Hit | null {
  for (const { id, bounds } of [...document.graph.groups.values()].reverse()) {
    if (!contains(bounds, [x, y])) continue;
    if (x > bounds.x + bounds.width - CORNER && y > bounds.y + bounds.height - CORNER) return { kind: "groupCorner", group: id };
    if (y < bounds.y + GROUP_TITLE) return { kind: "group", group: id };
  }
  return null;
}

export interface HitOptions {
  /** Screen pixels per canvas unit. */
  readonly scale: number;
  /** While a link is dragged, labels catch it and links and groups do not count. */
  readonly linking?: boolean;
  /** A finger is less sure of its aim. */
  readonly coarse?: boolean;
}

/** The topmost thing at `point` (canvas units). `candidates` are the nodes near it, topmost first. */
export function hitTest(document: Document, candidates: readonly NodeId[], point: Point, options: HitOptions): Hit {
  const reach = options.coarse ? Math.min(44, Math.max(SOCKET_REACH, FINGER_REACH / options.scale)) : Math.min(24, Math.max(SOCKET_REACH, SOCKET_REACH / options.scale));
  for (const id of candidates) {
    const socket = hitSocket(document, id, point, reach);
    if (socket) return socket;
    if (!contains(document.bounds(id), point)) continue;
    return hitLabel(document, id, point) ?? hitNode(document, id, point);
  }
  if (options.linking) return { kind: "void" };
  return hitLink(document, point, Math.min(16, LINK_REACH / options.scale)) ?? hitGroup(document, point) ?? { kind: "void" };
}
