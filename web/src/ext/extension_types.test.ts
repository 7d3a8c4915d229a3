/** The published types are types only, the example is written as they say, and the guide names each part of them. */

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

const TYPES = path.resolve("src/ext/weft_extension.ts");
const DOCS = path.resolve("../docs");
const EXAMPLE = path.join(DOCS, "examples/weft_colour_example/web/weft");

function problemsOf(files: readonly string[], options: ts.CompilerOptions): string[] {
  const program = ts.createProgram(files, {
    strict: true, noEmit: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
    types: [], paths: { "weft-extension": [TYPES] }, ...options,
  });
  return ts.getPreEmitDiagnostics(program).map(({ messageText, file, start }) => `${file && path.basename(file.fileName)}:${file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0} ${ts.flattenDiagnosticMessageText(messageText, " ")}`);
}

test("what is served as weft-extension.d.ts holds no code and stands alone", () => {
  const source = ts.createSourceFile("weft-extension.d.ts", readFileSync(TYPES, "utf8"), ts.ScriptTarget.ES2022);
  for (const statement of source.statements) expect(ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement), statement.getText(source).slice(0, 80)).toBe(true);
});

test("the example is what the types say", () => {
  const files = [path.join(EXAMPLE, "colours.js"), ...readdirSync(path.join(EXAMPLE, "parts")).map((file) => path.join(EXAMPLE, "parts", file))];
  expect(problemsOf(files, { allowJs: true, checkJs: true })).toEqual([]);
}, 60_000);

test("the guide names every part of the types", () => {
  const guide = readFileSync(path.join(DOCS, "extensions.md"), "utf8");
  const source = ts.createSourceFile("types.ts", readFileSync(TYPES, "utf8"), ts.ScriptTarget.ES2022);
  const missing: string[] = [];
  for (const statement of source.statements)
    if (ts.isInterfaceDeclaration(statement))
      for (const member of statement.members) {
        const name = member.name?.getText(source).replace(/"/g, "");
        if (name && !new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(guide)) missing.push(`${statement.name.text}.${name}`);
      }
  expect(missing).toEqual([]);
});
