/** How are sockets linked without a pointer? By choosing both ends from lists. */

import type { Editor } from "../editor";
import type { Document } from "../model/document";
import { inputWords, outputWords } from "../model/node_words";
import { connect, mayConnect, type InputEnd, type OutputEnd } from "../model/operations";
import { typeLabel } from "../model/sockets";
import { isBorder } from "../model/subgraph_type";
import type { NodeId } from "../model/types";
import { readingOrder } from "../model/walking";
import { spoken } from "../view/dom/widgets/widget";
import type { Linking } from "../view/stage";
import { t } from "../words";
import { joinTo, linkingFrom } from "./linking";
import { placeOfSelection } from "./looks";

type End = Linking["end"];
interface Offer {
  readonly label: string;
  readonly act: () => void;
}

const endOf = (end: OutputEnd | InputEnd): End => ("slot" in end ? { side: "output", ...end } : { side: "input", ...end });

/** Lets the user choose one of several things to do. */
function offer(editor: Editor, label: string, offers: readonly Offer[]): void {
  const [x, y] = placeOfSelection(editor);
  editor.ui.choice.value = {
    label, anchor: new DOMRect(x, y, 340, 0), choices: offers.map((entry) => entry.label), value: null,
    pick: (picked) => offers.find((entry) => entry.label === picked)?.act(),
  };
}

function socketName(document: Document, end: End): string {
  const node = document.graph.node(end.node);
  const socket = end.side === "output" ? node.outputs[end.slot] : node.inputs.find((input) => input.name === end.input);
  const words = end.side === "output" ? outputWords(node.type, end.slot) : inputWords(node.type, end.input);
  return spoken(words.name ?? socket?.label ?? (socket?.name || typeLabel(socket?.type ?? "*")));
}

const nodeName = (document: Document, id: NodeId): string => `${document.graph.title(document.graph.node(id))}${isBorder(id) ? "" : ` #${id}`}`;

/** The other ends that a socket may be linked to, those of nodes further on (or back) first. */
function fittingEnds(document: Document, end: End): End[] {
  const { graph } = document;
  const order = readingOrder(graph);
  const here = order.indexOf(end.node);
  const near = [...order].sort((a, b) => Math.abs(order.indexOf(a) - here) - Math.abs(order.indexOf(b) - here));
  return near.filter((id) => id !== end.node).flatMap((id): End[] => {
    const node = graph.node(id);
    if (end.side === "output") return node.inputs.filter((input) => mayConnect(graph, end, { node: id, input: input.name })).map((input) => endOf({ node: id, input: input.name }));
    return node.outputs.flatMap((_, slot) => (mayConnect(graph, { node: id, slot }, end) ? [endOf({ node: id, slot })] : []));
  });
}

const joined = (document: Document, a: End, b: End): boolean => {
  const [output, input] = a.side === "output" ? [a, b] : [b, a];
  if (output.side !== "output" || input.side !== "input") return false;
  const link = document.graph.linkInto(input.node, input.input);
  return link?.from === output.node && link.fromSlot === output.slot;
};

function join(document: Document, a: End, b: End): void {
  const [output, input] = a.side === "output" ? [a, b] : [b, a];
  if (output.side === "output" && input.side === "input") document.edit("connect", connect(document.graph, output, input));
}

/** Offers everything that may be done with a socket: other ends, a new node that fits, taking links off. */
export function offerEnds(editor: Editor, end: OutputEnd | InputEnd): void {
  const document = editor.active.peek();
  if (!document) return;
  const { graph } = document;
  const from = endOf(end);
  const linking = linkingFrom(document, from);
  const links = graph.linksOf(from.node).filter((link) => (from.side === "output" ? link.from === from.node && link.fromSlot === from.slot : link.to === from.node && link.toInput === from.input));
  const ends = fittingEnds(document, from).map((to): Offer => ({
    label: `${nodeName(document, to.node)}: ${socketName(document, to)}${joined(document, from, to) ? " ✓" : ""}`, act: () => join(document, from, to),
  }));
  const filter = { side: from.side === "output" ? "input" : "output", type: linking.type } as const;
  const at = placeOfSelection(editor);
  const place = editor.stage.canvasPoint([at[0] + (from.side === "output" ? 360 : -360) * editor.stage.camera.scale, at[1]]);
  offer(editor, t("node.endFor", { socket: socketName(document, from) }), [
    ...ends,
    { label: t("node.newNode"), act: () => (editor.ui.search.value = { screen: at, filter, pick: (type) => editor.addNode(type, place, (node) => joinTo(document, linking, node)) }) },
    ...(links.length > 0 ? [{ label: t("node.removeLinks", { n: links.length }), act: () => document.edit("disconnect", links.map(({ id }) => ({ kind: "removeLink", id }))) }] : []),
  ]);
}

/** Offers the sockets of a node; the chosen one is linked next. */
export function offerSockets(editor: Editor, id: NodeId): void {
  const document = editor.active.peek();
  const node = document?.graph.nodes.get(id);
  if (!document || !node) return;
  const { graph } = document;
  const input = (name: string): string => {
    const link = graph.linkInto(id, name);
    return link ? t("node.fromNode", { node: graph.title(graph.node(link.from)) }) : "";
  };
  const entry = (label: string, end: OutputEnd | InputEnd): Offer => ({ label, act: () => offerEnds(editor, end) });
  offer(editor, t("node.socketToConnect"), [
    ...node.outputs.map((_, slot) => entry(t("node.outputAt", { socket: socketName(document, endOf({ node: id, slot })), number: slot + 1 }), { node: id, slot })),
    ...node.inputs.map((socket) => entry(t("node.inputAt", { socket: socketName(document, endOf({ node: id, input: socket.name })) }) + input(socket.name), { node: id, input: socket.name })),
  ]);
}
