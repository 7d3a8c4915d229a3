/** Which socket is meant by a link that was dropped on a node, rather than on one of its sockets? */

import type { Document } from "../model/document";
import { mayConnect } from "../model/operations";
import { NEW_PORT } from "../model/ports";
import { SUBGRAPH_INPUT, SUBGRAPH_OUTPUT } from "../model/subgraph_type";
import type { NodeId } from "../model/types";
import type { Linking } from "../view/stage";

/** The first free input that fits, else the first that fits at all. */
export function firstFittingInput(document: Document, id: NodeId, linking: Linking): string | null {
  if (linking.end.side !== "output") return null;
  const end = linking.end;
  const fitting = document.graph.node(id).inputs.filter((socket) => !socket.widget && mayConnect(document.graph, end, { node: id, input: socket.name }));
  const free = fitting.find((socket) => socket.link === null);
  if (id === SUBGRAPH_OUTPUT) return free?.name ?? NEW_PORT;
  return (free ?? fitting[0])?.name ?? null;
}

export function firstFittingOutput(document: Document, id: NodeId, linking: Linking): number | null {
  if (linking.end.side !== "input") return null;
  const end = linking.end;
  const slot = document.graph.node(id).outputs.findIndex((_, index) => mayConnect(document.graph, { node: id, slot: index }, end));
  if (slot < 0 && id === SUBGRAPH_INPUT) return document.graph.node(id).outputs.length;
  return slot < 0 ? null : slot;
}
