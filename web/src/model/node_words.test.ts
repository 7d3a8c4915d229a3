import { afterEach, describe, expect, it } from "vitest";
import { readDefinitions } from "./definitions";
import { searchDefinitions } from "./fuzzy";
import { Graph } from "./graph";
import { nameOfType, aboutType, inputWords, inWords, mayHaveWords, nodeWords, outputWords, readNodeWords } from "./node_words";
import type { JsonObject } from "./types";
import { readWorkflow } from "./workflow_read";
import { writeWorkflow } from "./workflow_write";

const INFO = { Tint: {
  display_name: "Tint", description: "Colours a picture.", category: "colour", python_module: "custom_nodes.tints",
  input: { required: { image: ["IMAGE", {}], strength: ["FLOAT", { default: 1, tooltip: "How much" }], constructor: ["INT", {}] } }, output: ["IMAGE"], output_name: ["image"],
} } as unknown as JsonObject;
const TEXTS = {
  en: { nodeDefs: { Tint: { display_name: "Tint it", inputs: { strength: { tooltip: "From 0 to 1" } }, outputs: { 0: { name: "tinted" } } } } },
  de: { main: { a: "b" }, nodeDefs: { Tint: { display_name: "Einfärben", description: "Färbt ein Bild.", inputs: { strength: { name: "Stärke" }, image: { name: " " } } } } },
  "de-AT": { nodeDefs: { Tint: { outputs: { 0: { tooltip: "Das Büldl" } } } } },
} as unknown as JsonObject;
const definitions = readDefinitions(INFO);
const tint = definitions.get("Tint")!;
const strength = tint.widgets.find(({ name }) => name === "strength")!;

afterEach(() => void (nodeWords.value = new Map()));

describe("the words of packs", () => {
  it("are those of the reader's language, else English, else the server's", () => {
    nodeWords.value = readNodeWords(TEXTS, ["en", "de", "de-AT"]);
    expect(nameOfType(tint)).toBe("Einfärben");
    expect(aboutType(tint)).toBe("Färbt ein Bild.");
    expect(inWords(strength)).toMatchObject({ name: "strength", label: "Stärke", tooltip: "From 0 to 1" });
    expect(inputWords("Tint", "image")).toEqual({ name: undefined, tooltip: undefined });
    expect(outputWords("Tint", 0)).toEqual({ name: "tinted", tooltip: "Das Büldl" });
    nodeWords.value = readNodeWords(TEXTS, ["en", "fr"]);
    expect([nameOfType(tint), aboutType(tint), inWords(strength).label]).toEqual(["Tint it", "Colours a picture.", "strength"]);
  });

  it("find nodes, by the name in each language", () => {
    nodeWords.value = readNodeWords(TEXTS, ["en", "de"]);
    for (const query of ["einf", "tint"]) expect(searchDefinitions(definitions, query, null)[0]?.type, query).toBe("Tint");
  });

  it("are shown and not saved", () => {
    const data = { version: 0.4, nodes: [], links: [] } as unknown as JsonObject;
    const before = readWorkflow(data, definitions).graph;
    nodeWords.value = readNodeWords(TEXTS, ["en", "de"]);
    const graph: Graph = readWorkflow({ ...data, nodes: [{ id: 1, type: "Tint", pos: [0, 0], size: [200, 90], flags: {}, order: 0, mode: 0, inputs: [], outputs: [], properties: {}, widgets_values: [0.5, 1] }] } as unknown as JsonObject, definitions).graph;
    expect(graph.title(graph.node("1"))).toBe("Einfärben");
    expect(JSON.stringify(writeWorkflow(graph, { x: 0, y: 0, scale: 1 }))).not.toMatch(/Einfärben|Stärke|tinted/);
    expect(before.nodes.size).toBe(0);
  });

  it("are asked for where there are packs, and what is no text is left out", () => {
    expect(mayHaveWords(definitions)).toBe(true);
    expect(mayHaveWords(readDefinitions({ Tint: { ...(INFO.Tint as JsonObject), python_module: "nodes" } }))).toBe(false);
    nodeWords.value = readNodeWords({ de: { nodeDefs: { Tint: { display_name: 5, inputs: [], outputs: "x" }, Odd: null } }, en: "no" } as unknown as JsonObject, ["en", "de"]);
    expect(nameOfType(tint)).toBe("Tint");
    expect(inputWords("Tint", "constructor").name).toBeUndefined();
  });
});
