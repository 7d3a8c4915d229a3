import { readFileSync } from "node:fs";
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

export default defineConfig({
  base: "./",
  plugins: [extensionTypes],
  build: { rolldownOptions: { input: { index: "index.html", form: "form.html" } }, outDir: "dist", target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { "/api": server, "/ws": { target: server, ws: true } } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
