import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds the API: a running Weft server. */
const server = process.env.WEFT_URL ?? "http://127.0.0.1:8188";

export default defineConfig({
  base: "./",
  build: { outDir: "dist", target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { "/api": server, "/ws": { target: server, ws: true } } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
