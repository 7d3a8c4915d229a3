import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ENGLISH } from "./en";
import { literalsIn } from "./literals";

const SOURCES = fileURLToPath(new URL("..", import.meta.url));
/** Without tests, and without what makes the files of the templates and is no part of the page. */
const files = readdirSync(SOURCES, { recursive: true }).map((name) => String(name).replaceAll("\\", "/"))
  .filter((name) => /\.tsx?$/.test(name) && !/(^|\/)tests\/|\.test\.|^(fixtures|recipes|words)\//.test(name));
const read = (file: string): string => readFileSync(SOURCES + file, "utf8");

/** What looks like a text for readers and is none, or is one that belongs where it stands. */
const ALLOWED: readonly { readonly files: RegExp; readonly texts?: RegExp; readonly why: string }[] = [
  { files: /^ext\//, why: "errors for those who write extensions, and names of events" },
  { files: /^model\/(edits|graph|group_nodes|promoted|subgraphs|unpack|mask\/mask|prompt_text\/tokens)\.ts$/, texts: /^`expected /, why: "errors in the program, not of its user" },
  { files: /^(commands\/registry|settings\/settings)\.ts$/, texts: /There is |can't be \$/, why: "errors for those who declare commands and settings" },
  { files: /^commands\/built_in\.ts$|^commands\/registry\.ts$/, texts: /^Go to$/, why: "the name of a group, which `groups` tells" },
  { files: /^model\/default_workflow\.ts$/, why: "the contents of a workflow" },
  { files: /^model\/definitions\.ts$/, why: "names and tooltips of node types, as the server sends them for all others; the control of a seed is told by its widget" },
  { files: /^model\/graph\.ts$/, texts: /^Node name for S&R$/, why: "a key of the file format" },
  { files: /^model\/primitives\.ts$/, texts: /^value$/, why: "the name of a widget, as the file has it" },
  { files: /^model\/colors\.ts$/, texts: /^pale blue$/, why: "the name of a colour, which `colors` tells" },
  { files: /^templates\/templates\.ts$/, texts: /^[A-Z]/, why: "names of shelves in the templates' index, which `templates` tells" },
  { files: /^forms\//, texts: /^`form |^form /, why: "keys of gestures" },
  { files: /^panels\/top_bar\.tsx$/, texts: /^Weft$/, why: "the name of the program" },
  { files: /^panels\/account\.tsx$/, texts: /^Authorization: Bearer …$/, why: "an HTTP header" },
  { files: /^panels\/packs\.tsx$/, texts: /^partly loaded$/, why: "a state of the protocol" },
  { files: /./, texts: /^(px|s|Ctrl\+Enter|on, off)$/, why: "units, names of keys, and values as they are typed" },
  { files: /./, texts: /sans-serif/, why: "fonts" },
  { files: /^settings\/key_list\.tsx$/, texts: /^keys shortcuts keyboard$/, why: "words for the search" },
  { files: /^sharing\/graph_svg\.ts$/, texts: /^`</, why: "SVG" },
  { files: /^view\/dom\/prompt_editor\//, texts: /^`embedding:|^aria-label$/, why: "the syntax of prompts, and an attribute's name" },
];

describe("the catalogue", () => {
  it("holds every text that a person reads", () => {
    const used = new Set<object>();
    const found = files.flatMap((file) => literalsIn(file, read(file)).filter(({ text }) => {
      const entry = ALLOWED.find((allowed) => allowed.files.test(file) && (allowed.texts?.test(text) ?? true));
      if (entry) used.add(entry);
      return !entry;
    }).map(({ line, text }) => `${file}:${line}: ${text}`));
    expect(found, "texts outside words/: give each a key there (words/README.md)").toEqual([]);
    expect(ALLOWED.filter((entry) => !used.has(entry)).map((entry) => entry.why), "entries of the list that allow nothing any more").toEqual([]);
  }, 60_000); // all sources are parsed

  it("names every step of undo", () => {
    const named = files.flatMap((file) => [...read(file).matchAll(/\.edit\("([^"]+)"/g)].map((match) => match[1]!));
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((name) => !(name in ENGLISH.steps))).toEqual([]);
  });

  it.each([
    ["const A = () => <p>Nothing here</p>;", ["Nothing here"]],
    ["const A = () => <p title={x ? 'Good day' : t('a')}>{t('b')}</p>;", ["Good day"]],
    ["const A = () => <button aria-label={`Close ${name}`} class='big red' />;", ["`Close ${name}`"]],
    ["ui.tell(`Saved`);", ["Saved"]],
    ["throw new Error('too large');", ["too large"]],
    ["const says = [n, 'of all nodes'].join(' ');", ["of all nodes"]],
    ["withKeys(editor, 'Open', 'workflow.open');", ["Open"]],
    ["const A = () => <p class='a b'>{count} × {size}</p>; document.edit('move area', []); if (kind === 'partly') x.y = 'solid';", []],
  ])("finds them in %s", (source, texts) => expect(literalsIn("a.tsx", source).map(({ text }) => text)).toEqual(texts));
});
