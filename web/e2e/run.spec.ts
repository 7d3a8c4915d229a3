/** The main job, end to end: open the editor, press Run, watch a picture form. */

import { expect, test, type Page } from "@playwright/test";
import { idle, messages, newSeed, node, openEditor, picture, run, widget } from "./editor_page";

declare global {
  // what the sampler node showed: widths of its bar, addresses of its previews
  var seen: { progress: string[]; previews: string[] };
}

/** Notes what appears on the sampler node; a run may be too quick to be asked in between. */
const watchSampler = (page: Page): Promise<void> =>
  page.evaluate(() => {
    globalThis.seen = { progress: [], previews: [] };
    const note = (list: string[], value: string | null | undefined): void => void (value && !list.includes(value) && list.push(value));
    new MutationObserver(() => {
      const sampler = document.querySelector('[data-node="5"]');
      note(globalThis.seen.progress, sampler?.querySelector('[role="progressbar"]')?.getAttribute("aria-valuenow"));
      note(globalThis.seen.previews, sampler?.querySelector("img.preview")?.getAttribute("src"));
    }).observe(document.querySelector(".nodes")!, { subtree: true, childList: true, attributes: true });
  });

test("a newcomer presses Run, sees it form, gets the picture, and finds all of it again", async ({ page }) => {
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  const cached = messages(page, "execution_cached");
  const executing = messages(page, "executing");
  await openEditor(page);
  await newSeed(page);

  await watchSampler(page);
  await run(page);
  const preview = node(page, "5").locator("img.preview");
  await expect(preview).toBeVisible({ timeout: 120_000 });
  expect(await preview.getAttribute("src")).toMatch(/^blob:/);
  await expect(picture(page, "7")).toBeVisible({ timeout: 120_000 });
  await expect.poll(() => picture(page, "7").evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(128);
  await idle(page);
  const seen = await page.evaluate(() => globalThis.seen);
  expect(seen.progress.length, "the sampler's bar moved").toBeGreaterThan(2);
  expect(seen.previews.length, "the picture formed in steps").toBeGreaterThan(1);
  const first = await picture(page, "7").getAttribute("src");

  await test.step("nothing changed: nothing runs", async () => {
    cached.length = executing.length = 0;
    await run(page);
    await expect(page.getByText("Nothing changed since the last run")).toBeVisible({ timeout: 30_000 });
    expect((cached.at(-1)?.nodes as string[]).slice().sort()).toEqual(["1", "2", "3", "4", "5", "6", "7"]);
    expect(executing.filter((data) => data.node !== null)).toEqual([]);
    await expect(picture(page, "7")).toBeVisible();
  });

  const seed = String(Math.floor(Math.random() * 1e9));
  await test.step("another seed: sampler, decode and save run again", async () => {
    cached.length = executing.length = 0;
    await widget(page, "5", "seed").getByRole("spinbutton").click();
    await page.keyboard.type(seed);
    await page.keyboard.press("Enter");
    await page.keyboard.press("Control+Enter");
    await expect(picture(page, "7")).not.toHaveAttribute("src", first!, { timeout: 120_000 });
    await idle(page);
    expect(executing.map((data) => data.node).filter((id) => id !== null)).toEqual(["5", "6", "7"]);
  });

  await test.step("a reload keeps workflow and picture", async () => {
    const second = await picture(page, "7").getAttribute("src");
    await expect.poll(() => page.evaluate(() => indexedDB.databases().then((all) => all.length))).toBeGreaterThan(0);
    await page.waitForTimeout(800); // the draft is written a moment after the last change
    await page.reload();
    await expect(widget(page, "5", "seed").getByRole("spinbutton")).toHaveAttribute("aria-valuenow", seed);
    await expect(picture(page, "7")).toHaveAttribute("src", second!);
    await expect.poll(() => picture(page, "7").evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(128);
  });

  await test.step("the file holds its workflow: dropped on the editor, it opens", async () => {
    const address = (await picture(page, "7").getAttribute("src"))!;
    const bytes = [...(await (await page.request.get(address)).body())];
    await page.evaluate((data) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(data)], "made.png", { type: "image/png" }));
      document.querySelector(".viewport")!.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, clientX: 200, clientY: 700 }));
    }, bytes);
    await expect(page.getByRole("tab", { name: "made" })).toHaveAttribute("aria-selected", "true");
    await expect(widget(page, "5", "seed").getByRole("spinbutton")).toHaveAttribute("aria-valuenow", seed);
  });
  expect(problems).toEqual([]);
});

test("a wrong value is said on its node, in words", async ({ page }) => {
  await openEditor(page);
  await page.evaluate(() => globalThis.weft.active.value!.edit("test", [{ kind: "value", id: "5", name: "sampler_name", value: "no_such_sampler" }]));
  await run(page);
  await expect(node(page, "5").getByRole("alert")).toContainText("sampler name is set to something that is not available");
  await expect(page.getByRole("region", { name: "Problems" })).toContainText("KSampler");
  await page.keyboard.press("Control+z");
  await expect(node(page, "5").getByRole("alert")).toHaveCount(0);
});

test("a missing link is said on its node", async ({ page }) => {
  await openEditor(page);
  await page.evaluate(() => globalThis.weft.active.value!.edit("test", [{ kind: "removeLink", id: 1 }]));
  await run(page);
  await expect(node(page, "5").getByRole("alert")).toContainText("model is not connected");
});

test("a reload in the middle of a run goes on watching it", async ({ page }) => {
  await openEditor(page);
  await newSeed(page);
  await page.evaluate(() => globalThis.weft.active.value!.edit("test", [{ kind: "value", id: "5", name: "steps", value: 400 }]));
  await run(page);
  await expect(node(page, "5").locator("img.preview")).toBeVisible({ timeout: 120_000 });
  await page.reload();
  await expect(node(page, "5")).toHaveClass(/phase-running/);
  await expect(node(page, "5").locator("img.preview")).toBeVisible({ timeout: 60_000 });
  await expect(picture(page, "7")).toBeVisible({ timeout: 120_000 });
});

test("Cancel stops the run and the next one works", async ({ page }) => {
  await openEditor(page);
  await page.evaluate(() => globalThis.weft.active.value!.edit("test", [{ kind: "value", id: "5", name: "steps", value: 2000 }]));
  await newSeed(page);
  await run(page);
  await expect(node(page, "5").locator("img.preview")).toBeVisible({ timeout: 120_000 });
  await page.getByRole("button", { name: "Cancel" }).click();
  await idle(page);
  await expect(node(page, "5")).not.toHaveClass(/phase-running/);
  await page.evaluate(() => globalThis.weft.active.value!.edit("test", [{ kind: "value", id: "5", name: "steps", value: 4 }]));
  await run(page);
  await expect(picture(page, "7")).toBeVisible({ timeout: 120_000 });
});
