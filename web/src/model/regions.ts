/** Where do regional prompts count? The rectangles of the nodes that set areas, in pixels of the picture that comes. */

import type { Edit } from "./edits";
import type { Graph } from "./graph";
import type { GraphNode, Link, NodeId, Rect } from "./types";

/** Node types that set an area: in pixels, or in shares of the picture. */
const TYPES: ReadonlyMap<string, "pixels" | "shares"> = new Map([["ConditioningSetArea", "pixels"], ["ConditioningSetAreaPercentage", "shares"]]);
const SIDES = ["x", "y", "width", "height"] as const;
/** Pixels of the cells that latents are made of. */
export const CELL = 8;
const SMALLEST = 8 * CELL;
const DEFAULT_SIDE = 512;

export interface Size {
  readonly width: number;
  readonly height: number;
}
export interface Region {
  readonly id: NodeId;
  /** The prompt that counts there, or the node's title. */
  readonly label: string;
  readonly rect: Rect;
  /** A link brings one of its sides, so that it can't be moved. */
  readonly isFixed: boolean;
}

export const setsArea = (node: GraphNode | undefined): boolean => node !== undefined && TYPES.has(node.type);

function numberOf(graph: Graph, node: GraphNode, name: string): number | null {
  const spec = graph.widgets(node).find((widget) => widget.name === name && widget.kind === "number");
  const value = spec && graph.value(node, spec);
  return typeof value === "number" ? value : null;
}

/** The size of the picture: of the first node that begins one. */
export function pictureSize(graph: Graph): Size {
  for (const node of graph.nodes.values()) {
    if (!node.outputs.some((output) => output.type === "LATENT") || node.inputs.some((input) => input.type === "LATENT")) continue;
    const [width, height] = [numberOf(graph, node, "width"), numberOf(graph, node, "height")];
    if (width && height) return { width, height };
  }
  return { width: DEFAULT_SIDE, height: DEFAULT_SIDE };
}

/** The text of the prompt that comes in, through nodes that only pass it on. */
function promptOf(graph: Graph, node: GraphNode): string | null {
  const seen = new Set<NodeId>();
  for (let at: GraphNode | undefined = node; at && !seen.has(at.id); ) {
    seen.add(at.id);
    const text = graph.widgets(at).find((spec) => spec.kind === "text");
    if (text) return String(graph.value(at, text)).trim() || null;
    const input: string | undefined = at.inputs.find((socket) => socket.type === "CONDITIONING" || socket.type === "*")?.name;
    const link: Link | undefined = input === undefined ? undefined : graph.linkInto(at.id, input);
    at = link && graph.nodes.get(link.from);
  }
  return null;
}

export function regionsOf(graph: Graph, size: Size): Region[] {
  return [...graph.nodes.values()].filter(setsArea).map((node) => {
    const [sx, sy] = TYPES.get(node.type) === "shares" ? [size.width, size.height] : [1, 1];
    const side = (name: string): number => numberOf(graph, node, name) ?? 0;
    return {
      id: node.id, label: promptOf(graph, node) ?? graph.title(node),
      rect: { x: side("x") * sx, y: side("y") * sy, width: side("width") * sx, height: side("height") * sy },
      isFixed: SIDES.some((name) => graph.linkInto(node.id, name) !== undefined),
    };
  });
}

const snapped = (value: number): number => Math.round(value / CELL) * CELL;
const within = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));

/** A rectangle on whole cells, within the picture and not too small to hold anything. */
export function fitted(rect: Rect, size: Size): Rect {
  const width = within(snapped(rect.width), Math.min(SMALLEST, size.width), size.width);
  const height = within(snapped(rect.height), Math.min(SMALLEST, size.height), size.height);
  return { x: within(snapped(rect.x), 0, size.width - width), y: within(snapped(rect.y), 0, size.height - height), width, height };
}

/** Edits that give a node's area these sides. */
export function areaEdits(graph: Graph, id: NodeId, rect: Rect, size: Size): Edit[] {
  const node = graph.node(id);
  const isShare = TYPES.get(node.type) === "shares";
  const valueOf = (name: (typeof SIDES)[number]): number => {
    if (!isShare) return rect[name];
    const share = rect[name] / (name === "x" || name === "width" ? size.width : size.height);
    return Math.round(share * 10_000) / 10_000;
  };
  return SIDES.map((name) => ({ kind: "value", id, name, value: valueOf(name) }));
}
