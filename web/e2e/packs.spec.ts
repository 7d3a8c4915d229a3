/** A pack that did not load is said, with what to do about it; its nodes say that they miss it. */

import { expect, test } from "@playwright/test";
import { node, openEditor } from "./editor_page";

const trouble = {
  summary: "It needs the Python package 'no_such_library', which is not installed.",
  advice: "Install it into Weft's own Python, then start Weft again: \"python\" -m pip install no_such_library",
  traceback: 'Traceback (most recent call last):\n  File "<script>alert(1)</script>.py", line 1',
};
const packs = { loaded: true, packs: [{ name: "Broken-Pack", state: "failed", troubles: [trouble] }, { name: "good", state: "loaded", troubles: [] }] };

test("a pack that did not load is shown with advice and traceback", async ({ page }) => {
  await page.route("**/api/weft/packs", (route) => route.fulfill({ json: packs }));
  await openEditor(page);
  await page.getByRole("button", { name: "Broken-Pack did not load" }).click();
  const dialog = page.getByRole("dialog", { name: "Packs that did not load" });
  await expect(dialog.getByText(trouble.summary)).toBeVisible();
  await expect(dialog.getByText(trouble.advice)).toBeVisible();
  await dialog.getByText("Where it happened").click();
  await expect(dialog.locator("pre")).toHaveText(trouble.traceback);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await page.evaluate(() => {
    const lost = { id: 1, type: "LostNode", pos: [100, 100], size: [300, 120], flags: {}, mode: 0, order: 0, inputs: [], outputs: [], properties: { cnr_id: "broken-pack" }, widgets_values: [] };
    globalThis.weft.open({ nodes: [lost], links: [], version: 0.4 }, "lost");
    globalThis.weft.stage.fit();
  });
  await expect(node(page, "1")).toContainText("Broken-Pack did not load");
  await node(page, "1").getByRole("button", { name: "Why?" }).click();
  await expect(dialog).toBeVisible();
});

test("nothing is said where all packs loaded", async ({ page }) => {
  await page.route("**/api/weft/packs", (route) => route.fulfill({ json: { loaded: true, packs: [packs.packs[1]] } }));
  await openEditor(page);
  await expect(page.locator(".pack-notice")).toHaveCount(0);
});
