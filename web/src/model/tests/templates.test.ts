/** Every workflow of the ecosystem's own collection opens, and is written as it was: byte for byte, also after everything was undone. */

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { definitions, openDocument } from "../../fixtures/definitions";
import { templatesFolder } from "../../fixtures/templates";
import { parseJson, toJson } from "../exact_json";
import { removeNodes } from "../operations";
import { buildPrompt } from "../prompt";
import type { JsonObject, NodeId } from "../types";
import { isWorkflow, readWorkflow } from "../workflow_read";
import { writeWorkflow } from "../workflow_write";

const folder = templatesFolder();
const files = folder === null ? [] : readdirSync(folder).filter((name) => name.endsWith(".json"));
const workflows = files
  .map((name) => [name, parseJson(readFileSync(path.join(folder!, name), "utf8"))] as const)
  .filter((entry): entry is readonly [string, JsonObject] => isWorkflow(entry[1]));

interface RawNode {
  readonly outputs?: readonly { links?: number[] | null }[];
}

/** What is written: one file of the collection names a link at an output that is nowhere else, which is mended. */
function mended(data: JsonObject): string {
  const copy = structuredClone(data) as unknown as { nodes: RawNode[]; links: [number, ...unknown[]][] };
  const known = new Set(copy.links.map(([id]) => id));
  for (const output of copy.nodes.flatMap((node) => node.outputs ?? [])) if (output.links) output.links = output.links.filter((id) => known.has(id));
  return toJson(copy);
}

/** Whether two texts are equal, without printing a whole file where they are not. */
const same = (written: string, expected: string): void => {
  const at = [...expected].findIndex((character, index) => written[index] !== character);
  expect(written === expected ? "the same" : `...${written.slice(at - 40, at + 80)}`).toBe("the same");
};

describe.skipIf(folder === null)("the ecosystem's collection (pip install -r requirements-dev.txt; or WEFT_TEMPLATES=FOLDER)", () => {
  it("is there", () => {
    expect(workflows.length).toBeGreaterThan(150);
  });

  it.each(workflows)("%s is written as it was read", (_, data) => {
    const { graph } = readWorkflow(data, definitions);
    same(toJson(writeWorkflow(graph)), mended(data));
  });

  it.each(workflows)("%s can be edited, and undone to the same bytes", (_, data) => {
    const document = openDocument(data);
    const ids = [...document.graph.nodes.keys()];
    const some = (share: number): NodeId => ids[Math.floor(share * (ids.length - 1))]!;
    document.edit("move", ids.map((id) => ({ kind: "field", id, field: "pos", value: [1, 2] })));
    document.edit("move one", [{ kind: "field", id: some(0.3), field: "pos", value: [7, 7] }]);
    for (const share of [0.9, 0.5, 0.1]) document.edit("delete", removeNodes(document.graph, [some(share)].filter((id) => document.graph.nodes.has(id))));
    while (document.history.canUndo) document.undo();
    same(toJson(writeWorkflow(document.graph)), mended(data));
  });

  it.each(workflows)("%s makes a prompt whose links lead to nodes that are in it", (_, data) => {
    const prompt = buildPrompt(readWorkflow(data, definitions).graph);
    for (const node of Object.values(prompt))
      for (const value of Object.values(node.inputs))
        if (Array.isArray(value) && value.length === 2 && typeof value[0] === "string" && typeof value[1] === "number") expect(Object.keys(prompt)).toContain(value[0]);
  });
});
