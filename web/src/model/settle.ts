/** Which edits must follow on others? Inputs that no longer apply go with their links, those that now apply come. */

import { factsOf, shownInputs, socketOf } from "./dynamic_inputs";
import { graphOf, type Edit, type Touched } from "./edits";
import type { Graph } from "./graph";
import type { GraphNode, InputDefinition, InputSocket, Json, WidgetSpec } from "./types";

const isSame = (socket: InputSocket, input: InputDefinition): boolean => socket.type === input.type && socket.widget === (input.widget !== null);

/** Whether a value that was set under another option means something to this widget. */
function isFit(spec: WidgetSpec, value: Json): boolean {
  if (spec.choices) return spec.choices.includes(value);
  if (spec.kind === "number") return typeof value === "bigint" || (typeof value === "number" && value <= (spec.max ?? value) && value >= (spec.min ?? value));
  return typeof value === typeof spec.defaultValue;
}

function nodeEdits(graph: Graph, node: GraphNode): Edit[] {
  const parts = node.known ? graph.definition(node.type)?.parts : undefined;
  if (!parts) return [];
  const owners = parts.filter((part) => part.kind !== "plain").map((part) => `${part.input.name}.`);
  const belongs = (name: string): boolean => owners.some((owner) => name.startsWith(owner));
  const shown = shownInputs(parts, factsOf(node));
  const sockets = shown.inputs.map((input): InputSocket => {
    const present = node.inputs.find((socket) => socket.name === input.name);
    return present && (!belongs(input.name) || isSame(present, input)) ? present : socketOf(input);
  });
  const others = node.inputs.filter((socket) => !sockets.some((kept) => kept.name === socket.name));
  const value = [...sockets, ...others.filter((socket) => !belongs(socket.name))];
  const gone = node.inputs.filter((socket) => !value.includes(socket) && socket.link !== null);
  const strange = shown.widgets.filter((spec) => belongs(spec.name) && node.values[spec.name] !== undefined && !isFit(spec, node.values[spec.name]!));
  const isChanged = value.length !== node.inputs.length || value.some((socket, index) => socket !== node.inputs[index]);
  return [
    ...gone.map((socket): Edit => ({ kind: "removeLink", id: socket.link! })),
    ...(isChanged ? [{ kind: "field", id: node.id, field: "inputs", value } as const] : []),
    ...strange.map((spec): Edit => ({ kind: "value", id: node.id, name: spec.name, value: undefined })),
  ];
}

/** What must follow on edits that touched these nodes; empty once all inputs are as they should be. */
export function settleEdits(root: Graph, touched: Touched): Edit[] {
  return [...touched].flatMap(([definition, ids]) => {
    if (definition !== null && !root.subgraphs.has(definition)) return [];
    const graph = graphOf(root, definition);
    const edits = [...ids].flatMap((id) => (graph.nodes.has(id) ? nodeEdits(graph, graph.node(id)) : []));
    return definition === null ? edits : edits.map((edit): Edit => ({ kind: "inside", definition, edit }));
  });
}

/** False for edits after which no node's inputs can be others: moves, sizes, colours. */
export function mayReshape(edit: Edit): boolean {
  return edit.kind === "inside" ? mayReshape(edit.edit) : ["value", "addNode", "addLink", "removeLink", "addDefinition"].includes(edit.kind);
}
