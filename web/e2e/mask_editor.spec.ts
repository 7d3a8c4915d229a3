/** Masks: painted over a node's picture, saved as its alpha, and then only the painted part changes. */

import { expect, test, type Page } from "@playwright/test";
import { idle, node, openEditor, picture, run } from "./editor_page";

const SIDE = 128;
const half = (number: string, latent: string, x: number) => ({
  [`${number}1`]: { class_type: "LatentCrop", inputs: { samples: [latent, 0], width: SIDE / 2, height: SIDE, x, y: 0 } },
  [`${number}2`]: { class_type: "VAEDecode", inputs: { samples: [`${number}1`, 0], vae: ["1", 2] } },
  [`${number}3`]: { class_type: "SaveImage", inputs: { images: [`${number}2`, 0], filename_prefix: "half" } },
});
const GRAPH = {
  1: { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "weft-tiny.safetensors" } },
  2: { class_type: "CLIPTextEncode", inputs: { text: "a yellow star at night", clip: ["1", 1] } },
  3: { class_type: "CLIPTextEncode", inputs: { text: "", clip: ["1", 1] } },
  10: { class_type: "LoadImage", inputs: { image: "base.png" } },
  11: { class_type: "VAEEncode", inputs: { pixels: ["10", 0], vae: ["1", 2] } },
  12: { class_type: "SetLatentNoiseMask", inputs: { samples: ["11", 0], mask: ["10", 1] } },
  5: { class_type: "KSampler", inputs: { seed: 3, steps: 8, cfg: 4, sampler_name: "euler", scheduler: "normal", denoise: 1, model: ["1", 0], positive: ["2", 0], negative: ["3", 0], latent_image: ["12", 0] } },
  // the halves of both latents are decoded apart, since a decoder looks at a picture as a whole
  ...half("2", "5", 0), ...half("3", "11", 0), ...half("4", "5", SIDE / 2), ...half("5", "11", SIDE / 2),
};

/** Opens a graph whose Load Image shows a picture of 128 x 128, in the middle transparent by a square if asked for. */
async function openGraph(page: Page, hasHole = false): Promise<void> {
  await openEditor(page);
  const png = await page.evaluate(async ({ side, hasHole }) => {
    const canvas = new OffscreenCanvas(side, side);
    const context = canvas.getContext("2d")!;
    for (let x = 0; x < side; x += 8) {
      context.fillStyle = `hsl(${x * 2} 60% 50%)`;
      context.fillRect(x, 0, 8, side);
    }
    if (hasHole) context.clearRect(48, 48, 32, 32);
    return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
  }, { side: SIDE, hasHole });
  const name = hasHole ? "hole.png" : "base.png";
  const answer = await page.request.post("/api/upload/image", { multipart: { image: { name, mimeType: "image/png", buffer: Buffer.from(png) }, overwrite: "true" } });
  expect(answer.ok()).toBe(true);
  const graph = { ...GRAPH, 10: { class_type: "LoadImage", inputs: { image: name } } };
  await page.evaluate((text) => globalThis.weft.openText(text, "inpainting"), JSON.stringify(graph));
  await page.evaluate(() => globalThis.weft.stage.fit(["10"]));
  await expect(picture(page, "10")).toBeVisible();
}

const dialog = (page: Page) => page.getByRole("dialog", { name: /^Mask of/ });

async function openMask(page: Page, id = "10"): Promise<void> {
  await node(page, id).locator(".node-name").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Edit the mask…" }).click();
  await expect(dialog(page).locator("canvas").first()).toBeVisible();
}

/** A point of the picture on the screen. */
async function place(page: Page, x: number, y: number): Promise<[number, number]> {
  const box = (await dialog(page).locator(".mask-paper").boundingBox())!;
  return [box.x + (x / SIDE) * box.width, box.y + (y / SIDE) * box.height];
}

/** How much is painted at a pixel, 0..1. */
const painted = (page: Page, x: number, y: number): Promise<number> =>
  dialog(page).locator("canvas").nth(1).evaluate((canvas: HTMLCanvasElement, [x, y]) => canvas.getContext("2d")!.getImageData(x!, y!, 1, 1).data[3]! / (255 * 0.62), [x, y]);

async function drag(page: Page, ...points: [number, number][]): Promise<void> {
  for (const [index, point] of points.entries()) {
    await page.mouse.move(...(await place(page, ...point)), { steps: 4 });
    if (index === 0) await page.mouse.down();
  }
  await page.mouse.up();
}

async function polygon(page: Page, ...points: [number, number][]): Promise<void> {
  await dialog(page).getByRole("radio", { name: "Polygon" }).click();
  for (const point of [...points, points[0]!]) await page.mouse.click(...(await place(page, ...point)));
}

/** Mean difference of the colours of two pictures, 0..255. */
async function difference(page: Page, a: string, b: string): Promise<number> {
  return page.evaluate(async ({ a, b }) => {
    const read = async (url: string): Promise<Uint8ClampedArray> => {
      const bitmap = await createImageBitmap(await (await fetch(url)).blob());
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d")!;
      context.drawImage(bitmap, 0, 0);
      return context.getImageData(0, 0, bitmap.width, bitmap.height).data;
    };
    const [one, two] = [await read(a), await read(b)];
    return one.reduce((sum, value, index) => sum + Math.abs(value - two[index]!), 0) / ((one.length * 3) / 4);
  }, { a, b });
}

test("what is painted changes in a run, and nothing else; undo gives the first picture back", async ({ page }) => {
  await openGraph(page);
  await openMask(page);
  await polygon(page, [0, 0], [40, 0], [40, 127], [0, 127]);
  expect(await painted(page, 20, 60)).toBeCloseTo(1, 1);
  expect(await painted(page, 60, 60)).toBe(0);
  await dialog(page).getByRole("button", { name: "Save mask" }).click();
  await expect(dialog(page)).toHaveCount(0);
  const chosen = await page.evaluate(() => globalThis.weft.active.value!.graph.node("10").values.image);
  expect(chosen).toMatch(/^clipspace\/clipspace-mask-\d+\.png \[input\]$/);
  await expect(picture(page, "10")).toBeVisible();

  await run(page);
  await idle(page);
  const source = async (id: string): Promise<string> => {
    await page.evaluate((id) => globalThis.weft.stage.fit([id]), id);
    await expect(picture(page, id)).toBeVisible({ timeout: 60_000 });
    return (await picture(page, id).getAttribute("src"))!;
  };
  expect(await difference(page, await source("23"), await source("33")), "the painted half is another one").toBeGreaterThan(12);
  expect(await difference(page, await source("43"), await source("53")), "the other half is as it was").toBeLessThan(0.5);

  await page.evaluate(() => globalThis.weft.active.value!.undo());
  expect(await page.evaluate(() => globalThis.weft.active.value!.graph.node("10").values.image)).toBe("base.png");
});

test("brush, eraser, fill, invert, clear, undo and redo", async ({ page }) => {
  await openGraph(page);
  await node(page, "10").focus();
  await page.keyboard.press("e");
  await dialog(page).getByRole("slider", { name: "Size" }).fill("12");
  await dialog(page).getByRole("slider", { name: "Hardness" }).fill("100");
  await drag(page, [30, 30], [90, 30], [90, 90], [30, 90], [30, 30]);
  expect(await painted(page, 60, 30)).toBeCloseTo(1, 1);
  expect(await painted(page, 60, 60)).toBe(0);
  await page.keyboard.press("f");
  await page.mouse.click(...(await place(page, 60, 60)));
  expect(await painted(page, 60, 60)).toBeCloseTo(1, 1);
  expect(await painted(page, 5, 5)).toBe(0);
  await page.keyboard.press("e");
  await drag(page, [60, 60], [60, 100]);
  expect(await painted(page, 60, 70)).toBe(0);
  await page.keyboard.press("ControlOrMeta+z");
  expect(await painted(page, 60, 70)).toBeCloseTo(1, 1);
  await page.keyboard.press("ControlOrMeta+z");
  expect(await painted(page, 60, 60)).toBe(0);
  await page.keyboard.press("ControlOrMeta+Shift+Z");
  await page.keyboard.press("i");
  expect([await painted(page, 60, 60), Math.round(await painted(page, 5, 5))]).toEqual([0, 1]);
  await dialog(page).getByRole("button", { name: "Clear" }).click();
  expect(await painted(page, 5, 5)).toBe(0);
  await page.keyboard.press("b");
  await dialog(page).getByRole("slider", { name: "Opacity" }).fill("50");
  await drag(page, [100, 110], [110, 110]);
  expect(await painted(page, 105, 110)).toBeCloseTo(0.5, 1);
  await dialog(page).getByRole("button", { name: "Feather" }).click();
  expect(await painted(page, 105, 110)).toBeLessThan(0.49);
  expect(await painted(page, 105, 100)).toBeGreaterThan(0);
  // the graph behind did not hear of it
  expect(await page.evaluate(() => globalThis.weft.active.value!.history.canUndo)).toBe(false);
  page.once("dialog", (asked) => void asked.dismiss());
  await page.keyboard.press("Escape");
  await expect(dialog(page)).toBeVisible();
  page.once("dialog", (asked) => void asked.accept());
  await page.keyboard.press("Escape");
  await expect(dialog(page)).toHaveCount(0);
});

test("a mask goes on where the picture's transparency is; wheel and two fingers zoom", async ({ page }) => {
  await openGraph(page, true);
  await node(page, "10").getByRole("button", { name: "Edit the mask" }).click();
  await expect(dialog(page).locator("canvas").first()).toBeVisible();
  expect([Math.round(await painted(page, 64, 64)), await painted(page, 40, 64)]).toEqual([1, 0]);
  const width = async (): Promise<number> => (await dialog(page).locator(".mask-paper").boundingBox())!.width;
  const before = await width();
  await page.mouse.move(...(await place(page, 64, 64)));
  await page.mouse.wheel(0, -300);
  await expect.poll(width).toBeGreaterThan(before * 1.2);
  await page.keyboard.press("0");
  await expect.poll(width).toBe(before);
  const session = await page.context().newCDPSession(page);
  const [x, y] = await place(page, 20, 20);
  const touch = (type: string, ...points: [number, number][]) => session.send("Input.dispatchTouchEvent", { type: type as "touchStart", touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  await touch("touchStart", [x, y]);
  await touch("touchMove", [x + 30, y]);
  expect(await painted(page, 20, 20)).toBeGreaterThan(0.9);
  await touch("touchStart", [x + 30, y], [x + 130, y + 100]);
  expect(await painted(page, 20, 20), "the second finger takes the stroke back").toBe(0);
  await touch("touchMove", [x, y - 40], [x + 180, y + 140]);
  await touch("touchEnd");
  await expect.poll(width).toBeGreaterThan(before * 1.3);
  await touch("touchStart", [x, y]);
  await touch("touchMove", [x + 30, y]);
  await touch("touchEnd");
  await expect(dialog(page).getByRole("button", { name: "Undo" })).toBeEnabled();
});

test("a result is masked too: its picture comes back as a new Load Image", async ({ page }) => {
  await openEditor(page);
  await run(page);
  await expect(picture(page, "7")).toBeVisible({ timeout: 120_000 });
  await idle(page);
  await page.evaluate(() => globalThis.weft.stage.fit(["7"]));
  await openMask(page, "7");
  await drag(page, [60, 60], [80, 60]);
  await page.keyboard.press("ControlOrMeta+s");
  await expect(dialog(page)).toHaveCount(0);
  await expect(node(page, "8").locator(".node-name")).toHaveText("Load Image");
  expect(await page.evaluate(() => globalThis.weft.active.value!.graph.node("8").values.image)).toMatch(/^clipspace\//);
  await page.keyboard.press("ControlOrMeta+z");
  await expect(node(page, "8")).toHaveCount(0);
});
