import { describe, expect, it } from "vitest";
import { openDocument } from "../../fixtures/definitions";
import { createNode } from "../graph";
import { insertInto, swapNode } from "../rewire";

const added = (document: ReturnType<typeof openDocument>, type: string) => {
  const node = createNode(document.graph, type, [0, 0]);
  document.edit("add node", [{ kind: "addNode", node }]);
  return node;
};

describe("putting a node into a link", () => {
  it("leads the link through it, and undo leaves the file as it was", () => {
    const document = openDocument();
    const node = added(document, "Reroute");
    const before = JSON.stringify(document.toWorkflow());
    document.edit("insert", insertInto(document.graph, document.graph.linkInto("5", "positive")!.id, node));
    expect(document.graph.linkInto("5", "positive")?.from).toBe(node.id);
    expect(document.graph.linkInto(node.id, "")?.from).toBe("2");
    document.undo();
    expect(JSON.stringify(document.toWorkflow())).toBe(before);
  });

  it("refuses what does not fit and what would close a circle", () => {
    const document = openDocument();
    const link = document.graph.linkInto("5", "positive")!.id;
    expect(insertInto(document.graph, link, added(document, "VAEDecode"))).toEqual([]);
    expect(insertInto(document.graph, document.graph.linkInto("6", "samples")!.id, document.graph.node("5"))).toEqual([]);
  });
});

describe("swapping a node", () => {
  it("keeps links and values by name, within the new bounds, and undo takes it back", () => {
    const document = openDocument();
    const { graph } = document;
    document.edit("value", [{ kind: "value", id: "5", name: "steps", value: 33 }]);
    const before = JSON.stringify(document.toWorkflow());
    const swapped = swapNode(graph, "5", "KSamplerAdvanced", false);
    document.edit("swap", swapped.edits);
    expect(graph.nodes.has("5")).toBe(false);
    expect(graph.linkInto(swapped.id, "positive")?.from).toBe("2");
    expect(graph.linkInto(swapped.id, "latent_image")?.from).toBe("4");
    expect(graph.linkInto("6", "samples")?.from).toBe(swapped.id);
    expect(graph.node(swapped.id).values.steps).toBe(33);
    document.undo();
    expect(JSON.stringify(document.toWorkflow())).toBe(before);
  });

  it("drops what has no place in the new type", () => {
    const document = openDocument();
    const swapped = swapNode(document.graph, "5", "VAEDecode", false);
    document.edit("swap", swapped.edits);
    expect(document.graph.linksOf(swapped.id).map((link) => link.toInput)).toEqual(["samples"]);
    expect(document.graph.linkInto("6", "samples")).toBeUndefined();
  });
});
