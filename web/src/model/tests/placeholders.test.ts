/** Nodes of types that are not installed, and fields that nobody here knows, on every way that copies take. */

import { describe, expect, it } from "vitest";
import { openDocument } from "../../fixtures/definitions";
import { pack } from "../../fixtures/subgraphs";
import type { Document } from "../document";
import { toJson } from "../exact_json";
import { cutOut, fragmentFromText, fragmentToText, insertFragment, removeNodes } from "../operations";
import { copy } from "../../fixtures/definitions";
import type { JsonObject, NodeId } from "../types";
import { unpackSubgraph } from "../unpack";
import { writeWorkflow } from "../workflow_write";

const STRANGE: JsonObject = {
  id: 3, type: "Nowhere", pos: [10, 20], size: { 0: 100, 1: 50 }, flags: { theirs: true }, order: 1, mode: 0, shape: 4, color: "#123456", odd: { deep: [null] },
  inputs: [{ name: "b", type: "LATENT", link: null, shape: 7 }, { name: "a", type: "LATENT", link: 1, dir: 3 }], outputs: [{ name: "out", type: "X", links: null, extra: 1 }],
  properties: { cnr_id: "a-pack", models: [{ name: "m" }] }, widgets_values: [1, "two", { three: [3] }],
};
const KNOWN: JsonObject = {
  id: 1, type: "EmptyLatentImage", pos: [0, 0], size: [1, 1], flags: {}, order: 0, mode: 0, outputs: [{ name: "LATENT", type: "LATENT", links: [1], theirs: 9 }],
  properties: {}, widgets_values: [64, 64, 1, "a value of another widget"], bgcolor: "#222222", note: "kept",
};
const FILE: JsonObject = { last_node_id: 3, last_link_id: 1, nodes: [KNOWN, STRANGE], links: [[1, 1, 0, 3, 1, "LATENT"]], groups: [], config: {}, extra: {}, version: 0.4 };

const written = (document: Document, id: NodeId): JsonObject => (writeWorkflow(document.root).nodes as JsonObject[]).find((node) => String(node.id) === id)!;
const text = (document: Document): string => toJson(writeWorkflow(document.root));

/** What is the same in a copy: all but where it is and its links. */
function kept(node: JsonObject): JsonObject {
  const { inputs, outputs, ...rest } = copy(node);
  for (const field of ["id", "order", "pos"]) Reflect.deleteProperty(rest, field);
  const slots = (list: unknown): JsonObject[] => ((list ?? []) as JsonObject[]).map((slot) => ({ ...slot, link: null, links: null }));
  return { ...rest, inputs: slots(inputs), outputs: slots(outputs) };
}

function paste(from: Document, to: Document, ids: readonly NodeId[], throughText = true): readonly NodeId[] {
  const fragment = cutOut(from.graph, ids);
  const inserted = insertFragment(to.graph, throughText ? fragmentFromText(fragmentToText(fragment))! : fragment, [0, 0], true);
  to.edit("paste", inserted.edits);
  return inserted.ids;
}

describe("what is not known here", () => {
  it.each([["the clipboard", true], ["duplicating", false]])("comes along with %s", (_, throughText) => {
    const document = openDocument(FILE);
    const ids = paste(document, document, ["1", "3"], throughText);
    expect(kept(written(document, ids[0]!))).toEqual(kept(KNOWN));
    expect(kept(written(document, ids[1]!))).toEqual(kept(STRANGE));
    expect(document.graph.linkInto(ids[1]!, "a")?.from).toBe(ids[0]);
    // the copy lists its slots in the file's order, and the link names the right one of them
    expect((writeWorkflow(document.root).links as number[][]).at(-1)!.slice(1, 5)).toEqual([Number(ids[0]), 0, Number(ids[1]), 1]);
  });

  it("comes along when it is cut here and pasted in another workflow", () => {
    const [here, there] = [openDocument(FILE), openDocument()];
    const before = text(here);
    const fragment = fragmentFromText(fragmentToText(cutOut(here.graph, ["3"])))!;
    here.edit("cut", removeNodes(here.graph, ["3"]));
    const { edits, ids } = insertFragment(there.graph, fragment, [0, 0]);
    there.edit("paste", edits);
    expect(kept(written(there, ids[0]!))).toEqual(kept(STRANGE));
    here.undo();
    expect(text(here)).toBe(before);
  });

  it("survives a subgraph: in, out, as a copy, and back by undo", () => {
    const document = openDocument(FILE);
    const before = text(document);
    const subgraph = pack(document, ["3"]);
    const [inner] = ((writeWorkflow(document.root).definitions as { subgraphs: { nodes: JsonObject[] }[] }).subgraphs[0]!).nodes;
    expect(kept(inner!)).toEqual(kept(STRANGE));
    const unpacked = unpackSubgraph(document.graph, subgraph);
    document.edit("unpack", unpacked.edits);
    expect(kept(written(document, unpacked.ids[0]!))).toEqual(kept(STRANGE));
    const [twin] = paste(document, document, unpacked.ids);
    expect(kept(written(document, twin!))).toEqual(kept(STRANGE));
    while (document.history.canUndo) document.undo();
    expect(text(document)).toBe(before);
  });
});
