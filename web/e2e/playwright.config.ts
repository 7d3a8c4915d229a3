/** Where do the browser tests run? Against a server that is named by WEFT_URL, else one started here on throw-away folders. */

import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";
import { ROOT, serverCommand } from "./own_server";

const given = process.env.WEFT_URL;
const port = Number(process.env.WEFT_PORT ?? 8397);
const command = serverCommand(port).map((part) => `"${part}"`).join(" ");

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
  ...(given ? {} : { webServer: { command, cwd: ROOT, url: `http://127.0.0.1:${port}/api/prompt`, timeout: 60_000, reuseExistingServer: false } }),
});
