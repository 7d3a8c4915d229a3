/** How does an extension read and change the graph? By copies, and by edits that are one step of the undo. */

import type { Editor } from "../editor";
import type { Document } from "../model/document";
import type { Edit } from "../model/edits";
import { naturalSize } from "../model/geometry";
import { createNode, type Graph } from "../model/graph";
import { connect, mayConnect, removeNodes } from "../model/operations";
import { valueEdit } from "../model/promoted";
import { isBorder } from "../model/subgraph_type";
import type { GraphNode, WidgetSpec } from "../model/types";
import { groupInfo, linkInfo, MODES, nodeInfos } from "./infos";
import type { RunningExtension } from "./running";
import type { GraphAccess, GraphEdits, Value } from "./weft_extension";

const EXPECTED: Partial<Record<WidgetSpec["kind"], readonly string[]>> = { number: ["number", "bigint"], toggle: ["boolean"], text: ["string"], string: ["string"], markdown: ["string"] };

function checkValue(graph: Graph, node: GraphNode, spec: WidgetSpec, value: Value): void {
  const kinds = EXPECTED[spec.kind];
  if (kinds && !kinds.includes(typeof value)) throw new TypeError(`expected a ${kinds[0]} for ${spec.name} of ${graph.title(node)}, found ${JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? String(part) : part))}`);
}

function widgetOf(graph: Graph, id: string, name: string): { node: GraphNode; spec: WidgetSpec } {
  const node = graph.node(id);
  const spec = graph.widgets(node).find((widget) => widget.name === name);
  if (!spec) throw new Error(`expected a widget ${name} on ${graph.title(node)} (node ${id}), found ${graph.widgets(node).map((widget) => widget.name).join(", ") || "none"}`);
  return { node, spec };
}

function slotOf(graph: Graph, id: string, output: number | string): number {
  const { outputs } = graph.node(id);
  const slot = typeof output === "number" ? output : outputs.findIndex((socket) => socket.name === output);
  if (!outputs[slot]) throw new Error(`expected an output ${output} on node ${id}, found ${outputs.map((socket, index) => `${index} ${socket.name}`).join(", ") || "none"}`);
  return slot;
}

/** The steps of one `edit`; each is applied at once, so that the next one sees it. */
function editsOf(document: Document, apply: (edits: readonly Edit[]) => void): GraphEdits {
  const field = (id: string, part: { field: "pos" | "size" | "mode" | "title"; value: unknown }): void => {
    document.graph.node(id); // raises where it is not there
    apply([{ kind: "field", id, ...part } as Edit]);
  };
  const set = (id: string, widget: string, value: Value): void => {
    const { graph } = document;
    const { node, spec } = widgetOf(graph, id, widget);
    checkValue(graph, node, spec, value);
    apply([valueEdit(graph, node, spec, structuredClone(value))]);
  };
  return {
    add: (type, { position = [0, 0], title, values = {} } = {}) => {
      const node = createNode(document.graph, type, [position[0], position[1]]);
      node.title = title ?? null;
      node.size = naturalSize(document.graph, node, document.hasMedia(node));
      apply([{ kind: "addNode", node }]);
      for (const [name, value] of Object.entries(values)) set(node.id, name, value);
      return node.id;
    },
    remove: (...ids) => {
      for (const id of ids) document.graph.node(id);
      apply(removeNodes(document.graph, ids));
    },
    connect: (from, output, to, input) => {
      const { graph } = document;
      const ends = [{ node: from, slot: slotOf(graph, from, output) }, { node: to, input }] as const;
      if (!graph.input(to, input)) throw new Error(`expected an input ${input} on node ${to}, found ${graph.node(to).inputs.map((socket) => socket.name).join(", ") || "none"}`);
      if (!mayConnect(graph, ...ends)) throw new Error(`output ${output} of node ${from} does not fit input ${input} of node ${to}: their types differ, or the link would close a circle`);
      apply(connect(graph, ...ends));
    },
    disconnect: (id, input) => {
      const link = document.graph.linkInto(id, input);
      if (link) apply([{ kind: "removeLink", id: link.id }]);
    },
    set,
    move: (id, [x, y]) => field(id, { field: "pos", value: [x, y] }),
    resize: (id, [width, height]) => field(id, { field: "size", value: [width, height] }),
    rename: (id, title) => field(id, { field: "title", value: title.trim() || null }),
    setMode: (id, mode) => field(id, { field: "mode", value: MODES[mode] }),
  };
}

let count = 0;

export function graphAccess(editor: Editor, extension: RunningExtension, changes: () => void): GraphAccess {
  let open: GraphEdits | null = null;
  const front = (): Document => {
    const document = editor.active.peek();
    if (!document) throw new Error("expected a workflow in front, found none: wait for the event workflow-shown");
    return document;
  };
  const edit = <T>(label: string, change: (graph: GraphEdits) => T): T => {
    if (!extension.guard.isOpen) throw new Error(`${extension.id} is switched off, so that it changes nothing`);
    if (open) return change(open); // inside another one: part of its step
    const document = front();
    const key = `extension ${++count}`;
    let isEmpty = true;
    open = editsOf(document, (edits) => {
      if (edits.length === 0) return;
      document.edit(label, edits, key);
      isEmpty = false;
    });
    try {
      const result = change(open);
      if (result instanceof Promise) throw new TypeError(`expected the change "${label}" to be done when it returns, found a promise: wait before graph.edit, not inside`);
      return result;
    } catch (error) {
      if (!isEmpty) document.takeBack();
      throw error;
    } finally {
      open = null;
      document.endGesture();
      changes();
    }
  };
  return {
    nodes: () => nodeInfos(front().graph, front().graph.nodes.keys()),
    node: (id) => nodeInfos(front().graph, [id])[0] ?? null,
    links: () => [...front().graph.links.values()].map(linkInfo),
    groups: () => [...front().graph.groups.values()].map(groupInfo),
    selection: () => [...front().selection.peek()].filter((id) => !isBorder(id)),
    select: (ids) => {
      const { graph } = front();
      front().select(ids.filter((id) => graph.nodes.has(id)));
      changes();
    },
    show: (ids) => editor.stage.fit(ids),
    edit,
  };
}
