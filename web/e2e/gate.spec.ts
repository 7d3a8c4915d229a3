/** The gate: 1,000 nodes with selection, dragging, connecting, undo and one picture. Counts decide, times only advise. */

import { expect, test, type Page } from "@playwright/test";
import { dragMouse, idle, newSeed, openEditor, run, socketAt } from "./editor_page";

const COLUMNS = 25;
const COUNT = 1000;

/** 1,000 nodes of 4 to 7 widgets in rows, each linked to the one before it; the first seven make a picture. */
async function openLarge(page: Page): Promise<void> {
  await page.evaluate(({ COUNT, COLUMNS }) => {
    const first = structuredClone(globalThis.weft.active.value!.toWorkflow()) as { nodes: unknown[]; links: unknown[]; extra: Record<string, unknown> };
    first.extra = {};
    for (let index = 0; index < COUNT - 7; index++) {
      const id = 100 + index;
      const x = (index % COLUMNS) * 380;
      const y = 900 + Math.floor(index / COLUMNS) * 420;
      const hasNext = index < COUNT - 8;
      first.nodes.push({
        id, type: "KSampler", pos: [x, y], size: [300, 330], flags: {}, mode: 2, order: index,
        inputs: [{ name: "latent_image", type: "LATENT", link: index === 0 ? null : 1000 + index - 1 }],
        outputs: [{ name: "LATENT", type: "LATENT", links: hasNext ? [1000 + index] : [] }],
        properties: {}, widgets_values: [index, "fixed", 20, 8, "euler", "normal", 1],
      });
      if (hasNext) first.links.push([1000 + index, id, 0, id + 1, 0, "LATENT"]);
    }
    globalThis.weft.open(first, "large");
  }, { COUNT, COLUMNS });
  await expect.poll(() => page.evaluate(() => globalThis.weft.active.value!.graph.nodes.size)).toBe(COUNT);
}

const frame = (page: Page): Promise<unknown> => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/** Time between frames while the camera moves by `dx`, `dy` (or zooms) per frame. */
function measure(page: Page, motion: { dx?: number; dy?: number; zoom?: number }): Promise<{ mean: number; p95: number; overMounted: number }> {
  return page.evaluate(async ({ dx = 0, dy = 0, zoom = 1 }) => {
    const { stage } = globalThis.weft;
    const times: number[] = [];
    let overMounted = 0;
    let before = performance.now();
    for (let step = 0; step < 60; step++) {
      const { camera } = stage;
      const scale = camera.scale * (step < 30 ? zoom : 1 / zoom);
      stage.setCamera({ scale, x: 720 - ((720 - camera.x) * scale) / camera.scale + dx, y: 450 - ((450 - camera.y) * scale) / camera.scale + dy });
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      times.push(now - before);
      before = now;
      overMounted = Math.max(overMounted, document.querySelectorAll("[data-node]").length - Math.max(stage.stats.inView, 1));
    }
    times.sort((a, b) => a - b);
    return { mean: times.reduce((sum, time) => sum + time, 0) / times.length, p95: times[Math.floor(times.length * 0.95)]!, overMounted };
  }, motion);
}

test("1,000 nodes stay light", async ({ page }) => {
  await openEditor(page);
  const started = Date.now();
  await openLarge(page);
  await frame(page);
  console.log(`open and first frame: ${Date.now() - started} ms`);

  await test.step("zoomed out, no node is in the page", async () => {
    await page.evaluate(() => globalThis.weft.stage.fit());
    await frame(page);
    expect(await page.locator("[data-node]").count()).toBe(0);
  });

  await test.step("at reading size, only those in view are", async () => {
    await page.evaluate(() => globalThis.weft.stage.setCamera({ x: -1500, y: -3000, scale: 0.8 }));
    await expect.poll(() => page.evaluate(() => globalThis.weft.stage.stats.mounted === globalThis.weft.stage.stats.inView)).toBe(true);
    const inView = await page.evaluate(() => globalThis.weft.stage.stats.inView);
    expect(await page.locator("[data-node]").count()).toBe(inView);
    expect(inView).toBeLessThan(40);
  });

  await test.step("panning and zooming never mount more than what is in view", async () => {
    for (const [name, motion] of [["at rest (what the machine gives)", {}], ["pan", { dx: -14, dy: -6 }], ["zoom", { zoom: 0.96 }], ["far pan", { dx: -400, dy: -90 }]] as const) {
      await page.evaluate(() => globalThis.weft.stage.setCamera({ x: -1500, y: -3000, scale: 0.8 }));
      await page.waitForTimeout(500);
      const found = await measure(page, motion);
      const own = await page.evaluate(() => [...globalThis.weft.stage.stats.frameMs].slice(-60).sort((a, b) => a - b)[56]!);
      console.log(`${name}: own drawing p95 ${own.toFixed(1)} ms; frame mean ${found.mean.toFixed(1)} ms, p95 ${found.p95.toFixed(1)} ms (advised: pan p95 < 60)`);
      expect(found.overMounted).toBeLessThanOrEqual(0);
    }
  });

  await test.step("selection, dragging, connecting and undo work, and nothing is drawn when nothing changes", async () => {
    await page.evaluate(() => globalThis.weft.jumpTo("300"));
    await page.evaluate(() => globalThis.weft.stage.setCamera({ ...globalThis.weft.stage.camera, scale: 0.6 }));
    await page.evaluate(() => globalThis.weft.stage.fit(["300", "301"]));
    await expect(page.locator('[data-node="300"]')).toBeVisible();
    const before = await page.evaluate(() => globalThis.weft.active.value!.graph.node("300").pos);
    const title = (await page.locator('[data-node="300"] .node-title').boundingBox())!;
    await dragMouse(page, { x: title.x + 40, y: title.y + 10 }, { x: title.x + 90, y: title.y + 60 });
    expect(await page.evaluate(() => globalThis.weft.active.value!.graph.node("300").pos)).not.toEqual(before);
    await dragMouse(page, await socketAt(page, "301", { input: "latent_image" }), { x: 700, y: 880 });
    expect(await page.evaluate(() => globalThis.weft.active.value!.graph.linkInto("301", "latent_image"))).toBeUndefined();
    await dragMouse(page, await socketAt(page, "300", { slot: 0 }), await socketAt(page, "301", { input: "latent_image" }));
    expect(await page.evaluate(() => globalThis.weft.active.value!.graph.linkInto("301", "latent_image")?.from)).toBe("300");
    for (let step = 0; step < 3; step++) await page.keyboard.press("Control+z");
    expect(await page.evaluate(() => globalThis.weft.active.value!.graph.node("300").pos)).toEqual(before);
    await frame(page);
    const draws = await page.evaluate(() => globalThis.weft.stage.stats.draws);
    await page.waitForTimeout(300);
    expect(await page.evaluate(() => globalThis.weft.stage.stats.draws)).toBe(draws);
  });

  await test.step("a progress event costs at most two draws", async () => {
    const found = await page.evaluate(async () => {
      const { stage, active } = globalThis.weft;
      const before = stage.stats.draws;
      for (let value = 0; value < 30; value++) {
        active.value!.updateRun("300", { phase: "running", value, max: 30 });
        active.value!.updateRun("900", { phase: "running", value, max: 30 });
        await new Promise(requestAnimationFrame);
      }
      return (stage.stats.draws - before) / 30;
    });
    console.log(`draws per progress event: ${found.toFixed(2)}`);
    expect(found).toBeLessThanOrEqual(2);
  });

  await test.step("one picture forms among them", async () => {
    await page.evaluate(() => globalThis.weft.stage.fit(["1", "2", "3", "4", "5", "6", "7"]));
    await newSeed(page);
    await run(page);
    await expect(page.locator('[data-node="7"] .picture img')).toBeVisible({ timeout: 120_000 });
    await idle(page);
    expect(await page.evaluate(() => document.querySelectorAll("[data-node]").length <= globalThis.weft.stage.stats.inView)).toBe(true);
  });
  const heap = await page.evaluate(() => (performance as unknown as { memory?: { usedJSHeapSize: number } }).memory?.usedJSHeapSize ?? 0);
  console.log(`heap: ${(heap / 1e6).toFixed(0)} MB`);
});
