/** The system's own colours (forced colours), and small screens: what is chosen is told, what is filled can be read. */

import { expect, test } from "@playwright/test";
import { openEditor } from "./editor_page";
import { command } from "./panels_table";

test("where the system forces its colours, filled buttons can be read and what is chosen has an edge", async ({ page }) => {
  await page.emulateMedia({ forcedColors: "active" });
  await openEditor(page);
  const style = (selector: string, name: string): Promise<string> => page.locator(selector).first().evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), name);
  // else a plate of the page's colour lies behind the button's text, which has that colour
  expect(await style(".top-bar .button.run", "forced-color-adjust")).toBe("none");
  await command(page, "library.models");
  await expect(page.locator('.library-halves [aria-selected="true"]')).toBeVisible();
  expect(await style('.library-halves [aria-selected="true"]', "outline-style")).toBe("solid");
  expect(await style('.library-halves [aria-selected="false"]', "outline-style")).toBe("none");
});

test("on a phone the results close by a button", async ({ browser, baseURL }) => {
  const page = await (await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, baseURL })).newPage();
  await openEditor(page);
  await command(page, "view.results");
  const gallery = page.getByRole("complementary", { name: "Results" });
  await gallery.getByRole("button", { name: "Close" }).tap();
  await expect(gallery).toHaveCount(0);
  await page.context().close();
});
