/** A newcomer finds a technique, opens it beside his own work, and runs it to its picture; what is missing is said before. */

import { expect, test } from "@playwright/test";
import { idle, openEditor, run } from "./editor_page";

const dialog = (page: import("@playwright/test").Page) => page.getByRole("dialog", { name: "Templates" });

test("a template is found by words and keys, opens in a tab of its own, and runs to its picture", async ({ page }) => {
  await openEditor(page);
  const before = await page.evaluate(() => JSON.stringify(globalThis.weft.active.value!.toWorkflow().nodes));
  await page.keyboard.press("Shift+T");
  const search = dialog(page).getByRole("searchbox", { name: "Search templates…" });
  await expect(search).toBeFocused();
  await expect(dialog(page).locator(".template-card img").first()).toHaveJSProperty("complete", true);
  await search.fill("retouch");
  await expect(dialog(page).locator(".template-title").first()).toHaveText("Inpainting");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("tab", { name: "Inpainting", selected: true })).toBeVisible();
  await expect(page.getByRole("tab")).toHaveCount(2);
  await expect(page.locator(".toast.error")).toHaveCount(0);
  await page.evaluate(() => {
    const active = globalThis.weft.active.value!;
    const sampler = [...active.graph.nodes.values()].find((node) => node.type === "KSampler")!;
    active.edit("test", [{ kind: "value", id: sampler.id, name: "steps", value: 2 }, { kind: "value", id: sampler.id, name: "seed", value: Math.floor(Math.random() * 1e9) }]);
  });
  await run(page);
  await idle(page);
  const saved = await page.evaluate(() => [...globalThis.weft.active.value!.graph.nodes.values()].find((node) => node.type === "SaveImage")!.id);
  const picture = page.locator(`[data-node="${saved}"] .picture img`);
  await expect(picture).toBeVisible();
  await expect.poll(() => picture.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBe(128);
  await page.getByRole("tab", { name: "First picture" }).click();
  expect(await page.evaluate(() => JSON.stringify(globalThis.weft.active.value!.toWorkflow().nodes))).toBe(before);
});

test("an empty canvas offers templates; one whose files are not here says so before it is run", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 800 });
  await openEditor(page);
  await page.evaluate(() => {
    globalThis.weft.selectAll();
    globalThis.weft.removeSelection();
  });
  await page.getByRole("region", { name: "This workflow is empty" }).getByRole("button", { name: "Templates" }).click();
  await dialog(page).getByRole("button", { name: "Video", exact: true }).click();
  const card = dialog(page).locator(".template-card").filter({ hasText: "Picture to film" });
  await expect(card).toContainText("Needs 1 file that is not here");
  await card.click();
  await expect(page.locator(".toast").filter({ hasText: "models/checkpoints/svd_xt.safetensors" })).toBeVisible();
  await expect(page.getByRole("region", { name: "This workflow is empty" })).toHaveCount(0);
});
