/** Pictures of the ecosystem's collection carry a workflow and the prompt that its own editor made of it: ours is the same. */

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { ecosystemDefinitions } from "../../fixtures/ecosystem";
import { templatesFolder } from "../../fixtures/templates";
import { parseJson, toJson } from "../exact_json";
import { readPictureTexts } from "../picture_metadata";
import { buildPrompt } from "../prompt";
import type { Json, JsonObject } from "../types";
import { readWorkflow } from "../workflow_read";

const folder = templatesFolder();
const pictures = folder === null ? [] : readdirSync(folder).filter((name) => /\.(webp|png)$/.test(name));
const pairs: [string, JsonObject, JsonObject][] = [];
for (const name of pictures) {
  const { prompt, workflow } = await readPictureTexts(readFileSync(path.join(folder!, name)));
  if (prompt && workflow) pairs.push([name, parseJson(workflow) as JsonObject, parseJson(prompt) as JsonObject]);
}

interface PromptNode {
  readonly class_type: string;
  readonly inputs: Readonly<Record<string, Json>>;
}
type Nodes = Readonly<Record<string, PromptNode>>;

const isLink = (value: Json | undefined): boolean => Array.isArray(value) && value.length === 2 && typeof value[0] === "string";

/** Some files of the collection were edited after their picture was made: then a value of the prompt stands nowhere in the workflow. */
function wasEdited(workflow: JsonObject, prompt: Nodes): boolean {
  const values = new Map((workflow.nodes as { id: number; widgets_values?: Json[] }[]).map((node) => [String(node.id), toJson(node.widgets_values ?? [])]));
  return Object.entries(prompt).some(([id, node]) => Object.values(node.inputs).some((value) => !isLink(value) && values.get(id)?.includes(toJson(value)) !== true));
}

/** What stays comparable of edited ones: types, names of inputs, links; of the nodes that both have. */
function shapeOf(nodes: Nodes, ids: ReadonlySet<string>): Json {
  const shape = (node: PromptNode): Json => {
    const inputs = Object.entries(withoutUpload(node.inputs)).sort(([a], [b]) => (a < b ? -1 : 1));
    return { type: node.class_type, inputs: inputs.map(([name, value]) => [name, isLink(value) && ids.has((value as string[])[0]!) ? value : null]) } as unknown as Json;
  };
  return Object.fromEntries(Object.entries(nodes).filter(([id]) => ids.has(id)).map(([id, node]) => [id, shape(node)])) as Json;
}

/** Older editors sent the button for uploads along as a value; newer ones do not, and no node reads it. */
const withoutUpload = (inputs: PromptNode["inputs"]): PromptNode["inputs"] => Object.fromEntries(Object.entries(inputs).filter(([name, value]) => name !== "upload" || value !== "image"));

const plain = (nodes: Nodes): Json =>
  Object.fromEntries(Object.entries(nodes).map(([id, node]) => [id, { type: node.class_type, inputs: withoutUpload(node.inputs) }])) as unknown as Json;

describe.skipIf(folder === null)("prompts of the original editor (pip install -r requirements-dev.txt; or WEFT_TEMPLATES=FOLDER)", () => {
  it("are there", () => {
    expect(pairs.length).toBeGreaterThan(3);
  });

  it.each(pairs)("%s", (_, workflow, raw) => {
    const theirs = raw as unknown as Nodes;
    const ours = parseJson(toJson(buildPrompt(readWorkflow(workflow, ecosystemDefinitions()).graph))) as unknown as Nodes;
    if (!wasEdited(workflow, theirs)) {
      expect(plain(ours)).toEqual(plain(theirs));
      return;
    }
    const common = new Set(Object.keys(theirs).filter((id) => id in ours));
    const rewired = (node: PromptNode, other: PromptNode): boolean => Object.entries(node.inputs).some(([name, value]) => isLink(value) && isLink(other.inputs[name]) && !common.has((value as string[])[0]!));
    for (const id of [...common]) if (rewired(theirs[id]!, ours[id]!) || rewired(ours[id]!, theirs[id]!)) common.delete(id);
    expect(common.size).toBeGreaterThan(3);
    expect(shapeOf(ours, common)).toEqual(shapeOf(theirs, common));
  });
});
