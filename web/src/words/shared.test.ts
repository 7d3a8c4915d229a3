import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { SHARED } from "./en/shared";

const SOURCES = fileURLToPath(new URL("..", import.meta.url));
const IMPORT = /^(?:import|export)\s(?!type\b)(?:[^;"]*?\sfrom\s+)?"(\.[^"]+)"/gm;

/** The modules that a page loads at once: what `file` imports, and what that imports. */
function loadedWith(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, name] of readFileSync(file, "utf8").matchAll(IMPORT)) {
    const plain = path.join(path.dirname(file), name!);
    const next = [".ts", ".tsx", "/index.ts"].map((end) => plain + end).find((each) => existsSync(each));
    if (next) loadedWith(next, found);
  }
  return found;
}

it("the page of a form says nothing whose words it does not load", () => {
  const files = [...loadedWith(path.join(SOURCES, "form_page/main.tsx"))];
  expect(files.length).toBeGreaterThan(40);
  const said = files.flatMap((file) => [...readFileSync(file, "utf8").matchAll(/\b(?:t|phrase|named)\("(\w+)[."]/g)].map(([, area]) => `${area} in ${path.relative(SOURCES, file)}`));
  expect(said.filter((text) => !(text.split(" ")[0]! in SHARED))).toEqual([]);
  expect(new Set(said.map((text) => text.split(" ")[0])), "nothing is loaded for nothing").toEqual(new Set(Object.keys(SHARED)));
});
