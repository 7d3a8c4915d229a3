/** A prompt (API format) of whatever graph, opened and exported again, is the same prompt; its nodes lie beside each other. */

import { describe, expect, it } from "vitest";
import { openDynamic, openDynamicPrompt } from "../../fixtures/dynamic";
import { GROUP_FILE } from "../../fixtures/group_nodes";
import { Hand, random } from "../../fixtures/random_edits";
import { DEFAULT_WORKFLOW } from "../default_workflow";
import { intersects, layoutNode, nodeBounds } from "../geometry";
import { buildPrompt, type Prompt } from "../prompt";
import type { JsonObject } from "../types";

const opened = (prompt: Prompt) => openDynamicPrompt(prompt as unknown as JsonObject);
const cases = [DEFAULT_WORKFLOW, GROUP_FILE].flatMap((file, index) => [1, 2, 3, 4].map((seed) => [index === 0 ? "the default workflow" : "a file with group nodes", seed, file] as const));

describe("a prompt that was exported and is opened", () => {
  it.each(cases)("after random edits of %s (series %i)", (_, seed, file) => {
    const document = openDynamic(file);
    const hand = new Hand(document, random(seed * 104729));
    for (let step = 0; step < 80; step++) {
      hand.act();
      if (step % 20 !== 19 || document.root.nodes.size === 0) continue;
      const prompt = buildPrompt(document.root, () => 0);
      if (Object.keys(prompt).length === 0) continue;
      const { graph, problems } = opened(prompt);
      expect(problems).toEqual([]);
      expect(buildPrompt(graph, () => 0)).toEqual(prompt);
      const bounds = [...graph.nodes.values()].map((node) => nodeBounds(node, layoutNode(graph, node, false)));
      expect(bounds.some((a, index) => bounds.slice(index + 1).some((b) => intersects(a, b)))).toBe(false);
    }
  }, 60_000);

  it("with types that are not installed, lists, big numbers, and ids of nodes in subgraphs", () => {
    const node = (class_type: string, inputs: JsonObject) => ({ class_type, inputs, _meta: { title: "A title" } });
    const prompt = {
      "3": node("Nowhere", { words: "a", list: { __value__: [1, [2]] }, none: null, deep: { a: [1, 2, 3] }, yes: true, image: ["12:3", 1] }),
      "12:3": node("LoadImage", { image: "a.png" }), "12:4": node("KSampler", { seed: 18446744073709551615n, steps: 3, cfg: 1.5, sampler_name: "euler", scheduler: "normal", denoise: 1, latent_image: ["3", 2] }),
    } as unknown as Prompt;
    const { graph, problems, missingTypes } = opened(prompt);
    expect([problems, missingTypes]).toEqual([[], ["Nowhere"]]);
    expect(buildPrompt(graph)).toEqual(prompt);
  });
});
