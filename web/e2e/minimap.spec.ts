/** The map: there when it is needed, and a way to what is not in view. */

import { expect, test } from "@playwright/test";
import { openEditor } from "./editor_page";

test("appears when not all is in view, follows the drag, goes with M and stays away", async ({ page }) => {
  await openEditor(page);
  const map = page.getByRole("img", { name: "Map of the workflow" });
  await page.locator("body").press("f");
  await expect(map).toBeHidden();
  await page.evaluate(() => globalThis.weft.zoom(2.2));
  await expect(map).toBeVisible();
  const before = await page.evaluate(() => globalThis.weft.active.value!.camera.value);
  const box = (await map.boundingBox())!;
  await page.mouse.move(box.x + 20, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + 40, box.y + box.height / 2, { steps: 3 });
  await page.mouse.up();
  const after = await page.evaluate(() => globalThis.weft.active.value!.camera.value);
  expect(after.x).toBeGreaterThan(before.x);
  expect(after.scale).toBe(before.scale);
  await page.locator("body").press("m");
  await expect(map).toBeHidden();
  await openEditor(page);
  await page.evaluate(() => globalThis.weft.zoom(3));
  await expect(map).toHaveCount(0);
});
