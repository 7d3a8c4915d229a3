/** The language is a setting: it changes at once, keeps the document, and is there again after a reload. */

import { expect, test } from "@playwright/test";
import { openEditor, widget } from "./editor_page";

test("German and back, without losing the document; chosen again after a reload", async ({ page }) => {
  await openEditor(page);
  const steps = () => page.evaluate(() => globalThis.weft.active.value!.graph.node("5").values.steps);
  await page.evaluate(() => globalThis.weft.active.value!.edit("value", [{ kind: "value", id: "5", name: "steps", value: 7 }]));
  const choose = (language: string, name: string) => async (): Promise<void> => {
    await page.locator("body").press("Control+,");
    await page.getByLabel(name, { exact: true }).selectOption(language);
  };
  await choose("de", "Language")();
  await expect(page.getByRole("dialog", { name: "Einstellungen" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Ausführen", exact: true })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "de");
  await expect(page.getByRole("button", { name: "Rückgängig" })).toHaveAttribute("title", /^Rückgängig: Wert/);
  await expect(page.getByRole("button", { name: "Run", exact: true })).toHaveCount(0);
  expect(await steps()).toBe(7);

  const look = async () => (await page.context().cookies()).find(({ name }) => name === "weft-look")?.value;
  expect(await look(), "what a login page would be shown in").toMatch(/\.de$/);

  await page.reload();
  await expect(page.getByRole("button", { name: "Ausführen", exact: true })).toBeVisible();
  expect(await steps()).toBe(7);
  await expect(widget(page, "5", "seed")).toBeVisible();

  await choose("system", "Sprache")();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Run", exact: true })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
  expect(await steps()).toBe(7);
});
