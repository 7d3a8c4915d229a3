/** What does an extension see of nodes, links and workflows? Copies of what they are now. */

import type { Document } from "../model/document";
import type { Graph } from "../model/graph";
import { isBorder } from "../model/subgraph_type";
import { NodeMode, type Group, type GraphNode, type Link, type NodeId, type WidgetSpec } from "../model/types";
import { readTheme } from "../view/theme";
import type * as api from "./weft_extension";

export const MODES = { normal: 0, muted: NodeMode.mute, bypassed: NodeMode.bypass } as const;

export const linkInfo = (link: Link): api.LinkInfo => ({ id: link.id, from: link.from, output: link.fromSlot, to: link.to, input: link.toInput, type: link.type });

export const groupInfo = (group: Group): api.GroupInfo => ({ id: group.id, title: group.title, bounds: { ...group.bounds } });

export const widgetInfo = (spec: WidgetSpec): api.WidgetInfo => ({
  name: spec.name, label: spec.label, type: spec.origin?.type ?? spec.type, defaultValue: structuredClone(spec.defaultValue), min: spec.min, max: spec.max, step: spec.step,
  choices: spec.choices && [...spec.choices], tooltip: spec.tooltip,
});

function modeOf(node: GraphNode): api.NodeInfo["mode"] {
  return node.mode === MODES.muted ? "muted" : node.mode === MODES.bypassed ? "bypassed" : "normal";
}

export function nodeInfo(graph: Graph, node: GraphNode): api.NodeInfo {
  const widgets = graph.widgets(node);
  const linkOf = (id: number | null): api.LinkInfo | null => {
    const link = id === null ? undefined : graph.links.get(id);
    return link ? linkInfo(link) : null;
  };
  return {
    id: node.id, type: node.type, title: graph.title(node), position: [...node.pos], size: [...node.size], mode: modeOf(node), isCollapsed: node.collapsed, isPinned: node.pinned,
    values: Object.fromEntries(widgets.map((spec) => [spec.name, structuredClone(graph.value(node, spec))])),
    widgets: widgets.map(widgetInfo),
    inputs: node.inputs.map((socket) => ({ name: socket.name, type: socket.type, link: linkOf(socket.link) })),
    outputs: node.outputs.map((socket) => ({ name: socket.name, type: socket.type, links: socket.links.map(linkOf).filter((link) => link !== null) })),
  };
}

/** The nodes with these ids that are there, without the borders of a subgraph. */
export const nodeInfos = (graph: Graph, ids: Iterable<NodeId>): api.NodeInfo[] =>
  [...ids].filter((id) => !isBorder(id)).flatMap((id) => {
    const node = graph.nodes.get(id);
    return node ? [nodeInfo(graph, node)] : [];
  });

export const workflowInfo = (document: Document): api.WorkflowInfo => ({
  id: document.id, name: document.name.peek(), savedAs: document.savedAs, hasChanges: document.revision.peek() !== document.savedRevision.peek(),
});

export function themeInfo(): api.ThemeInfo {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  const { dark, canvas, border, text, muted, accent, selected, error } = readTheme();
  return { isDark: dark, canvas, panel: read("--panel"), field: read("--field"), border, text, muted, accent, selected, error };
}
