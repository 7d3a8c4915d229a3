/** How does a graph look as an SVG? Nodes with their real texts, links as curves; sharp at every size. */

import type { Document } from "../model/document";
import { TITLE, union, type NodeLayout } from "../model/geometry";
import type { GraphNode, Json, NodeId, Point, Rect, WidgetSpec } from "../model/types";
import { linkCurve, linkEnds } from "../view/canvas/link_path";
import { titleTint, typeColor, type Theme } from "../view/theme";
import { t } from "../words";
import { svgMetadata } from "./embed";

const MARGIN = 40;
const LETTER = 6.7; // mean width of a letter at 12 px
const LINE = 16;

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
/** Text for XML; characters that XML may not hold are left out. */
export const escaped = (text: string): string => text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "").replace(/[&<>"]/g, (character) => escapes[character]!);

const cut = (text: string, width: number): string => {
  const most = Math.max(1, Math.floor(width / LETTER));
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
};

/** A text in lines of a width, as many as fit into a height. */
function lines(text: string, width: number, height: number): string[] {
  const most = Math.max(8, Math.floor(width / LETTER));
  const wrapped = text.split("\n").flatMap((line) => line.match(new RegExp(`.{1,${most}}(?=\\s|$)|.{1,${most}}`, "gu")) ?? [""]);
  return wrapped.slice(0, Math.max(1, Math.floor(height / LINE)));
}

const shown = (value: Json): string => (typeof value === "string" ? value : typeof value === "object" && value !== null ? JSON.stringify(value) : String(value));

/** The colour as every program knows it. */
export type Paint = (color: string) => string;

export interface Extra {
  /** Put into the picture, so that it can be opened again. */
  readonly workflow?: unknown;
  /** What a widget shows in place of its value; undefined for the value. */
  readonly said?: (id: NodeId, name: string) => unknown;
}

interface Sketch {
  readonly said: NonNullable<Extra["said"]>;
  readonly document: Document;
  readonly theme: Theme;
  readonly paint: Paint;
}

const words = (x: number, y: number, text: string, fill: string, more = ""): string => `<text x="${x}" y="${y}" fill="${fill}"${more}>${escaped(text)}</text>`;

function widget({ document, theme, paint, said }: Sketch, node: GraphNode, spec: WidgetSpec, top: number, width: number, height: number): string {
  const [muted, text] = [paint(theme.muted), paint(theme.text)];
  const value = shown((said(node.id, spec.name) ?? document.graph.value(node, spec)) as Json);
  const box = `<rect x="10" y="${top + 3}" width="${width - 20}" height="${height - 6}" rx="6" fill="${paint(theme.canvas)}" stroke="${paint(theme.border)}"/>`;
  if (spec.kind === "text" || spec.kind === "markdown") return box + lines(value, width - 40, height - 14).map((line, row) => words(18, top + 20 + row * LINE, line, text)).join("");
  const label = cut(spec.label.replaceAll("_", " "), (width - 36) * 0.55);
  return box + words(18, top + height / 2 + 4, label, muted) + words(width - 18, top + height / 2 + 4, cut(value, width - 44 - label.length * LETTER), text, ' text-anchor="end"');
}

function sockets({ theme, paint }: Sketch, node: GraphNode, layout: NodeLayout): string {
  const text = paint(theme.text);
  const dot = (x: number, y: number, type: string): string => `<circle cx="${x}" cy="${y}" r="5" fill="${paint(typeColor(type, theme))}"/>`;
  const inputs = node.inputs.map((socket, index) => {
    const y = layout.inputs[index]?.y ?? 0;
    if (socket.widget) return socket.link === null ? "" : dot(0, y, socket.type);
    return dot(0, y, socket.type) + (layout.collapsed ? "" : words(12, y + 4, cut((socket.label ?? socket.name).replaceAll("_", " "), layout.width / 2), text));
  });
  const outputs = node.outputs.map((socket, slot) => {
    const y = layout.outputs[slot]?.y ?? 0;
    return dot(layout.width, y, socket.type) + (layout.collapsed ? "" : words(layout.width - 12, y + 4, cut((socket.label ?? socket.name).replaceAll("_", " "), layout.width / 2), text, ' text-anchor="end"'));
  });
  return [...inputs, ...outputs].join("");
}

function oneNode(sketch: Sketch, id: NodeId): string {
  const { document, theme, paint } = sketch;
  const node = document.graph.node(id);
  const layout = document.layout(id);
  const { width, height, title } = layout;
  const { hue, chroma } = titleTint(node, document.graph.definition(node.type)?.category ?? "");
  const tint = node.known ? (theme.dark ? `oklch(0.42 ${0.06 * chroma} ${hue})` : `oklch(0.9 ${0.045 * chroma} ${hue})`) : theme.error;
  const parts = [
    `<rect x="0" y="${-title}" width="${width}" height="${height + title}" rx="12" fill="${paint(theme.node)}" stroke="${paint(theme.border)}"/>`,
    title > 0 ? `<path d="M0 0 V${12 - title} a12 12 0 0 1 12 -12 H${width - 12} a12 12 0 0 1 12 12 V0 Z" fill="${paint(tint)}"/>${words(14, 5 - TITLE / 2, cut(document.graph.title(node), (width - 28) / 1.15), paint(theme.text), ' font-size="14" font-weight="600"')}` : "",
    ...layout.widgets.map((place) => widget(sketch, node, place.spec, place.y, width, place.height)),
    layout.media && !layout.collapsed ? `<rect x="10" y="${layout.media.y}" width="${width - 20}" height="${Math.max(0, layout.media.height)}" rx="6" fill="none" stroke="${paint(theme.border)}" stroke-dasharray="5 4"/>` : "",
    sockets(sketch, node, layout),
  ];
  return `<g data-node="${escaped(id)}" transform="translate(${node.pos[0]} ${node.pos[1]})"${node.mode === 0 ? "" : ' opacity="0.5"'}>${parts.join("")}</g>`;
}

function oneLink({ theme, paint }: Sketch, ends: readonly [Point, Point], type: string): string {
  const [a, b, c, d] = linkCurve(...ends);
  const width = 2.4 * (theme.linkWidth || 1);
  return `<path d="M${a.join(" ")} C${b.join(" ")} ${c.join(" ")} ${d.join(" ")}" fill="none" stroke="${paint(typeColor(type, theme))}" stroke-width="${width}" stroke-linecap="round"/>`;
}

export interface SvgPicture {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
}

/** A picture of the level that is shown: of these nodes and the links among them, or of all. Raises where there is nothing to draw. */
export function graphSvg(document: Document, ids: readonly NodeId[] | null, theme: Theme, paint: Paint, { workflow = null, said = () => undefined }: Extra = {}): SvgPicture {
  const sketch: Sketch = { document, theme, paint, said };
  const chosen = ids === null ? [...document.graph.nodes.keys()] : ids.filter((id) => document.graph.nodes.has(id));
  const among = new Set(chosen);
  const groups = [...document.graph.groups.values()].filter((group) => ids === null || chosen.some((id) => holds(group.bounds, document.bounds(id))));
  const area = union([...chosen.map((id) => document.bounds(id)), ...groups.map((group) => group.bounds)]);
  if (!area) throw new Error(t("sharing.nothingToDraw"));
  const view = { x: Math.floor(area.x - MARGIN), y: Math.floor(area.y - MARGIN), width: Math.ceil(area.width + 2 * MARGIN), height: Math.ceil(area.height + 2 * MARGIN) };
  const links = [...document.graph.links.values()].filter((link) => among.has(link.from) && among.has(link.to));
  const byRank = [...chosen].sort((a, b) => document.graph.node(a).rank - document.graph.node(b).rank);
  const body = [
    `<rect x="${view.x}" y="${view.y}" width="${view.width}" height="${view.height}" fill="${paint(theme.canvas)}"/>`,
    ...groups.map((group) => `<rect x="${group.bounds.x}" y="${group.bounds.y}" width="${group.bounds.width}" height="${group.bounds.height}" rx="14" fill="${escaped(paint(group.color ?? theme.muted))}" fill-opacity="0.2"/>${words(group.bounds.x + 16, group.bounds.y + 26, group.title, paint(theme.text), ' font-size="18" font-weight="600"')}`),
    ...links.map((link) => oneLink(sketch, linkEnds(document, link), link.type)),
    ...byRank.map((id) => oneNode(sketch, id)),
  ];
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${view.width}" height="${view.height}" viewBox="${view.x} ${view.y} ${view.width} ${view.height}" font-family="system-ui, sans-serif" font-size="12">`;
  const svg = `${head}${workflow === null ? "" : svgMetadata(workflow)}<title>${escaped(document.name.peek())}</title>${body.join("")}</svg>`;
  return { svg, width: view.width, height: view.height };
}

const holds = (outer: Rect, inner: Rect): boolean =>
  inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.width <= outer.x + outer.width && inner.y + inner.height <= outer.y + outer.height;
