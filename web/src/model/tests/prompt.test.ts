import { describe, expect, it } from "vitest";
import { definitions, openDocument } from "../../fixtures/definitions";
import { keysAround } from "../levels";
import { buildPrompt } from "../prompt";
import { isPrompt, readPrompt } from "../prompt_read";
import type { JsonObject } from "../types";

const prompt = (data?: JsonObject) => buildPrompt(openDocument(data).graph);

const latent = (id: number, links: number[]): JsonObject => ({ id, type: "EmptyLatentImage", outputs: [{ name: "LATENT", type: "LATENT", links }], widgets_values: [64, 64, 1] });
const decode = (id: number, link: number | null): JsonObject => ({ id, type: "VAEDecode", inputs: [{ name: "samples", type: "LATENT", link }, { name: "vae", type: "VAE", link: null }], outputs: [] });
const upscale = (id: number, mode: number, link: number, out: number): JsonObject => ({
  id, type: "LatentUpscaleBy", mode, inputs: [{ name: "samples", type: "LATENT", link }], outputs: [{ name: "LATENT", type: "LATENT", links: [out] }], widgets_values: ["bilinear", 2],
});

describe("the prompt", () => {
  it("of the default workflow is the API format", () => {
    expect(prompt()).toMatchObject({
      "1": { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "weft-tiny.safetensors" }, _meta: { title: "Load Checkpoint" } },
      "5": { class_type: "KSampler", inputs: { model: ["1", 0], seed: 1, steps: 20, positive: ["2", 0], negative: ["3", 0], latent_image: ["4", 0], denoise: 1 } },
      "7": { class_type: "SaveImage", inputs: { images: ["6", 0], filename_prefix: "weft" } },
    });
    expect(Object.keys(prompt()["5"]!.inputs)).not.toContain("seed:control_after_generate");
  });

  it("passes through reroutes", () => {
    const built = prompt({ nodes: [latent(1, [1]), { id: 2, type: "Reroute", inputs: [{ name: "", type: "*", link: 1 }], outputs: [{ name: "", type: "*", links: [2] }] }, decode(3, 2)], links: [[1, 1, 0, 2, 0, "*"], [2, 2, 0, 3, 0, "*"]] });
    expect(built["3"]!.inputs.samples).toEqual(["1", 0]);
    expect(built["2"]).toBeUndefined();
  });

  it.each([[0, ["2", 0]], [4, ["1", 0]], [2, undefined]])("with a node of mode %i in between links to %j", (mode, source) => {
    const built = prompt({ nodes: [latent(1, [1]), upscale(2, mode, 1, 2), decode(3, 2)], links: [[1, 1, 0, 2, 0, "LATENT"], [2, 2, 0, 3, 0, "LATENT"]] });
    expect(built["3"]!.inputs.samples).toEqual(source);
    expect("2" in built).toBe(mode === 0);
  });

  it("takes in the value of a primitive", () => {
    const built = prompt({
      nodes: [
        { id: 1, type: "PrimitiveNode", outputs: [{ name: "INT", type: "INT", links: [1], widget: { name: "width" } }], widgets_values: [320, "fixed"] },
        { id: 2, type: "EmptyLatentImage", inputs: [{ name: "width", type: "INT", link: 1, widget: { name: "width" } }], outputs: [], widgets_values: [64, 64, 1] },
      ],
      links: [[1, 1, 0, 2, 0, "INT"]],
    });
    expect(built).toEqual({ "2": { class_type: "EmptyLatentImage", inputs: { width: 320, height: 64, batch_size: 1 }, _meta: { title: "Empty Latent Image" } } });
  });

  it("wraps list literals", () => {
    const document = openDocument();
    document.edit("t", [{ kind: "value", id: "7", name: "filename_prefix", value: ["a", "b"] }]);
    expect(buildPrompt(document.graph)["7"]!.inputs.filename_prefix).toEqual({ __value__: ["a", "b"] });
  });

  it("flattens subgraphs, nested ones as well", () => {
    const inner = { id: "in", name: "Inner", inputs: [{ name: "x", type: "LATENT" }], outputs: [{ name: "y", type: "LATENT" }], nodes: [upscale(5, 0, 1, 2)],
      links: [{ id: 1, origin_id: -10, origin_slot: 0, target_id: 5, target_slot: 0, type: "LATENT" }, { id: 2, origin_id: 5, origin_slot: 0, target_id: -20, target_slot: 0, type: "LATENT" }] };
    const outer = { id: "out", name: "Outer", inputs: [{ name: "x", type: "LATENT" }], outputs: [{ name: "y", type: "LATENT" }],
      nodes: [{ id: 9, type: "in", inputs: [{ name: "x", type: "LATENT", link: 1 }], outputs: [{ name: "y", type: "LATENT", links: [2] }] }],
      links: [{ id: 1, origin_id: -10, origin_slot: 0, target_id: 9, target_slot: 0, type: "LATENT" }, { id: 2, origin_id: 9, origin_slot: 0, target_id: -20, target_slot: 0, type: "LATENT" }] };
    const built = prompt({
      nodes: [latent(1, [1]), { id: 2, type: "out", inputs: [{ name: "x", type: "LATENT", link: 1 }], outputs: [{ name: "y", type: "LATENT", links: [2] }] }, decode(3, 2)],
      links: [[1, 1, 0, 2, 0, "LATENT"], [2, 2, 0, 3, 0, "LATENT"]], definitions: { subgraphs: [inner, outer] },
    });
    expect(Object.keys(built).sort()).toEqual(["1", "2:9:5", "3"]);
    expect(built["3"]!.inputs.samples).toEqual(["2:9:5", 0]);
    expect(built["2:9:5"]!.inputs.samples).toEqual(["1", 0]);
    expect(keysAround("2:9:5")).toEqual(["2:9", "2"]);
  });
});

describe("a prompt that is opened", () => {
  it("gives the same prompt again", () => {
    const before = prompt();
    const { graph, problems } = readPrompt(structuredClone(before), definitions, () => false);
    expect(problems).toEqual([]);
    expect(buildPrompt(graph)).toEqual(before);
  });

  it("lays its nodes out without overlap", () => {
    const { graph } = readPrompt(prompt(), definitions, () => false);
    expect(new Set([...graph.nodes.values()].map((node) => node.pos.join())).size).toBe(graph.nodes.size);
  });

  it.each([[{}, false], [{ "1": { class_type: "X" } }, true], [{ nodes: [] }, false], [null, false]])("%j is one: %s", (data, expected) => expect(isPrompt(data)).toBe(expected));
});
