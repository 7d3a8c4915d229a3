/** Where do the browser tests run? Against a server that is named by WEFT_URL, else one started here on throw-away folders. */

import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "@playwright/test";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const given = process.env.WEFT_URL;
const port = Number(process.env.WEFT_PORT ?? 8397);

function python(): string {
  const candidates = [process.env.WEFT_PYTHON, path.join(root, ".venv/bin/python"), path.join(root, ".venv/Scripts/python.exe")];
  return candidates.find((candidate) => candidate && existsSync(candidate)) ?? "python3";
}

function serverCommand(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "weft-e2e-"));
  const folders = ["output", "input", "temp", "user"].map((name) => `--${name}-directory "${path.join(folder, name)}"`).join(" ");
  return `"${python()}" main.py --port ${port} ${folders}`;
}

const chromium = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((file) => existsSync(file));

export default defineConfig({
  testDir: ".",
  outputDir: "../test-results",
  fullyParallel: false,
  workers: 1,
  timeout: 180_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: {
    baseURL: given ?? `http://127.0.0.1:${port}`,
    viewport: { width: 1440, height: 900 },
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: chromium,
      args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    },
  },
  ...(given ? {} : { webServer: { command: serverCommand(), cwd: root, url: `http://127.0.0.1:${port}/api/prompt`, timeout: 60_000, reuseExistingServer: false } }),
});
