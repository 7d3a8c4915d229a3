import { describe, expect, it } from "vitest";
import { readInline, readMarkdown } from "../markdown";

const text = (value: string) => ({ kind: "text", text: value });

describe("Markdown", () => {
  it("reads blocks", () => {
    const blocks = readMarkdown("# Title\nfirst\nsecond\n\n- a\n  - b\n1. c\n> quoted\n> more\n---\n```py\nx = 1\n\n# no heading\n```\nend");
    expect(blocks.map((block) => block.kind)).toEqual(["heading", "paragraph", "list", "quote", "rule", "code", "paragraph"]);
    expect(blocks[1]).toEqual({ kind: "paragraph", parts: [text("first\nsecond")] });
    expect(blocks[2]).toMatchObject({ ordered: false, items: [{ depth: 0 }, { depth: 1 }, { depth: 0 }] });
    expect(blocks[3]).toEqual({ kind: "quote", blocks: [{ kind: "paragraph", parts: [text("quoted\nmore")] }] });
    expect(blocks[5]).toEqual({ kind: "code", text: "x = 1\n\n# no heading" });
  });

  it.each([
    ["**bold** and *slanted*", [{ kind: "strong", parts: [text("bold")] }, text(" and "), { kind: "em", parts: [text("slanted")] }]],
    ["snake_case_name stays", [text("snake_case_name stays")]],
    ["`a*b*c`", [{ kind: "code", text: "a*b*c" }]],
    ["~~gone~~", [{ kind: "del", parts: [text("gone")] }]],
    ["[a **b**](https://x.org/y)", [{ kind: "link", href: "https://x.org/y", parts: [text("a "), { kind: "strong", parts: [text("b")] }] }]],
    ["see https://x.org/a.", [text("see "), { kind: "link", href: "https://x.org/a", parts: [text("https://x.org/a")] }, text(".")]],
    ["[x](javascript:alert(1))", [{ kind: "em", parts: [text("x")] }, text(")")]],
    ["<b>no html</b>", [text("<b>no html</b>")]],
    ["2 * 3 * 4", [text("2 * 3 * 4")]],
  ])("reads %j", (source, expected) => expect(readInline(source)).toEqual(expected));

  it.each(["", "\n\n", "```", "#", "> ", "- ", "****", "[](", "```\nopen"])("takes %j as it is, without end", (odd) => expect(Array.isArray(readMarkdown(odd))).toBe(true));
});
