/** The search of templates: words in sentences and tags count, those in titles more, and a technique narrows it. */

import { readFileSync } from "node:fs";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { speak } from "../words";
import { matching, shelfOf, titleOf, type TemplateInfo } from "./templates";

const file = path.resolve(import.meta.dirname, "../../templates/index.json");
const shipped = (JSON.parse(readFileSync(file, "utf8")) as TemplateInfo[]).map((entry) => ({ ...entry, package: "" }));
const brought: TemplateInfo = { name: "deep", package: "a pack", title: "deep", description: "", technique: "", tags: [], models: [], inputs: [], words: {}, workflow: "", picture: "" };
const all = [...shipped, brought];
const names = (found: readonly TemplateInfo[]) => found.map(({ name }) => name);

describe("the search of templates", () => {
  afterEach(() => speak("en"));

  it.each([["retouch", "inpainting"], ["img2img", "image_to_image"], ["canny", "controlnet_edges"], ["lora", "lora"], ["Stable Diffusion XL", "sdxl_base_refiner"], ["text image", "text_to_image"]])("%s finds %s first", (query, name) => {
    expect(names(matching(all, "", query))[0]).toBe(name);
  });

  it("gives all in their order for no words, and none for words that stand nowhere", () => {
    expect(matching(all, "", " ")).toEqual(all);
    expect(matching(all, "", "zzzqx")).toEqual([]);
  });

  it("keeps to a technique, or to a pack", () => {
    expect(new Set(matching(all, "Video", "").map(shelfOf))).toEqual(new Set(["Video"]));
    expect(names(matching(all, "Video", "inpainting"))).not.toContain("inpainting");
    expect(names(matching(all, "a pack", ""))).toEqual(["deep"]);
  });

  it("knows the words of the reader's language, and the English ones beside them", async () => {
    await speak("de");
    expect(titleOf(shipped.find(({ name }) => name === "subgraph")!)).toBe("Ein Subgraph");
    expect(names(matching(all, "", "Kanten"))[0]).toBe("controlnet_edges");
    expect(names(matching(all, "", "edges"))[0]).toBe("controlnet_edges");
  });
});
