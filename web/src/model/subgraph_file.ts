/** How do the definitions of subgraphs come out of a file? Damaged ones as far as they go, with a word on what is wrong. */

import { t } from "../words";
import { Graph } from "./graph";
import { borderNode, circularSubgraphs, readPort, type Side } from "./subgraph_type";
import type { GraphNode, JsonObject, Point } from "./types";
import { fill, isObject, list, readPoint, text } from "./workflow_read";
import { noteUntouched } from "./workflow_write";

const RAIL_GAP = 240;

/** Where the file has the border, else beside the nodes. */
function borderPoint(entry: JsonObject, side: Side): Point {
  const border = entry[`${side}Node`];
  const placed = readPoint(isObject(border) ? border.bounding : undefined, [NaN, NaN]);
  if (!Number.isNaN(placed[0])) return placed;
  const nodes = list(entry.nodes);
  const lefts = nodes.map((node) => readPoint(node.pos, [0, 0])[0]);
  const rights = nodes.map((node, index) => lefts[index]! + readPoint(node.size, [240, 0])[0]);
  const top = Math.min(0, ...nodes.map((node) => readPoint(node.pos, [0, 0])[1]));
  return side === "input" ? [Math.min(0, ...lefts) - RAIL_GAP, top] : [Math.max(0, ...rights) + RAIL_GAP / 2, top];
}

const readBorder = (entry: JsonObject, side: Side): GraphNode => borderNode(side, list(entry[`${side}s`]).map(readPort), borderPoint(entry, side));

/** Makes the graph of one definition with its border; its nodes are read once all definitions are known. */
export function emptySubgraph(root: Graph, entry: JsonObject): Graph {
  const subgraph = new Graph(root.definitions, root, String(entry.id));
  subgraph.name = text(entry.name, "");
  subgraph.raw = entry;
  for (const node of [readBorder(entry, "input"), readBorder(entry, "output")]) subgraph.nodes.set(node.id, node);
  return subgraph;
}

/** Reads definitions into the workflow of `root`. */
export function addSubgraphs(root: Graph, entries: readonly JsonObject[], problems: string[]): Graph[] {
  const added: Graph[] = [];
  for (const entry of entries) {
    if (root.subgraphs.has(String(entry.id))) {
      problems.push(t("notices.twoSubgraphs", { id: String(entry.id) }));
      continue;
    }
    const subgraph = emptySubgraph(root, entry);
    root.subgraphs.set(subgraph.id!, subgraph);
    added.push(subgraph);
  }
  for (const subgraph of added) fill(subgraph, subgraph.raw, problems);
  for (const subgraph of added) noteUntouched(subgraph);
  return added;
}

export function readSubgraphs(root: Graph, raw: JsonObject, problems: string[]): void {
  addSubgraphs(root, list(isObject(raw.definitions) ? raw.definitions.subgraphs : undefined), problems);
  for (const id of circularSubgraphs(root))
    problems.push(t("notices.insideItselfFile", { name: root.subgraphs.get(id)?.name || id }));
}
