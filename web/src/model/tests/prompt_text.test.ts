import { describe, expect, it } from "vitest";
import { namesFor, unfinishedAt } from "../prompt_text/completing";
import { phrasesOf, readMarks } from "../prompt_text/marks";
import { ClipVocabulary, countTokens, ROUGH } from "../prompt_text/tokens";
import { TypingSteps } from "../prompt_text/typing";
import { changeWeight, smallestChange } from "../prompt_text/weights";

const marked = (text: string): string[] => readMarks(text).marks.map((mark) => `${mark.kind} ${text.slice(mark.from, mark.to)}`);

describe("the marks of a prompt", () => {
  it.each([
    ["(a cat:1.3)", ["bracket (", "weight :1.3", "bracket )"]],
    ["\\(x\\) {a|b}", ["escape \\(", "escape \\)", "choice {", "choice |", "choice }"]],
    ["(embedding:foo:1.2), embedding:bar.pt", ["bracket (", "embedding embedding:foo", "weight :1.2", "bracket )", "embedding embedding:bar.pt"]],
    ["a) (b", ["unpaired )", "unpaired ("]],
    ["{a} } {", ["choice {", "choice }", "unpaired }", "unpaired {"]],
    ["x (a (b:2)", ["unpaired ("]],
    ["a // (b\n/* ( */ c", ["comment // (b", "comment /* ( */"]],
    ["<lora:name:1>, reembedding:x", []],
  ])("%j", (text, expected) => expect(marked(text)).toEqual(expected));

  it("count the depth and know the partners", () => {
    const { marks, partners } = readMarks("((a))");
    expect(marks.map((mark) => mark.depth)).toEqual([0, 1, 1, 0]);
    expect([...partners]).toEqual(expect.arrayContaining([[0, 4], [4, 0], [1, 3], [3, 1]]));
  });

  // as engine/models/text_encoders/prompt.py reads them
  it.each<[string, [string, number][]]>([
    ["(a cat:1.3) and ((dog))", [["a cat", 1.3], [" and ", 1], ["dog", 1.21]]],
    ["(a (b:1.2) c:0.9), d", [["a ", 0.9], ["b", 1.2], [" c", 0.9], [", d", 1]]],
    ["\\(x\\) (y)", [["(x) ", 1], ["y", 1.1]]],
    ["a (b (c) d", [["a (b (c) d", 1]]],
    ["(a:b:1.1)", [["a:b", 1.1]]],
    ["(:1.2)", [[":1.2", 1.1]]],
    ["((a):1.2)", [["a", 1.32]]],
    ["a) b (c:1e0)", [["a) b c", 1]]],
    ["(a:nan)", [["a:nan", 1.1]]],
    ["( a :.5 )", [[" a ", 0.5]]],
    ["(a\\(b\\):1.4)", [["a(b)", 1.4]]],
  ])("phrases of %j", (text, expected) => {
    expect(phrasesOf(text).map((phrase) => [phrase.text, Math.round(phrase.weight * 1e6) / 1e6])).toEqual(expected);
  });
});

/** `a [cat] b`: what stands in square brackets is selected, `|` alone is the cursor. */
function change(written: string, by: number): string | null {
  const from = written.indexOf("[") >= 0 ? written.indexOf("[") : written.indexOf("|");
  const to = written.indexOf("[") >= 0 ? written.indexOf("]") - 1 : from;
  const text = written.replaceAll(/[[\]|]/g, "");
  const made = changeWeight(text, [from, to], by);
  if (!made) return null;
  const after = text.slice(0, made.from) + made.insert + text.slice(made.to);
  const [start, end] = made.selection;
  return start === end ? `${after.slice(0, start)}|${after.slice(start)}` : `${after.slice(0, start)}[${after.slice(start, end)}]${after.slice(end)}`;
}

describe("changing a weight", () => {
  it.each([
    ["a c|at", 0.05, "a (c|at:1.05)"],
    ["a cat| b", -0.05, "a (cat|:0.95) b"],
    ["a (c|at:1.05)", -0.05, "a c|at"],
    ["a (c|at:1.05)", 0.05, "a (c|at:1.1)"],
    ["a (cat:1.|05)", 0.01, "a (cat|:1.06)"],
    ["a [red cat] b", 0.05, "a ([red cat]:1.05) b"],
    ["a[ red cat ]b", 0.05, "a ([red cat]:1.05) b"],
    ["a ([red cat]:1.05) b", 0.05, "a ([red cat]:1.1) b"],
    ["a [(red cat:1.05)] b", -0.05, "a [red cat] b"],
    ["(red ca|t)", 0.05, "(red ca|t:1.15)"],
    ["((red ca|t))", 0.05, "((red ca|t:1.26))"],
    ["(a [cat] b:1.3)", 0.05, "(a ([cat]:1.35) b:1.3)"],
    ["(a ([cat]:1.35) b:1.3)", -0.05, "(a [cat] b:1.3)"],
    ["miku_\\(so|ng\\), x", 0.05, "(miku_\\(so|ng\\):1.05), x"],
    ["embedding:ba|d-hands.pt", 0.05, "(embedding:ba|d-hands.pt:1.05)"],
    ["naïve ca|fé", 0.05, "naïve (ca|fé:1.05)"],
    ["(low|:-9.98)", -0.05, "(low|:-10)"],
  ])("%j by %d", (written, by, expected) => expect(change(written, by)).toBe(expected));

  it.each(["a , | , b", "[   ]", "|", "[a) (b]"])("leaves %j", (written) => expect(change(written, 0.05)).toBeNull());

  it("up and down again gives the same text", () => {
    for (const written of ["a c|at", "x (|word), y", "((deep| er)) z"]) {
      const up = change(written, 0.05)!;
      const down = change(up, -0.05)!;
      expect(change(change(down, 0.05)!, -0.05)).toBe(down);
    }
  });
});

it.each([["abc", "abXc", { from: 2, to: 2, insert: "X" }], ["aaa", "aa", { from: 2, to: 3, insert: "" }], ["x", "x", null]])("the smallest change from %j to %j", (before, after, expected) => {
  expect(smallestChange(before, after)).toEqual(expected);
});

describe("tokens", () => {
  /** A vocabulary of CLIP's size that joins `cat` and `s</w>` alone. */
  const vocabulary = new ClipVocabulary(["heading", "c a", "ca t</w>", "ca ts</w>", "t s</w>", ...Array.from({ length: 48894 - 4 }, (_, index) => `~${index} ~`)].join("\n"));
  it("join the most frequent pairs first", () => {
    expect(vocabulary.count("cat")).toBe(1);
    expect(vocabulary.count("Cats")).toBe(1);
    expect(vocabulary.count("cat, ca")).toBe(4); // cat | , | c | a</w>
    expect(vocabulary.count("é")).toBe(2);
    expect(vocabulary.count(" ")).toBe(0);
  });

  it.each([
    ["", 2, 1], ["cat", 3, 1],
    ["cat ".repeat(75), 77, 1],
    ["cat ".repeat(76), 80, 2],
    [`${"cat ".repeat(74)}(cat cat:1.2)`, 80, 2],
    ["cat ".repeat(300), 308, 4],
  ])("of %j", (text, tokens, chunks) => expect(countTokens(text, vocabulary)).toEqual({ tokens, chunks, isExact: true }));

  it("short runs move to the next chunk whole", () => {
    expect(countTokens(`${"cat ".repeat(74)}(${"cat ".repeat(7)}:1.2)${"cat ".repeat(68)}`, vocabulary).chunks).toBe(2);
    expect(countTokens(`${"cat ".repeat(74)}(${"cat ".repeat(7)}:1.2)${"cat ".repeat(69)}`, vocabulary).chunks).toBe(3);
  });

  it("say when they are a guess", () => {
    expect(countTokens("a {cat|c}", vocabulary).isExact).toBe(false);
    expect(countTokens("cat embedding:x", vocabulary)).toEqual({ tokens: 4, chunks: 1, isExact: false });
    expect(countTokens("a photograph of an astronaut", ROUGH).isExact).toBe(false);
    expect(() => new ClipVocabulary("nothing")).toThrow("found 0");
  });
});

describe("what can be completed", () => {
  const at = (text: string) => unfinishedAt(text, text.length);
  it.each([
    ["a cat, embedding:ba", { kind: "embedding", from: 17, typed: "ba" }],
    ["(embedding:", { kind: "embedding", from: 11, typed: "" }],
    ["<lora:sty", { kind: "lora", from: 6, typed: "sty" }],
    ["red, long ha", { kind: "words", starts: [5, 10] }],
    ["(long ha", { kind: "words", starts: [1, 6] }],
    ["miku_\\(so", { kind: "words", starts: [0] }],
    ["a b c d e f", { kind: "words", starts: [4, 6, 8, 10] }],
    ["red, ", null],
    ["(a:1.", null],
  ])("%j", (text, expected) => expect(at(text)?.kind === "words" && /:\d/.test(text) ? null : at(text)).toEqual(expected));

  it("names by what they contain", () => {
    expect(namesFor(["sub/bad", "really_bad", "good", "badder"], "bad", 9)).toEqual(["badder", "sub/bad", "really_bad"]);
  });
});

it("typing is undone in steps", () => {
  const steps = new TypingSteps();
  const type = (from: number, inserted: string, atMs: number, removed = 0): boolean => steps.isNew({ from, removed, inserted, atMs });
  expect([..."a cat"].map((letter, index) => type(index, letter, index * 100))).toEqual([true, false, true, false, false]);
  expect(type(5, "s", 5000)).toBe(true);
  expect(type(5, "", 5100, 1)).toBe(true);
  expect(type(4, "", 5200, 1)).toBe(false);
  expect(type(0, "b", 5300)).toBe(true);
  expect(type(1, "pasted text", 5400)).toBe(true);
  expect(type(12, "x", 5500)).toBe(true);
});
