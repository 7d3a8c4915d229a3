/** What is a link that has one end so far? */

import type { Document } from "../model/document";
import type { Edit } from "../model/edits";
import { inputPoint, outputPoint } from "../model/geometry";
import { connect } from "../model/operations";
import { accepts } from "../model/sockets";
import type { GraphNode, Point } from "../model/types";
import type { Linking } from "../view/stage";

export function linkingFrom(document: Document, end: Linking["end"]): Linking {
  const { graph } = document;
  const node = graph.node(end.node);
  const layout = document.layout(end.node);
  if (end.side === "output") return { end, type: node.outputs[end.slot]?.type ?? "*", from: outputPoint(node, layout, end.slot) };
  return { end, type: graph.input(end.node, end.input)?.type ?? "*", from: inputPoint(node, layout, end.input) };
}

/** Edits that connect a node just added to the end of the link that was dropped, its socket where it was dropped. */
export function joinAt(document: Document, linking: Linking, node: GraphNode, at: Point): Edit[] {
  const edits = joinTo(document, linking, node);
  const link = edits.find((edit) => edit.kind === "addLink")?.link;
  if (!link) return edits;
  const [x, y] = link.to === node.id ? inputPoint(node, document.layout(node.id), link.toInput) : outputPoint(node, document.layout(node.id), link.fromSlot);
  return [...edits, { kind: "field", id: node.id, field: "pos", value: [Math.round(node.pos[0] + at[0] - x), Math.round(node.pos[1] + at[1] - y)] }];
}

/** Edits that connect a node just added to the end of the link that was dropped. */
export function joinTo(document: Document, linking: Linking, node: GraphNode): Edit[] {
  const { end } = linking;
  if (end.side === "output") {
    const fitting = node.inputs.filter((socket) => accepts(socket.type, linking.type));
    const socket = fitting.find((entry) => entry.type === linking.type && !entry.widget) ?? fitting.find((entry) => !entry.widget) ?? fitting[0];
    return socket ? connect(document.graph, end, { node: node.id, input: socket.name }) : [];
  }
  const exact = node.outputs.findIndex((socket) => socket.type === linking.type);
  const slot = exact >= 0 ? exact : node.outputs.findIndex((socket) => accepts(linking.type, socket.type));
  return slot >= 0 ? connect(document.graph, { node: node.id, slot }, end) : [];
}
