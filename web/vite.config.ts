import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds the API: a running Weft server. */
const server = process.env.WEFT_URL ?? "http://127.0.0.1:8188";

/** The types of the extension API, which hold no code, lie beside the page for those who write extensions. */
const extensionTypes = {
  name: "extension-types",
  generateBundle(this: { emitFile: (file: { type: "asset"; fileName: string; source: string }) => unknown }): void {
    this.emitFile({ type: "asset", fileName: "weft-extension.d.ts", source: readFileSync("src/ext/weft_extension.ts", "utf8") });
  },
};

interface Modules {
  getModuleInfo(id: string): { readonly importedIds: readonly string[] } | null;
}
const resolved = (file: string): string => fileURLToPath(new URL(file, import.meta.url)).replaceAll("\\", "/");

/** What both pages load at once lies in one file, and what a form's page shares with lazy parts of the editor in another: forty small ones would be a seventh larger. */
function chunkNames(): (id: string, modules: Modules) => string | null {
  const loadedWith = (id: string, modules: Modules, found = new Set<string>()): Set<string> => {
    if (found.has(id)) return found;
    found.add(id);
    for (const next of modules.getModuleInfo(id)?.importedIds ?? []) loadedWith(next, modules, found);
    return found;
  };
  let pages: readonly [editor: Set<string>, form: Set<string>] | null = null;
  return (id, modules) => {
    const [editor, form] = (pages ??= [loadedWith(resolved("src/main.tsx"), modules), loadedWith(resolved("src/form_page/main.tsx"), modules)]);
    if (!form.has(id) || id.endsWith(".css")) return null;
    return editor.has(id) ? "base" : /[/]form_page[/](?!address)/.test(id) ? null : "form_base";
  };
}

export default defineConfig({
  base: "./",
  plugins: [extensionTypes],
  build: { rolldownOptions: { input: { index: "index.html", form: "form.html" }, output: { codeSplitting: { groups: [{ name: chunkNames() }] } } }, outDir: "dist", target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { "/api": server, "/ws": { target: server, ws: true } } },
  test: { include: ["src/**/*.test.ts"], environment: "node", setupFiles: ["src/words/whole.ts"] },
});
