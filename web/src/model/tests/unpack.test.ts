import { describe, expect, it } from "vitest";
import { openDocument } from "../../fixtures/definitions";
import { buildPrompt, type Prompt } from "../prompt";
import type { Json, JsonObject } from "../types";
import { createSubgraph } from "../subgraphs";
import { unpackSubgraph } from "../unpack";

const link = (id: number, from: number, to: number): JsonObject => ({ id, origin_id: from, origin_slot: 0, target_id: to, target_slot: 0, type: "LATENT" });
const port = (name: string): JsonObject => ({ name, type: "LATENT" });
const wrapper = (id: number, type: string): JsonObject => ({
  id, type, pos: [400, 50], inputs: [{ ...port("x"), link: 1 }], outputs: [{ ...port("y"), links: [2, 3] }],
});

const inner: JsonObject = {
  id: "in", name: "Inner", inputs: [port("x")], outputs: [port("y")], links: [link(1, -10, 5), link(2, 5, -20)],
  nodes: [{ id: 5, type: "LatentUpscale", pos: [10, 10], odd: "kept", inputs: [{ name: "samples", type: "LATENT", link: 1 }], outputs: [{ name: "LATENT", type: "LATENT", links: [2] }], widgets_values: ["bilinear", 640, 512, "center"] }],
  groups: [{ title: "Inside", bounding: [0, -40, 300, 200] }],
};
const outer: JsonObject = {
  id: "out", name: "Outer", inputs: [port("x")], outputs: [port("y")], links: [link(1, -10, 9), link(2, 9, -20)],
  nodes: [{ id: 9, type: "in", inputs: [{ ...port("x"), link: 1 }], outputs: [{ ...port("y"), links: [2] }] }],
};
const latent: JsonObject = { id: 1, type: "EmptyLatentImage", pos: [0, 0], outputs: [{ name: "LATENT", type: "LATENT", links: [1] }], widgets_values: [512, 512, 1] };
const decode = (id: number, link: number): JsonObject => ({ id, type: "VAEDecode", pos: [800, 0], inputs: [{ name: "samples", type: "LATENT", link }, { name: "vae", type: "VAE", link: null }] });

const open = (type: string) => openDocument({
  version: 0.4, last_node_id: 4, last_link_id: 3, nodes: [latent, wrapper(2, type), decode(3, 2), decode(4, 3)],
  links: [[1, 1, 0, 2, 0, "LATENT"], [2, 2, 0, 3, 0, "LATENT"], [3, 2, 0, 4, 0, "LATENT"]], definitions: { subgraphs: [inner, outer] },
});

/** The prompt without the ids of its nodes: each link is the node that it comes from. */
const shape = (prompt: Prompt): unknown[] => {
  const seen = (id: string): Json => ({ type: prompt[id]!.class_type, inputs: Object.fromEntries(Object.entries(prompt[id]!.inputs).map(([name, value]) => [name, Array.isArray(value) ? seen(String(value[0])) : value])) });
  return Object.keys(prompt).map((id) => JSON.stringify(seen(id))).sort();
};

describe("unpacking a subgraph", () => {
  it.each(["in", "out"])("%s runs as before, and undo brings back the same file", (type) => {
    const document = open(type);
    const before = JSON.stringify(document.toWorkflow());
    const prompt = shape(buildPrompt(document.graph));
    const unpacked = unpackSubgraph(document.graph, "2");
    document.edit("unpack", unpacked.edits);
    expect(document.graph.nodes.has("2")).toBe(false);
    expect(shape(buildPrompt(document.graph))).toEqual(prompt);
    expect(shape(buildPrompt(openDocument(document.toWorkflow()).graph))).toEqual(prompt);
    document.undo();
    expect(JSON.stringify(document.toWorkflow())).toBe(before);
  });

  it("puts what was made a subgraph back where it was", () => {
    const document = openDocument();
    const ids = ["4", "5", "6"];
    const before = ids.map((id) => document.graph.node(id).pos);
    const made = createSubgraph(document.graph, ids, "S", (id) => document.bounds(id));
    document.edit("make a subgraph", made.edits);
    const unpacked = unpackSubgraph(document.graph, made.id);
    document.edit("unpack", unpacked.edits);
    unpacked.ids.map((id) => document.graph.node(id).pos).forEach(([x, y], index) => {
      expect(Math.abs(x - before[index]![0])).toBeLessThanOrEqual(1);
      expect(Math.abs(y - before[index]![1])).toBeLessThanOrEqual(1);
    });
  });

  it("keeps places to each other, values, groups and unknown fields", () => {
    const document = open("in");
    const { edits, ids: [id] } = unpackSubgraph(document.graph, "2");
    document.edit("unpack", edits);
    const written = (document.toWorkflow().nodes as JsonObject[]).find((node) => String(node.id) === id)!;
    expect(written).toMatchObject({ odd: "kept", widgets_values: ["bilinear", 640, 512, "center"] });
    const [x, y] = document.graph.node(id!).pos;
    expect([...document.graph.groups.values()].map((group) => [group.title, group.bounds.x, group.bounds.y])).toEqual([["Inside", x - 10, y - 50]]);
  });
});
