import { describe, expect, it } from "vitest";
import { openDocument } from "../../fixtures/definitions";
import { buildPrompt } from "../prompt";
import { takeChoices } from "../wildcards";

const first = (): number => 0;
const last = (): number => 0.999;

describe("choices in a prompt", () => {
  it.each([
    ["a {red|green|blue} cat", "a red cat", "a blue cat"],
    ["{a|{b|c}} and {d|e}", "a and d", "c and e"],
    ["{|very } big", " big", "very  big"],
    ["\\{a\\|b\\} and {x\\|y|z}", "{a|b} and x|y", "{a|b} and z"],
    ["no {end | here", "no {end | here", "no {end | here"],
    ["shut } twice | so", "shut } twice | so", "shut } twice | so"],
    ["{alone}", "alone", "alone"],
    ["a /* not\nthis */ cat // nor this\nsits", "a  cat \nsits", "a  cat \nsits"],
    ["(word:1.3) embedding:x", "(word:1.3) embedding:x", "(word:1.3) embedding:x"],
  ])("%j becomes %j or %j", (text, low, high) => {
    expect(takeChoices(text, first)).toBe(low);
    expect(takeChoices(text, last)).toBe(high);
  });

  it("takes each of them", () => {
    expect(new Set(Array.from({ length: 60 }, () => takeChoices("{1|2|3}")))).toEqual(new Set(["1", "2", "3"]));
  });

  it("are made when a prompt is built, and stay as written in the workflow", () => {
    const document = openDocument();
    document.edit("t", [{ kind: "value", id: "2", name: "text", value: "a {red|red} cat" }]);
    expect(buildPrompt(document.graph)["2"]!.inputs.text).toBe("a red cat");
    expect(JSON.stringify(document.toWorkflow())).toContain("a {red|red} cat");
  });
});
