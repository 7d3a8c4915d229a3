/** Whatever is done, undo takes it back to the same bytes, redo does it again, and what is written means the same when it is read. */

import { describe, expect, it } from "vitest";
import { dynamicDefinitions, openDynamic } from "../../fixtures/dynamic";
import { GROUP_FILE } from "../../fixtures/group_nodes";
import { Hand, random } from "../../fixtures/random_edits";
import { shape } from "../../fixtures/subgraphs";
import { DEFAULT_WORKFLOW } from "../default_workflow";
import type { Document } from "../document";
import { toJson } from "../exact_json";
import { buildPrompt } from "../prompt";
import { readWorkflow } from "../workflow_read";
import { writeWorkflow } from "../workflow_write";

const text = (document: Document): string => toJson(writeWorkflow(document.root));
/** Whether two long texts are equal, without printing both. */
function same(found: string, expected: string): void {
  const at = [...expected].findIndex((character, index) => found[index] !== character);
  expect(found === expected ? "the same" : `found ...${found.slice(at - 60, at + 90)}\nexpected ...${expected.slice(at - 60, at + 90)}`).toBe("the same");
}
const STEPS = 110;
const cases = [DEFAULT_WORKFLOW, GROUP_FILE].flatMap((file, index) => [1, 2, 3, 4, 5, 6].map((seed) => [index === 0 ? "the default workflow" : "a file with group nodes", seed, file] as const));

describe("random edits of every kind", () => {
  it.each(cases)("of %s (series %i)", (_, seed, file) => {
    const document = openDynamic(file);
    const hand = new Hand(document, random(seed * 7919));
    const before = text(document);
    for (let step = 0; step < STEPS; step++) {
      hand.act();
      if (step % 15 !== 14) continue;
      const written = writeWorkflow(document.root);
      const again = readWorkflow(structuredClone(written), dynamicDefinitions);
      expect(again.problems).toEqual([]);
      same(toJson(shape(buildPrompt(again.graph, () => 0))), toJson(shape(buildPrompt(document.root, () => 0))));
      same(toJson(writeWorkflow(again.graph)), toJson(written));
    }
    while (document.history.canRedo) document.redo(); // the last thing it did may have been to undo
    const after = text(document);
    while (document.history.canUndo) document.undo();
    same(text(document), before);
    while (document.history.canRedo) document.redo();
    same(text(document), after);
  }, 60_000);
});
