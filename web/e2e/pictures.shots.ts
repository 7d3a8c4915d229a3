/** The pictures of docs/editor.md: `npm run pictures` takes them anew. Look at them afterwards. */

import path from "node:path";
import { expect, test, type Page } from "@playwright/test";
import { idle, newSeed, openEditor, picture, run } from "./editor_page";
import { ROOT } from "./own_server";

const file = (name: string): string => path.join(ROOT, "docs/pictures", `${name}.jpg`);
const take = (page: Page, name: string): Promise<unknown> => page.screenshot({ path: file(name), type: "jpeg", quality: 82, animations: "disabled" });

const ALL = ["1", "2", "3", "4", "5", "6", "7"]; // the workflow that an empty editor opens with

async function afterRun(page: Page, inView: readonly string[]): Promise<void> {
  await openEditor(page);
  await page.evaluate((ids) => globalThis.weft.stage.fit(ids), inView);
  await newSeed(page);
  await run(page);
  await expect(picture(page, "7")).toBeVisible({ timeout: 120_000 });
  await idle(page);
  await page.waitForTimeout(500);
}

for (const [name, scheme] of [["editor-light", "light"], ["editor-dark", "dark"]] as const) {
  test(name, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await afterRun(page, ALL);
    await take(page, name);
  });
}

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
  test("editor-phone", async ({ page }) => {
    await afterRun(page, ["7"]);
    await take(page, "editor-phone");
  });
});
