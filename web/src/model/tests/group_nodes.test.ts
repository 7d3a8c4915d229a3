import { describe, expect, it } from "vitest";
import { copy, openDocument } from "../../fixtures/definitions";
import { GROUP_FILE } from "../../fixtures/group_nodes";
import { shape } from "../../fixtures/subgraphs";
import type { Document } from "../document";
import { toJson } from "../exact_json";
import { convertGroup } from "../group_nodes";
import { cutOut, fragmentFromText, fragmentToText, insertFragment, removeNodes } from "../operations";
import { buildPrompt } from "../prompt";
import { advanceSeeds } from "../seeds";
import type { JsonObject } from "../types";
import { unpackSubgraph } from "../unpack";
import { readWorkflow } from "../workflow_read";
import { writeWorkflow } from "../workflow_write";
import { definitions } from "../../fixtures/definitions";

const text = (document: Document): string => toJson(writeWorkflow(document.root));
const widgets = (document: Document, id: string): string[] => document.graph.widgets(document.graph.node(id)).map((spec) => spec.name);
const inputs = (document: Document, id: string): string[] => document.graph.node(id).inputs.filter((socket) => !socket.widget).map((socket) => socket.name);

describe("a group node of an old file", () => {
  it("opens as a node with the inputs, outputs and values of its own, and is written as it came", () => {
    const document = openDocument(GROUP_FILE);
    expect(readWorkflow(copy(GROUP_FILE), definitions)).toMatchObject({ problems: [], missingTypes: [] });
    expect(inputs(document, "10")).toEqual(["clip", "model", "negative", "latent_image", "vae"]);
    expect(document.graph.node("10").outputs.map((socket) => socket.name)).toEqual(["LATENT", "IMAGE", "refined"]);
    expect(widgets(document, "10")).toEqual([
      "text", "seed", "seed:control_after_generate", "cfg", "sampler_name", "scheduler", "strength", "Second seed", "Second seed:control_after_generate",
    ]);
    expect(document.graph.node("11").values).toMatchObject({ text: "a dog", seed: 43, cfg: 6, strength: 1, "Second seed": 98 });
    expect(text(document)).toBe(toJson(GROUP_FILE));
  });

  it("runs as the nodes that it holds, each with its own values", () => {
    const prompt = buildPrompt(openDocument(GROUP_FILE).graph);
    expect(Object.keys(prompt).sort()).toEqual(["1", "10:0", "10:1", "10:2", "10:3", "11:0", "11:1", "11:2", "11:3", "12", "2"]);
    expect(prompt["10:0"]!.inputs).toEqual({ text: "a cat", clip: ["1", 1] });
    expect(prompt["10:1"]!.inputs).toEqual({
      seed: 42, steps: 33, cfg: 7, sampler_name: "dpmpp_2m", scheduler: "karras", denoise: 0.5, model: ["1", 0], positive: ["10:0", 0], latent_image: ["2", 0],
    });
    expect(prompt["10:3"]!.inputs).toMatchObject({ seed: 99, steps: 9, latent_image: ["10:1", 0], positive: ["10:0", 0] });
    expect(prompt["12"]!.inputs).toEqual({ images: ["10:2", 0] });
    expect(prompt["11:1"]!.inputs).toMatchObject({ seed: 43, denoise: 1 });
  });

  it("keeps a changed value at its place, also that of a seed that moves on", () => {
    const document = openDocument(GROUP_FILE);
    document.edit("t", [{ kind: "value", id: "10", name: "strength", value: 0.25 }]);
    document.edit("t", advanceSeeds(document.root));
    const values = (document.toWorkflow().nodes as { widgets_values: unknown[] }[]).map((node) => node.widgets_values);
    expect(values[3]).toEqual(["a dog", 44, "increment", 6, "euler", "normal", 1, 98, "fixed"]);
    expect(values[2]!.slice(2)).toEqual(["randomize", 7, "dpmpp_2m", "karras", 0.25, 99, "fixed"]);
    expect((document.toWorkflow().extra as JsonObject).groupNodes).toEqual((GROUP_FILE.extra as JsonObject).groupNodes);
    while (document.history.canUndo) document.undo();
    expect(text(document)).toBe(toJson(GROUP_FILE));
  });

  it("becomes a subgraph that gives the same prompt, is written as one, and goes back by undo", () => {
    const document = openDocument(GROUP_FILE);
    const before = shape(buildPrompt(document.graph));
    document.edit("convert", convertGroup(document.root, "workflow>Sampling"));
    expect(shape(buildPrompt(document.graph))).toEqual(before);
    const data = document.toWorkflow();
    const [subgraph] = (data.definitions as { subgraphs: JsonObject[] }).subgraphs;
    expect([subgraph!.name, (data.nodes as { type: string }[]).filter((node) => node.type === subgraph!.id).length]).toEqual(["Sampling", 2]);
    const again = openDocument(data);
    expect(shape(buildPrompt(again.graph))).toEqual(before);
    expect(text(again)).toBe(toJson(data));
    document.undo();
    expect(text(document)).toBe(toJson(GROUP_FILE));
  });

  it("is unpacked with its own values", () => {
    const document = openDocument(GROUP_FILE);
    const before = shape(buildPrompt(document.graph));
    for (const id of ["10", "11"]) document.edit("unpack", unpackSubgraph(document.graph, id).edits);
    expect(shape(buildPrompt(document.graph))).toEqual(before);
    expect(shape(buildPrompt(openDocument(document.toWorkflow()).graph))).toEqual(before);
  });

  it("is copied: here as it is, into another workflow as a subgraph", () => {
    const [here, there] = [openDocument(GROUP_FILE), openDocument()];
    const fragment = fragmentFromText(fragmentToText(cutOut(here.graph, ["1", "2", "10"])))!;
    const pasted = insertFragment(here.graph, fragment, [0, 0]);
    here.edit("paste", pasted.edits);
    expect(here.graph.node(pasted.ids[2]!).type).toBe("workflow>Sampling");
    here.edit("delete", removeNodes(here.graph, ["10", "11", "12"]));
    const alone = shape(buildPrompt(here.graph)).filter((node) => node.includes("a cat"));
    for (const document of [openDocument(here.toWorkflow()), there]) {
      if (document === there) document.edit("paste", insertFragment(there.graph, fragment, [0, 0]).edits);
      const again = openDocument(document.toWorkflow());
      expect(shape(buildPrompt(again.graph)).filter((node) => node.includes("a cat"))).toEqual(alone);
    }
    expect(there.root.subgraphs.has("workflow>Sampling")).toBe(false);
  });

  it("that holds what is not installed stays a placeholder and says so", () => {
    const data = copy(GROUP_FILE);
    const groups = (data.extra as { groupNodes: { Sampling: { nodes: JsonObject[] } } }).groupNodes;
    groups.Sampling.nodes[2]!.type = "Nowhere";
    const { graph, problems, missingTypes } = readWorkflow(copy(data), definitions);
    expect(problems).toEqual(["The group node Sampling holds Nowhere, which is not installed here. It is kept as it is."]);
    expect([graph.node("10").known, missingTypes]).toEqual([false, []]);
    expect(toJson(writeWorkflow(graph))).toBe(toJson(data));
  });

  it("inside another one, and under the older form of its type", () => {
    const data = copy(GROUP_FILE);
    const groups = (data.extra as { groupNodes: Record<string, JsonObject> }).groupNodes;
    const [, , ten] = data.nodes as JsonObject[];
    groups.Outer = { nodes: [{ ...ten!, type: "workflow/Sampling", id: 0, index: 0 }], links: [], external: [] };
    ten!.type = "workflow/Outer";
    const built = buildPrompt(readWorkflow(copy(data), definitions).graph);
    expect(built["10:0:1"]!.inputs).toMatchObject({ seed: 42, denoise: 0.5, model: ["1", 0] });
    expect(built["12"]!.inputs).toEqual({ images: ["10:0:2", 0] });
    expect(toJson(writeWorkflow(readWorkflow(copy(data), definitions).graph))).toBe(toJson(data));
  });
});
