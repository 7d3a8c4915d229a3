/** Looking at results: thousands scroll, search finds, the viewer tells pixels, two are compared, the workflow behind one opens. */

import { expect, test, type APIRequestContext, type Page } from "@playwright/test";
import { idle, newSeed, openEditor, picture, run } from "./editor_page";

const MANY = 3000;
let all = 0; // with what other tests made before
type Inputs = Record<string, unknown>;
const entry = (class_type: string, inputs: Inputs): { class_type: string; inputs: Inputs } => ({ class_type, inputs });
const filled = (color: number, count: number, side: number): ReturnType<typeof entry> => entry("EmptyImage", { width: side, height: side, batch_size: count, color });
const saved = (prefix: string): ReturnType<typeof entry> => entry("SaveImage", { images: ["1", 0], filename_prefix: prefix });
const workflow = (name: string): object => ({ id: name, version: 0.4, nodes: [{ id: 1, type: "EmptyImage", pos: [100, 200], size: [220, 130], title: name, inputs: [], outputs: [{ name: "IMAGE", type: "IMAGE", links: [] }], widgets_values: [64, 64, 1, 0], mode: 0, flags: {}, order: 0, properties: {} }], links: [], groups: [], extra: {} });

async function make(request: APIRequestContext, prompt: object, name: string): Promise<void> {
  const queued = await request.post("/api/prompt", { data: { prompt, extra_data: { extra_pnginfo: { workflow: workflow(name) } } } });
  expect(queued.ok(), await queued.text()).toBe(true);
  const { prompt_id } = (await queued.json()) as { prompt_id: string };
  await expect.poll(async () => ((await (await request.get(`/api/history/${prompt_id}`)).json()) as Record<string, { status: { status_str: string } }>)[prompt_id]?.status.status_str, { timeout: 120_000 }).toBe("success");
}

const tiles = (page: Page) => page.locator(".gallery .tile");
const found = (page: Page) => page.locator(".gallery").getByRole("status");
const viewer = (page: Page) => page.getByRole("dialog");

async function openGallery(page: Page): Promise<void> {
  await openEditor(page);
  await page.getByRole("button", { name: "Results", exact: true }).click();
  await expect(tiles(page).first()).toBeVisible();
}

test.describe.configure({ mode: "serial" });

test.beforeAll(async ({ playwright, baseURL }) => {
  const request = await playwright.request.newContext({ baseURL });
  await make(request, { 1: filled(0x336699, MANY, 16), 2: saved("many") }, "the many");
  await make(request, { 1: entry("EmptyLatentImage", { width: 64, height: 64, batch_size: 1 }), 2: entry("SaveLatent", { samples: ["1", 0], filename_prefix: "quiet" }) }, "the latent");
  await make(request, { 1: filled(0x808080, 8, 64), 2: entry("SaveWEBM", { images: ["1", 0], filename_prefix: "film", codec: "vp9", fps: 8, crf: 32 }) }, "the film");
  await make(request, { 1: filled(0xff0000, 1, 64), 2: saved("red") }, "the red one");
  await make(request, { 1: filled(0x0000ff, 1, 64), 2: saved("blue") }, "the blue one");
  all = ((await (await request.get("/api/gallery?limit=1")).json()) as { total: number }).total;
  expect(all).toBeGreaterThanOrEqual(MANY + 4);
  await request.dispose();
});

test("three thousand results scroll with few tiles mounted, and none is missing or doubled", async ({ page }) => {
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("response", (response) => response.status() >= 400 && /gallery|view|jobs/.test(response.url()) && problems.push(`${response.status()} ${response.url()}`));
  await openGallery(page);
  await expect(found(page)).toHaveText(`${all} results`);
  const seen = await page.evaluate(async (total) => {
    const box = document.querySelector<HTMLElement>(".gallery .tiles")!;
    const names = new Map<number, string>();
    let most = 0;
    let longest = 0;
    for (let steps = 0; steps < 2000 && names.size < total; steps++) {
      const mounted = [...box.querySelectorAll<HTMLElement>(".tile")];
      most = Math.max(most, mounted.length);
      for (const tile of mounted) names.set(Number(tile.dataset.index), tile.getAttribute("aria-label")!);
      const began = performance.now();
      box.scrollTop += box.clientHeight;
      const side = box.querySelectorAll<HTMLElement>(".tile")[1]!.offsetLeft - box.querySelectorAll<HTMLElement>(".tile")[0]!.offsetLeft;
      const inSight = (): Element | null => box.querySelector(`[data-index="${Math.floor(box.scrollTop / side) * 3}"]`);
      do await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      while (!inSight());
      longest = Math.max(longest, performance.now() - began);
    }
    const inView = Math.ceil(box.clientHeight / 100) * 3;
    return { count: names.size, different: new Set(names.values()).size, most, inView, longest };
  }, all);
  expect(seen.count).toBe(all);
  expect(seen.different).toBe(all);
  expect(seen.most).toBeLessThanOrEqual(seen.inView + 3 + 2 * 3 * 3);
  test.info().annotations.push({ type: "longest step of a scroll, ms", description: seen.longest.toFixed(0) });
  await page.locator(".gallery .tiles").evaluate((box) => (box.scrollTop = 0));
  await expect.poll(() => tiles(page).first().locator("img").evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  expect(await tiles(page).first().locator("img").getAttribute("src")).toContain("/api/gallery/thumbnail");
  expect(problems).toEqual([]);
});

test("search and kind narrow the list", async ({ page }) => {
  await openGallery(page);
  await page.getByRole("searchbox", { name: "Search results" }).fill("RED_0");
  await expect(tiles(page)).toHaveCount(1);
  await expect(tiles(page)).toHaveAccessibleName(/^red_00001_\.png, image by SaveImage, /);
  await page.getByRole("searchbox", { name: "Search results" }).fill("no such thing");
  await expect(page.locator(".gallery").getByText("Nothing was found.")).toBeVisible();
  await page.getByRole("searchbox", { name: "Search results" }).fill("");
  await page.getByRole("combobox", { name: "Kind of result" }).selectOption("latent");
  await expect(tiles(page)).toHaveCount(1);
  await tiles(page).click();
  await expect(viewer(page).getByText("latent_tensor: F32 1 × 4 × 8 × 8")).toBeVisible();
  await expect(viewer(page).getByRole("img", { name: "Channel 4, 0.00 … 0.00" })).toBeVisible();
});

test("a film plays", async ({ page }) => {
  await openGallery(page);
  await page.getByRole("combobox", { name: "Kind of result" }).selectOption("video");
  await expect(tiles(page)).toHaveCount(1);
  await tiles(page).click();
  const film = viewer(page).locator("video");
  await expect(film).toHaveAccessibleName("film_00001_.webm");
  await expect.poll(() => film.evaluate((element: HTMLVideoElement) => [element.videoWidth, element.currentTime > 0])).toEqual([64, true]);
});

test("the viewer zooms, tells pixels and shows the histogram", async ({ page }) => {
  await openGallery(page);
  await tiles(page).first().click();
  await expect(viewer(page)).toHaveAccessibleName("blue_00001_.png");
  const image = viewer(page).getByRole("img", { name: "blue_00001_.png" });
  await expect.poll(() => image.evaluate((element: HTMLImageElement) => element.naturalWidth)).toBe(64);
  const box = (await viewer(page).locator(".zoom-box").boundingBox())!;
  const pixel = viewer(page).getByLabel("Pixel under the pointer");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await expect(pixel).toContainText("R 0  G 0  B 255   #0000ff");
  await page.keyboard.press("h");
  await expect(viewer(page).getByRole("img", { name: "Histogram. Means: red 0.0, green 0.0, blue 255.0" })).toBeVisible();
  const scale = () => image.evaluate((element) => new DOMMatrix(getComputedStyle(element).transform).a);
  await page.mouse.wheel(0, -600);
  await expect.poll(scale).toBeGreaterThan(2);
  const before = (await image.boundingBox())!;
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 + 70, box.y + box.height / 2 + 30, { steps: 3 });
  await page.mouse.up();
  expect((await image.boundingBox())!.x - before.x).toBeCloseTo(70, 0);
  await page.keyboard.press(" ");
  expect(await scale()).toBe(1);
  await page.keyboard.press("ArrowRight");
  await expect(viewer(page)).toHaveAccessibleName("red_00001_.png");
  await expect(viewer(page).getByRole("img", { name: "Histogram. Means: red 255.0, green 0.0, blue 0.0" })).toBeVisible();
  await page.keyboard.press("ArrowLeft"); // the browser has this one already
  await expect(viewer(page).getByRole("img", { name: "Histogram. Means: red 0.0, green 0.0, blue 255.0" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(viewer(page)).toBeHidden();
  await expect(tiles(page).first()).toBeFocused();
});

test("two results are marked with Space and compared with C, by slider and side by side", async ({ page }) => {
  await openGallery(page);
  await tiles(page).first().focus();
  await page.keyboard.press(" ");
  await page.keyboard.press("ArrowRight");
  await expect(tiles(page).nth(1)).toBeFocused();
  await page.keyboard.press(" ");
  await expect(tiles(page).nth(1)).toHaveAccessibleName(/marked to be compared$/);
  await page.keyboard.press("c");
  await expect(viewer(page)).toHaveAccessibleName("blue_00001_.png against red_00001_.png");
  const slider = viewer(page).getByRole("slider");
  await expect(slider).toHaveAttribute("aria-valuenow", "50");
  await slider.focus();
  await page.keyboard.press("PageUp");
  await expect(slider).toHaveAttribute("aria-valuenow", "60");
  const handle = (await slider.boundingBox())!;
  const area = (await viewer(page).locator(".slid").boundingBox())!;
  await page.mouse.move(handle.x + handle.width / 2, handle.y + 200);
  await page.mouse.down();
  await page.mouse.move(area.x + area.width / 4, handle.y + 200, { steps: 4 });
  await page.mouse.up();
  await expect(slider).toHaveAttribute("aria-valuenow", "25");
  expect(await viewer(page).locator(".over").evaluate((element) => getComputedStyle(element).clipPath)).toContain("75%");
  await viewer(page).getByRole("combobox", { name: "How they are compared" }).selectOption("side");
  await expect(viewer(page).locator(".sides figure")).toHaveCount(2);
  await viewer(page).getByRole("button", { name: "Compare" }).click();
  await expect(viewer(page)).toHaveAccessibleName("blue_00001_.png");
});

test("the workflow behind a result opens in a tab", async ({ page }) => {
  await openGallery(page);
  await tiles(page).nth(1).click();
  await viewer(page).getByRole("button", { name: "Open its workflow" }).click();
  await expect(page.getByRole("tab", { name: "red_00001_" })).toHaveAttribute("aria-selected", "true");
  expect(await page.evaluate(() => [...globalThis.weft.active.value!.graph.nodes.values()].map((node) => node.title))).toEqual(["the red one"]);
});

test("a new result comes to the front", async ({ page, request }) => {
  await openGallery(page);
  await tiles(page).first().focus();
  await make(request, { 1: filled(0x00ff00, 1, 32), 2: saved("green") }, "the green one");
  await page.evaluate(() => (globalThis.weft.endedJobs.value += 1)); // as when a job of this page ends
  await expect(tiles(page).first()).toHaveAccessibleName(/^green_00001_\.png/);
  await expect(found(page)).toHaveText(`${all + 1} results`);
});

test("a picture on a node opens in the same viewer, and the run's results are listed without a reload", async ({ page }) => {
  await openGallery(page);
  await newSeed(page);
  await run(page);
  await expect(picture(page, "7")).toBeVisible({ timeout: 120_000 });
  await idle(page);
  await expect(tiles(page).first()).toHaveAccessibleName(/image by /);
  await expect(found(page)).not.toHaveText(`${all + 1} results`);
  await page.getByRole("button", { name: "Results", exact: true }).click(); // the list lies over the node
  await picture(page, "7").click();
  await expect(viewer(page)).toHaveAccessibleName(/^weft_/);
  await page.keyboard.press("h");
  await expect(viewer(page).getByRole("img", { name: /^Histogram/ })).toBeVisible();
  await viewer(page).getByRole("button", { name: "Close" }).click();
  await expect(viewer(page)).toBeHidden();
});
