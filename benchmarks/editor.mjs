/**
 * Does the editor stay light on large graphs? In headless Chromium against the real server: opening, panning and zooming 1,000 and
 * 3,000 nodes, draws per progress event, mounted nodes, heap, and the JavaScript of the first page; each beside its limit and,
 * for frames, beside the rate that this machine gives a page that does nothing.
 *
 *     make web browser && node benchmarks/editor.mjs
 *
 * The measuring itself is web/e2e/editor.bench.ts. Ends with 1 when a limit was missed.
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const web = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../web");
const runner = path.join(web, "node_modules/@playwright/test/cli.js");
if (!existsSync(runner)) {
  console.error(`${runner} is missing: run \`make web browser\` first`);
  process.exit(1);
}
const { status } = spawnSync(process.execPath, [runner, "test", "-c", "e2e/benchmark.config.ts", ...process.argv.slice(2)], { cwd: web, stdio: "inherit" });
process.exit(status ?? 1);
