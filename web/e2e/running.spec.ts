/** Runs in numbers: batches, again and again, where the time went, and sweeps. */

import { expect, test, type Page } from "@playwright/test";
import { idle, newSeed, openEditor, run, widget } from "./editor_page";

interface Job {
  readonly id: string;
  readonly workflow: { readonly prompt: Record<string, { readonly inputs: Record<string, unknown> }> };
}

/** The prompts that were made, oldest first. */
const prompts = async (page: Page, first: number): Promise<Job["workflow"]["prompt"][]> => {
  const history = (await (await page.request.get("/api/history")).json()) as Record<string, { prompt: [number, string, Job["workflow"]["prompt"]] }>;
  return Object.values(history).map((entry) => entry.prompt).sort((a, b) => a[0] - b[0]).slice(first).map((entry) => entry[2]);
};
const made = async (page: Page): Promise<number> => (await prompts(page, 0)).length;

/** Few steps, and what becomes of the seed. */
const prepare = async (page: Page, control: string): Promise<void> => {
  await newSeed(page);
  await page.evaluate((mode) => globalThis.weft.active.value!.edit("test", [
    { kind: "value", id: "5", name: "steps", value: 2 },
    { kind: "value", id: "5", name: "seed:control_after_generate", value: mode },
  ]), control);
};

test("a batch runs as often as it says, with seeds that move on; the undo takes them back in one step", async ({ page }) => {
  await openEditor(page);
  await prepare(page, "increment");
  const before = await made(page);
  await page.getByLabel("Number of runs").fill("3");
  await page.getByLabel("Number of runs").press("Enter");
  const first = Number(await widget(page, "5", "seed").getByRole("spinbutton").getAttribute("aria-valuenow"));
  await run(page);
  await expect.poll(() => made(page), { timeout: 60_000 }).toBe(before + 3);
  expect((await prompts(page, before)).map((prompt) => prompt["5"]!.inputs.seed)).toEqual([first, first + 1, first + 2]);
  await expect(widget(page, "5", "seed").getByRole("spinbutton")).toHaveAttribute("aria-valuenow", String(first + 3));
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  await expect(widget(page, "5", "seed").getByRole("spinbutton")).toHaveAttribute("aria-valuenow", String(first));
});

test("what would only be repeated is queued once, and the editor says why", async ({ page }) => {
  await openEditor(page);
  await prepare(page, "fixed");
  const before = await made(page);
  await page.getByLabel("Number of runs").fill("4");
  await run(page);
  await expect(page.getByText("nothing differs in a further run")).toBeVisible();
  await idle(page);
  expect(await made(page)).toBe(before + 1);
});

test("waiting runs of a batch are cancelled together", async ({ page }) => {
  await openEditor(page);
  await prepare(page, "randomize");
  await page.request.post("/api/queue", { data: { pause: true } });
  await page.getByLabel("Number of runs").fill("5");
  await run(page);
  await page.getByText("5 waiting, paused").click();
  await page.getByRole("button", { name: "Cancel all that wait" }).click();
  await expect(page.getByText("0 waiting, paused")).toBeVisible();
  await page.getByRole("button", { name: "Go on" }).click();
});

test("a workflow is kept running until someone stops it, and waits where nothing changes", async ({ page }) => {
  await openEditor(page);
  await prepare(page, "increment");
  const before = await made(page);
  const keep = page.getByRole("button", { name: "Keep running" });
  await keep.click();
  await expect(keep).toHaveAttribute("aria-pressed", "true");
  await expect.poll(() => made(page), { timeout: 90_000 }).toBeGreaterThan(before + 2);
  await page.getByRole("contentinfo").getByRole("button", { name: "Stop" }).click();
  await expect(keep).toHaveAttribute("aria-pressed", "false");
  await idle(page);
  const stopped = await made(page);
  const seeds = (await prompts(page, before)).map((prompt) => prompt["5"]!.inputs.seed as number);
  expect(seeds).toEqual(seeds.map((_, index) => seeds[0]! + index));

  await prepare(page, "fixed");
  await keep.click();
  await expect(page.getByText("runs again when something changes")).toBeVisible({ timeout: 60_000 });
  expect(await made(page)).toBe(stopped + 1);
  await newSeed(page);
  await expect.poll(() => made(page), { timeout: 60_000 }).toBe(stopped + 2);
  await keep.click();
  await idle(page);
});

test("what is kept running stops when it fails", async ({ page }) => {
  await openEditor(page);
  await page.evaluate(() => globalThis.weft.active.value!.edit("test", [{ kind: "removeLink", id: 1 }]));
  await page.getByRole("button", { name: "Keep running" }).click();
  await expect(page.getByRole("region", { name: "Problems" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Keep running" })).toHaveAttribute("aria-pressed", "false");
});

test("the times of a run are bars that lead to their nodes; a repeated run is told as cached", async ({ page }) => {
  await openEditor(page);
  await prepare(page, "fixed");
  await page.evaluate(() => globalThis.weft.active.value!.edit("test", [{ kind: "value", id: "5", name: "steps", value: 30 }]));
  await run(page);
  await expect(page.locator('[data-node="7"] .picture img')).toBeVisible({ timeout: 120_000 });
  await idle(page);
  await page.getByRole("button", { name: "Times", exact: true }).click();
  const panel = page.getByRole("region", { name: "Times of a run" });
  const bars = panel.getByRole("list", { name: "Times of the nodes" }).getByRole("button");
  await expect(bars.first()).toContainText("KSampler"); // slowest first
  const first = await bars.allInnerTexts();
  await panel.getByLabel("Order").selectOption("time");
  await expect(bars.last()).toContainText("Save Image");
  expect(await bars.count()).toBe(first.length);
  await page.screenshot({ path: "test-results/times.png" });
  await bars.last().click();
  await expect.poll(() => page.evaluate(() => [...globalThis.weft.active.value!.selection.value])).toEqual(["7"]);

  await run(page);
  await expect(page.getByText("Nothing changed since the last run")).toBeVisible({ timeout: 30_000 });
  await panel.getByRole("button", { name: "Run after" }).click();
  await expect(panel.getByText("Nothing had to run")).toBeVisible();
  await expect(panel.getByRole("list", { name: "From the cache" }).getByRole("button")).toHaveCount(7);
  await panel.getByRole("button", { name: "Close the times" }).click();
  await expect(panel).toHaveCount(0);

  await page.getByRole("button", { name: "Results", exact: true }).click();
  await page.getByRole("group", { name: /^Results/ }).getByRole("button").first().click();
  await page.getByRole("dialog").getByRole("button", { name: "Times" }).click();
  await expect(panel).toBeVisible();
});

test("the camera follows the running node, and a long run's end is told where nobody looks; both are kept", async ({ page, context }) => {
  await context.grantPermissions(["notifications"]);
  await page.addInitScript(() => {
    const told: string[] = [];
    function Told(title: string, { body }: { body: string }): void {
      told.push(`${title}: ${body}`);
    }
    Object.assign(Told, { permission: "granted", requestPermission: () => Promise.resolve("granted") });
    Object.assign(globalThis, { told, Notification: Told });
  });
  const more = page.getByRole("button", { name: "More about runs" });
  await openEditor(page);
  for (const name of ["Follow the running node", "Notify when a long run ends"]) {
    await more.click();
    await page.getByRole("menuitemcheckbox", { name }).click();
  }
  await page.reload();
  await expect(more).toBeVisible();
  for (const name of ["Follow the running node", "Notify when a long run ends"]) {
    await more.click();
    await expect(page.getByRole("menuitemcheckbox", { name })).toHaveAttribute("aria-checked", "true");
    await page.keyboard.press("Escape");
  }
  await page.evaluate(() => globalThis.weft.stage.setCamera({ x: -4000, y: 0, scale: 1 }));
  await prepare(page, "fixed");
  await run(page);
  await expect(page.locator('[data-node="7"]')).toBeInViewport({ timeout: 60_000 });
  await idle(page);

  const told = (): Promise<string[]> => page.evaluate(() => (globalThis as unknown as { told: string[] }).told);
  const pretend = (hidden: boolean, ms: number): Promise<void> => page.evaluate(({ hidden, ms }) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    const active = globalThis.weft.active.value!;
    active.runningNode.value = "5";
    const { now } = Date;
    Date.now = () => now() + ms;
    active.runningNode.value = null;
    Date.now = now;
  }, { hidden, ms });
  await pretend(false, 30_000);
  await pretend(true, 5_000);
  expect(await told()).toEqual([]);
  await pretend(true, 65_000);
  expect(await told()).toEqual(["First picture is done: It took 1 min 5 s."]);
  await page.request.post("/api/settings", { data: { "weft.follow_running_node": false, "weft.notify_of_long_runs": false } });
});

const openSweep = async (page: Page): Promise<import("@playwright/test").Locator> => {
  await page.getByRole("button", { name: "More about runs" }).click();
  await page.getByRole("menuitem", { name: "Sweep values…" }).click();
  return page.getByRole("region", { name: "Sweep" });
};

test("a sweep over two widgets makes a labelled contact sheet to download, and leaves the workflow alone", async ({ page }) => {
  await openEditor(page);
  await prepare(page, "randomize");
  const before = await made(page);
  const workflow = await page.evaluate(() => JSON.stringify(globalThis.weft.active.value!.toWorkflow()));
  const panel = await openSweep(page);
  await expect(panel.getByRole("status")).toContainText("4 runs"); // of a seed, four drawn ones
  await panel.getByLabel("Across").selectOption({ label: "steps" });
  await panel.getByLabel("Values").first().fill("1..99 step 0");
  await expect(panel.getByRole("status")).toContainText("expected a number above 0");
  await expect(panel.getByRole("button", { name: "Start" })).toBeDisabled();
  await panel.getByLabel("Values").first().fill("1..3");
  await panel.getByLabel("Down").selectOption({ label: "text" });
  await panel.getByLabel("Values").nth(1).fill("a yellow star at night\na red moon");
  await expect(panel.getByRole("status")).toContainText("3 × 2 = 6 runs");
  await page.screenshot({ path: "test-results/sweep-form.png" });
  await panel.getByRole("button", { name: "Start" }).click();
  const cells = panel.getByRole("table").getByRole("img");
  await expect.poll(() => cells.count(), { timeout: 60_000 }).toBeGreaterThan(1); // as they come
  const sheet = panel.getByRole("img", { name: /^Contact sheet/ });
  await expect(sheet).toBeVisible({ timeout: 120_000 });
  await expect(panel.getByRole("status")).toContainText("6 of 6 pictures");
  const inputs = (await prompts(page, before)).map((prompt) => [prompt["5"]!.inputs.steps, prompt["2"]!.inputs.text]);
  expect(inputs).toEqual(["a yellow star at night", "a red moon"].flatMap((text) => [1, 2, 3].map((steps) => [steps, text])));
  expect(new Set((await prompts(page, before)).map((prompt) => prompt["5"]!.inputs.seed)).size).toBe(1);
  expect(await page.evaluate(() => JSON.stringify(globalThis.weft.active.value!.toWorkflow()))).toBe(workflow);

  const [download] = await Promise.all([page.waitForEvent("download"), panel.getByRole("button", { name: "Download PNG" }).click()]);
  expect(download.suggestedFilename()).toBe("First picture sweep.png");
  const size = await sheet.evaluate((canvas: HTMLCanvasElement) => {
    const pixels = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height).data;
    const seen = new Set<number>();
    for (let at = 0; at < pixels.length; at += 4 * 97) seen.add((pixels[at]! << 16) | (pixels[at + 1]! << 8) | pixels[at + 2]!);
    return { width: canvas.width, height: canvas.height, colours: seen.size };
  });
  expect(size.width).toBeGreaterThan(3 * 128);
  expect(size.height).toBeGreaterThan(2 * 128);
  expect(size.colours, "there are pictures on it").toBeGreaterThan(200);
  await page.screenshot({ path: "test-results/sweep.png" });
  await panel.getByRole("button", { name: "Pictures" }).click();
  await expect(cells).toHaveCount(6);
});

test("a sweep that is cancelled takes its waiting runs out of the queue, and no others", async ({ page }) => {
  await openEditor(page);
  await prepare(page, "fixed");
  await page.request.post("/api/queue", { data: { pause: true } });
  await run(page);
  await expect(page.getByText("1 waiting, paused")).toBeVisible();
  const panel = await openSweep(page);
  await panel.getByLabel("Across").selectOption({ label: "cfg" });
  await panel.getByLabel("Values").fill("1..8");
  await panel.getByRole("button", { name: "Start" }).click();
  await expect(page.getByText("9 waiting, paused")).toBeVisible({ timeout: 30_000 });
  await panel.getByRole("button", { name: "Cancel the sweep" }).click();
  await expect(page.getByText("1 waiting, paused")).toBeVisible();
  await expect(panel.getByText("cancelled", { exact: true })).toHaveCount(8);
  await page.getByText("1 waiting, paused").click();
  await page.getByRole("button", { name: "Go on" }).click();
  await idle(page);
});
