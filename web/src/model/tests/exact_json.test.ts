import { describe, expect, it } from "vitest";
import { copy, definitions } from "../../fixtures/definitions";
import { DEFAULT_WORKFLOW } from "../default_workflow";
import { readDefinition } from "../definitions";
import { Document } from "../document";
import { parseJson, toJson, wholeNumber } from "../exact_json";
import { buildPrompt } from "../prompt";
import { advanceSeeds } from "../seeds";
import type { JsonObject } from "../types";
import { readWorkflow } from "../workflow_read";
import { typedNumber } from "../number_values";

const SEED = "18446744073709551557";

describe("numbers above 2^53", () => {
  it.each([
    `{"a":${SEED},"b":[-9007199254740993,1.5,1e22,12345678901234567.5]}`,
    `{"text":"seed ${SEED}, \\"${SEED}\\" and \\\\","n":${SEED}}`,
    `["exact:${SEED}",${SEED},"exact:"]`,
  ])("are read and written digit by digit, and texts are left alone: %s", (text) => {
    const expected = text.replace("1e22", "1e+22").replace("12345678901234567.5", String(Number("12345678901234567.5")));
    expect(toJson(parseJson(text))).toBe(expected);
  });

  it("are plain numbers where a double holds them", () => {
    expect(parseJson("[9007199254740991, 9007199254740993]")).toEqual([9007199254740991, BigInt("9007199254740993")]);
    expect(wholeNumber(" 42 ")).toBe(42);
    expect(wholeNumber("4.2")).toBeNull();
    expect(() => parseJson(`{"a":${SEED}`)).toThrow(SyntaxError);
  });

  it("reach the workflow and the prompt as they were in the file, and count on exactly", () => {
    const file = copy(DEFAULT_WORKFLOW);
    const sampler = (file.nodes as JsonObject[]).find((node) => node.type === "KSampler")!;
    const [seed] = sampler.widgets_values as number[];
    expect(typeof seed).toBe("number");
    (sampler.widgets_values as unknown[]).splice(0, 2, 0, "increment");
    const text = JSON.stringify(file).replace('"widgets_values":[0,"increment"', `"widgets_values":[${SEED},"increment"`);
    const document = new Document("test", "Test", readWorkflow(parseJson(text), definitions).graph);
    expect(toJson(document.toWorkflow())).toContain(`[${SEED},"increment"`);
    expect(toJson(buildPrompt(document.graph))).toContain(`"seed":${SEED}`);
    document.edit("next seed", advanceSeeds(document.graph));
    expect(toJson(buildPrompt(document.graph))).toContain('"seed":18446744073709551558');
  });

  it("are typed exactly, up to the node's own bound", () => {
    const info = parseJson('{"input":{"required":{"seed":["INT",{"default":0,"min":0,"max":18446744073709551615}]}}}') as JsonObject;
    const [spec] = readDefinition("Test", info).widgets;
    expect(typedNumber(spec!, SEED)).toBe(BigInt(SEED));
    expect(typedNumber(spec!, "99999999999999999999999")).toBe(BigInt("18446744073709551615"));
    expect(typedNumber(spec!, "7")).toBe(7);
    expect(typedNumber(spec!, "")).toBeNull();
  });
});
