/** The files of `web/templates/` are what the recipes make, and what the editor writes; `npm test -- -u recipes` writes them anew. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { ecosystemDefinitions } from "../fixtures/ecosystem";
import { parseJson, toJson } from "../model/exact_json";
import { buildPrompt } from "../model/prompt";
import type { Json, JsonObject } from "../model/types";
import { readWorkflow } from "../model/workflow_read";
import { writeWorkflow } from "../model/workflow_write";
import { TEMPLATES } from ".";
import { GERMAN } from "./german";
import { Recipe, TECHNIQUES, type Template } from "./recipe";

const FOLDER = path.resolve(import.meta.dirname, "../../templates");
const definitions = ecosystemDefinitions();

/** JSON with each field on a line, and of these lists and objects each entry: short files whose changes can be read. */
function inLines(data: JsonObject, open: readonly string[]): string {
  const entry = (value: Json): string => (Array.isArray(value) ? `[\n${value.map((item) => `    ${toJson(item)}`).join(",\n")}\n  ]` : toJson(value));
  const fields = Object.entries(data).map(([name, value]) => `  ${toJson(name)}: ${open.includes(name) && Array.isArray(value) && value.length > 0 ? entry(value) : toJson(value)}`);
  return `{\n${fields.join(",\n")}\n}\n`;
}

const workflowText = (workflow: JsonObject): string => inLines(workflow, ["nodes", "links"]);

/** Ids of subgraphs are random; a file's are made of its name. */
function withFixedIds(text: string, name: string): string {
  const [a, b] = [createHash("sha256").update(name).digest("hex"), /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g];
  return text.replace(b, `${a.slice(0, 8)}-${a.slice(8, 12)}-4${a.slice(13, 16)}-8${a.slice(17, 20)}-${a.slice(20, 32)}`);
}

function made(template: Template): string {
  const recipe = new Recipe(definitions);
  template.build(recipe);
  return withFixedIds(workflowText(recipe.workflow(template)), template.name);
}

const read = (text: string) => readWorkflow(parseJson(text) as JsonObject, definitions);

describe.each(TEMPLATES.map((template) => [template.name, template] as const))("%s", (name, template) => {
  const text = made(template);
  const { graph, problems, missingTypes } = read(text);

  it("is the file that its recipe makes", async () => {
    await expect(text).toMatchFileSnapshot(path.join(FOLDER, `${name}.json`));
  });

  it("is written as it was read, with no node, link or value that is not known", () => {
    expect(workflowText(writeWorkflow(graph))).toBe(text);
    expect({ problems, missingTypes }).toEqual({ problems: [], missingTypes: [] });
  });

  it("runs as the prompt beside it", async () => {
    const prompt = buildPrompt(graph, () => 0) as unknown as JsonObject;
    await expect(inLines(prompt, [])).toMatchFileSnapshot(path.join(FOLDER, "prompts", `${name}.json`));
  });

  it("lays no two nodes on each other", () => {
    const boxes = [...graph.nodes.values()].map(({ id, pos, size }) => ({ id, left: pos[0], top: pos[1] - 34, right: pos[0] + size[0], bottom: pos[1] + size[1] }));
    for (const a of boxes) for (const b of boxes) if (a !== b) expect(a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom, `${a.id} on ${b.id}`).toBe(false);
  });

  it("names in the index just the model files and pictures that its nodes load", () => {
    const values = graph.everyGraph().flatMap((place) => [...place.nodes.values()]).flatMap((node) => Object.values(node.values)).filter((value) => typeof value === "string");
    const files = values.filter((value) => /\.(safetensors|ckpt|pth)$/.test(value));
    const named = template.models.filter(({ folder }) => folder !== "embeddings" && folder !== "vae_approx").map((model) => model.name);
    expect(new Set(files)).toEqual(new Set(named));
    expect(new Set(values.filter((value) => value.endsWith(".png")))).toEqual(new Set(template.inputs ?? []));
    for (const { folder, name: file } of template.models) {
      if (folder === "embeddings") expect(values.some((value) => value.includes(`embedding:${file.replace(/\.safetensors$/, "")}`))).toBe(true);
      if (folder === "vae_approx") expect(values).toContain(file.replace(/_(en|de)coder\.safetensors$/, ""));
    }
  });
});

describe("the index", () => {
  const index = TEMPLATES.map(({ name, title, description, technique, tags, models, inputs = [] }) => ({ name, title, description, technique, tags, models, inputs, words: { de: GERMAN[name]! } }));

  it("says of each template what the dialog shows", async () => {
    await expect(`[\n${index.map((entry) => toJson(entry as unknown as Json)).join(",\n")}\n]\n`).toMatchFileSnapshot(path.join(FOLDER, "index.json"));
    expect(new Set(index.map(({ name }) => name)).size).toBe(index.length);
    expect(new Set(index.map(({ technique }) => technique))).toEqual(new Set(TECHNIQUES));
    for (const { description, words } of index) for (const sentence of [description, words.de[1]]) expect(sentence).toMatch(/^[^.]+\.$/);
    expect(Object.keys(GERMAN).sort()).toEqual(index.map(({ name }) => name).sort());
  });

  it("names every file of the folder, and no picture that is not there", () => {
    const workflows = readdirSync(FOLDER).filter((file) => file.endsWith(".json") && file !== "index.json");
    expect(workflows.sort()).toEqual(index.map(({ name }) => `${name}.json`).sort());
    for (const input of new Set(index.flatMap(({ inputs }) => inputs))) expect(readFileSync(path.join(FOLDER, "inputs", input)).length).toBeGreaterThan(100);
  });
});
