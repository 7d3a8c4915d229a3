/** What does a note in Markdown say? Headings, lists, quotes, code, emphasis and links, as data; nothing of it is ever HTML. */

export type Inline =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "strong" | "em" | "del"; readonly parts: readonly Inline[] }
  | { readonly kind: "link"; readonly href: string; readonly parts: readonly Inline[] };

export type Block =
  | { readonly kind: "heading"; readonly level: number; readonly parts: readonly Inline[] }
  | { readonly kind: "paragraph"; readonly parts: readonly Inline[] }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "quote"; readonly blocks: readonly Block[] }
  | { readonly kind: "list"; readonly ordered: boolean; readonly items: readonly { readonly depth: number; readonly parts: readonly Inline[] }[] }
  | { readonly kind: "rule" };

const INLINE = /(?<code>`[^`]+`)|(?<strong>\*\*.+?\*\*|(?<!\w)__.+?__(?!\w))|(?<em>\*[^*\s][^*]*\*|(?<!\w)_[^_\s][^_]*_(?!\w))|(?<del>~~.+?~~)|!?\[(?<label>[^\]]*)\]\((?<href>[^)\s]+)[^)]*\)|(?<url>https?:\/\/[^\s<>)\]]+[^\s<>)\].,;:!?])/;

/** Links of a note lead to pages and letters, never to a script. */
const mayLink = (href: string): boolean => /^(https?:\/\/|mailto:)/i.test(href);

function readMatch(groups: Record<string, string | undefined>): Inline {
  const { code, strong, em, del, label, href, url } = groups;
  if (code !== undefined) return { kind: "code", text: code.slice(1, -1) };
  if (strong !== undefined) return { kind: "strong", parts: readInline(strong.slice(2, -2)) };
  if (em !== undefined) return { kind: "em", parts: readInline(em.slice(1, -1)) };
  if (del !== undefined) return { kind: "del", parts: readInline(del.slice(2, -2)) };
  if (url !== undefined) return { kind: "link", href: url, parts: [{ kind: "text", text: url }] };
  const parts = readInline(label || href!);
  return mayLink(href!) ? { kind: "link", href: href!, parts } : { kind: "em", parts };
}

export function readInline(text: string): Inline[] {
  const parts: Inline[] = [];
  let rest = text;
  for (let match = INLINE.exec(rest); match; match = INLINE.exec(rest)) {
    if (match.index > 0) parts.push({ kind: "text", text: rest.slice(0, match.index) });
    parts.push(readMatch(match.groups!));
    rest = rest.slice(match.index + match[0].length);
  }
  if (rest !== "") parts.push({ kind: "text", text: rest });
  return parts;
}

const ITEM = /^(\s*)(?:[-*+]|(\d+)[.)])\s+(.*)$/;
const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/;
const FENCE = /^\s*```/;
const RULE = /^\s*(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})$/;
const QUOTE = /^\s*>\s?/;
const startsBlock = (line: string): boolean => line.trim() === "" || [HEADING, FENCE, RULE, QUOTE, ITEM].some((pattern) => pattern.test(line));

/** Takes the lines from `lines` while they fit, at least the first one. */
function takeWhile(lines: string[], fits: (line: string) => boolean): string[] {
  const end = lines.findIndex((line, index) => index > 0 && !fits(line));
  return lines.splice(0, end < 0 ? lines.length : end);
}

function readList(lines: string[]): Block {
  const items = takeWhile(lines, (line) => ITEM.test(line)).map((line) => ITEM.exec(line)!);
  return {
    kind: "list", ordered: items[0]![2] !== undefined,
    items: items.map((match) => ({ depth: Math.floor(match[1]!.replaceAll("\t", "  ").length / 2), parts: readInline(match[3]!) })),
  };
}

function readCode(lines: string[]): Block {
  lines.shift();
  const end = lines.findIndex((line) => FENCE.test(line));
  const text = lines.splice(0, end < 0 ? lines.length : end).join("\n");
  lines.shift();
  return { kind: "code", text };
}

function readBlock(lines: string[]): Block {
  const line = lines[0]!;
  if (FENCE.test(line)) return readCode(lines);
  const heading = HEADING.exec(line);
  if (heading || RULE.test(line)) lines.shift();
  if (heading) return { kind: "heading", level: heading[1]!.length, parts: readInline(heading[2]!) };
  if (RULE.test(line)) return { kind: "rule" };
  if (QUOTE.test(line)) return { kind: "quote", blocks: readMarkdown(takeWhile(lines, (next) => QUOTE.test(next)).map((next) => next.replace(QUOTE, "")).join("\n")) };
  if (ITEM.test(line)) return readList(lines);
  return { kind: "paragraph", parts: readInline(takeWhile(lines, (next) => !startsBlock(next)).join("\n")) };
}

export function readMarkdown(text: string): Block[] {
  const lines = text.split(/\r?\n/);
  const blocks: Block[] = [];
  while (lines.length > 0) {
    if (lines[0]!.trim() === "") lines.shift();
    else blocks.push(readBlock(lines));
  }
  return blocks;
}
