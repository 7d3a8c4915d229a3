/** Areas of regional prompts are drawn, and the nodes take them. */

import { expect, test, type Page } from "@playwright/test";
import { dragMouse, node, openEditor } from "./editor_page";

const GRAPH = {
  1: { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "weft-tiny.safetensors" } },
  2: { class_type: "CLIPTextEncode", inputs: { text: "a yellow star", clip: ["1", 1] } },
  3: { class_type: "CLIPTextEncode", inputs: { text: "a red heart", clip: ["1", 1] } },
  4: { class_type: "EmptyLatentImage", inputs: { width: 256, height: 128, batch_size: 1 } },
  5: { class_type: "ConditioningSetArea", inputs: { conditioning: ["2", 0], width: 128, height: 128, x: 0, y: 0, strength: 1 } },
  6: { class_type: "ConditioningSetAreaPercentage", inputs: { conditioning: ["3", 0], width: 0.5, height: 1, x: 0.5, y: 0, strength: 1 } },
};

const values = (page: Page, id: string) => page.evaluate((id) => globalThis.weft.active.value!.graph.node(id).values, id);

test("areas are dragged, pulled at corners and moved by keys, each undone in one step", async ({ page }) => {
  await openEditor(page);
  await page.evaluate((text) => globalThis.weft.openText(text, "regions"), JSON.stringify(GRAPH));
  await page.evaluate(() => globalThis.weft.stage.fit(["5", "6"]));
  await node(page, "5").locator(".node-name").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Draw the areas…" }).click();
  const dialog = page.getByRole("dialog", { name: "Areas of prompts" });
  const star = dialog.getByRole("group", { name: /^a yellow star/ });
  await expect(star).toBeFocused();
  await expect(dialog.getByRole("group", { name: "a red heart: 128 × 128 at 128, 0" })).toBeVisible();

  const frame = (await dialog.locator(".region-frame").boundingBox())!;
  const at = (x: number, y: number) => ({ x: frame.x + (x / 256) * frame.width, y: frame.y + (y / 128) * frame.height });
  await dragMouse(page, at(40, 64), at(72, 64));
  expect(await values(page, "5")).toMatchObject({ x: 32, y: 0, width: 128, height: 128 });
  await star.locator("[data-grip=se]").hover();
  await page.mouse.down();
  await page.mouse.move(at(120, 90).x, at(120, 90).y, { steps: 5 });
  await page.mouse.up();
  expect(await values(page, "5")).toMatchObject({ x: 32, y: 0, width: 88, height: 88 });
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Shift+ArrowRight");
  expect(await values(page, "5")).toMatchObject({ x: 32, y: 8, width: 96, height: 88 });
  await dialog.getByRole("group", { name: /^a red heart/ }).focus();
  await page.keyboard.press("Shift+ArrowUp");
  expect(await values(page, "6")).toMatchObject({ x: 0.5, height: 0.9375 });
  await page.screenshot({ path: process.env.WEFT_SHOT ?? test.info().outputPath("regions.png") });

  for (let times = 0; times < 5; times++) await page.keyboard.press("ControlOrMeta+z");
  expect(await values(page, "5")).toMatchObject({ x: 0, y: 0, width: 128, height: 128 });
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
});
