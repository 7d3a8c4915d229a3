/** Work is never lost or overwritten by another tab. */

import { expect, test } from "@playwright/test";
import { openEditor, widget } from "./editor_page";

const settled = 800; // a draft is written a moment after the last change

test("two tabs keep their own work over a reload", async ({ context, page }) => {
  await openEditor(page);
  await widget(page, "2", "text").getByRole("textbox").fill("in the first tab");
  const other = await context.newPage();
  await openEditor(other);
  await expect(widget(other, "2", "text").getByRole("textbox")).not.toHaveValue("in the first tab");
  await widget(other, "2", "text").getByRole("textbox").fill("in the second tab");
  await page.waitForTimeout(settled);
  expect(await page.evaluate(() => globalThis.weft.clientId)).not.toBe(await other.evaluate(() => globalThis.weft.clientId));
  for (const [tab, text] of [[page, "in the first tab"], [other, "in the second tab"]] as const) {
    await tab.reload();
    await expect(widget(tab, "2", "text").getByRole("textbox")).toHaveValue(text);
  }
});

test("a tab that was closed or crashed gives its work to the next one", async ({ context, page }) => {
  await openEditor(page);
  await widget(page, "2", "text").getByRole("textbox").fill("not saved anywhere");
  await page.waitForTimeout(settled);
  await page.close();
  const next = await context.newPage();
  await openEditor(next);
  await expect(widget(next, "2", "text").getByRole("textbox")).toHaveValue("not saved anywhere");
});

test("the client id survives a reload", async ({ page }) => {
  await openEditor(page);
  const id = await page.evaluate(() => globalThis.weft.clientId);
  await page.reload();
  await expect.poll(() => page.evaluate(() => globalThis.weft?.clientId)).toBe(id);
});

test("hostile text is shown as text", async ({ page }) => {
  await openEditor(page);
  const text = "<img src=x onerror=alert(1)>";
  page.on("dialog", () => expect(false, "no script may run").toBe(true));
  await page.evaluate((text) => {
    const { active } = globalThis.weft;
    active.value!.edit("t", [{ kind: "field", id: "5", field: "title", value: text }, { kind: "value", id: "7", name: "filename_prefix", value: text }]);
    active.value!.name.value = text;
    globalThis.weft.ui.tell(text, "error");
  }, text);
  await expect(page.locator('[data-node="5"] .node-name')).toHaveText(text);
  await expect(page.getByRole("tab", { name: text })).toBeVisible();
  expect(await page.locator("img[onerror]").count()).toBe(0);
});
