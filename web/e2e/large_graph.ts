/** How does the editor bear a large graph? What the gate and the benchmark both do. */

import { expect, type Page } from "@playwright/test";

const COLUMNS = 25;
const PICTURE_NODES = 7; // of the workflow that an empty editor opens with

/** A camera at which nodes can be read. */
export const READING = { x: -1500, y: -3000, scale: 0.8 };

interface Motion {
  readonly dx?: number;
  readonly dy?: number;
  readonly zoom?: number;
}

export const MOTIONS: readonly (readonly [string, Motion])[] = [
  ["at rest (what the machine gives)", {}],
  ["pan", { dx: -14, dy: -6 }],
  ["zoom", { zoom: 0.96 }],
  ["far pan", { dx: -400, dy: -90 }],
];

/**
 * A tab of `count` nodes: samplers of 7 widgets in rows, each linked to the one before it, and the first workflow, which makes a picture.
 * Gives the milliseconds from the call to the second frame after it, by when the first one is on the screen.
 */
export async function openLarge(page: Page, count: number): Promise<number> {
  const ms = await page.evaluate(async ({ samplers, COLUMNS }) => {
    const workflow = structuredClone(globalThis.weft.active.value!.toWorkflow()) as { nodes: unknown[]; links: unknown[]; extra: Record<string, unknown> };
    workflow.extra = {};
    for (let index = 0; index < samplers; index++) {
      const id = 100 + index;
      const x = (index % COLUMNS) * 380;
      const y = 900 + Math.floor(index / COLUMNS) * 420;
      const hasNext = index < samplers - 1;
      workflow.nodes.push({
        id, type: "KSampler", pos: [x, y], size: [300, 330], flags: {}, mode: 2, order: index,
        inputs: [{ name: "latent_image", type: "LATENT", link: index === 0 ? null : 100_000 + index - 1 }],
        outputs: [{ name: "LATENT", type: "LATENT", links: hasNext ? [100_000 + index] : [] }],
        properties: {}, widgets_values: [index, "fixed", 20, 8, "euler", "normal", 1],
      });
      if (hasNext) workflow.links.push([100_000 + index, id, 0, id + 1, 0, "LATENT"]);
    }
    const started = performance.now();
    globalThis.weft.open(workflow, "large");
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    return performance.now() - started;
  }, { samplers: count - PICTURE_NODES, COLUMNS });
  await expect.poll(() => page.evaluate(() => globalThis.weft.active.value!.graph.nodes.size)).toBe(count);
  return ms;
}

export const frames = (page: Page): Promise<unknown> =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/** Milliseconds between frames while the camera moves by `dx`, `dy`, or zooms, per frame; and how many more nodes were mounted than in view. */
export function measureMotion(page: Page, motion: Motion, steps = 60): Promise<{ mean: number; p95: number; overMounted: number }> {
  return page.evaluate(async ({ dx = 0, dy = 0, zoom = 1, steps }) => {
    const { stage } = globalThis.weft;
    const times: number[] = [];
    let overMounted = -Infinity;
    let before = performance.now();
    for (let step = 0; step < steps; step++) {
      const { camera } = stage;
      const scale = camera.scale * (step < steps / 2 ? zoom : 1 / zoom);
      stage.setCamera({ scale, x: 720 - ((720 - camera.x) * scale) / camera.scale + dx, y: 450 - ((450 - camera.y) * scale) / camera.scale + dy });
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      times.push(now - before);
      before = now;
      overMounted = Math.max(overMounted, document.querySelectorAll("[data-node]").length - Math.max(stage.stats.inView, 1));
    }
    times.sort((a, b) => a - b);
    return { mean: times.reduce((sum, time) => sum + time, 0) / times.length, p95: times[Math.floor(times.length * 0.95)]!, overMounted };
  }, { ...motion, steps });
}

/** Used JavaScript heap after a garbage collection. */
export async function heapMB(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return usedSize / 1e6;
}
