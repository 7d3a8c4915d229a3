/** Subgraphs by mouse and keyboard: made, run, entered, changed, undone, saved, published. */

import { expect, test, type Page } from "@playwright/test";
import { dragMouse, idle, newSeed, node, openEditor, picture, run, socketAt, widget } from "./editor_page";

const title = (page: Page, id: string) => node(page, id).locator(".node-title");
const level = (page: Page): Promise<readonly string[]> => page.evaluate(() => globalThis.weft.active.value!.path.value);
const file = (page: Page): Promise<string> => page.evaluate(() => {
  const written = globalThis.weft.active.value!.toWorkflow() as { extra: { ds?: unknown } };
  delete written.extra.ds; // where the camera is, is no edit
  return JSON.stringify(written);
});

/** Makes a subgraph of sampler and decoder by keys; returns its node. */
async function pack(page: Page, ids: readonly string[] = ["5", "6"]): Promise<string> {
  await page.evaluate((ids) => globalThis.weft.active.value!.select(ids), ids);
  await page.locator("body").press("Control+Shift+G");
  await expect.poll(() => page.evaluate(() => [...globalThis.weft.active.value!.graph.nodes.values()].some((entry) => globalThis.weft.active.value!.graph.subgraphs.has(entry.type)))).toBe(true);
  return page.evaluate(() => [...globalThis.weft.active.value!.selection.value][0]!);
}

/** Answers the next question of the page. */
const answer = (page: Page, text: string): void => void page.once("dialog", (dialog) => void dialog.accept(text));

test.beforeEach(async ({ page }) => openEditor(page));

test("made, run, entered, changed, left, run again, undone, saved and opened again", async ({ page }) => {
  await newSeed(page);
  const before = await file(page);
  const id = await pack(page);
  await expect(node(page, id)).toContainText("latent image");
  await run(page);
  await expect(picture(page, "7")).toBeVisible({ timeout: 120_000 });
  await idle(page);
  const first = await picture(page, "7").getAttribute("src");

  await title(page, id).dblclick();
  expect(await level(page)).toEqual([id]);
  await expect(page.getByRole("navigation", { name: "Levels" })).toContainText("Subgraph");
  await expect(node(page, "-10")).toContainText("positive");
  await expect(node(page, "-20")).toContainText("IMAGE");
  await expect(node(page, "5")).toHaveClass(/phase-done/);
  await widget(page, "5", "steps").getByRole("spinbutton").click();
  await page.keyboard.type("7");
  await page.keyboard.press("Enter");
  await page.locator("body").press("Escape");
  await page.locator("body").press("Escape");
  expect(await level(page)).toEqual([]);

  await run(page);
  await expect(picture(page, "7")).not.toHaveAttribute("src", first!, { timeout: 120_000 });
  await idle(page);

  const name = `subgraph ${Date.now()}`;
  await page.keyboard.press("Control+s");
  await page.getByRole("textbox", { name: "Name", exact: true }).fill(name);
  await page.keyboard.press("Enter");
  await expect(page.getByText(`Saved as ${name}.json`)).toBeVisible();
  const saved = await file(page);
  await page.getByRole("button", { name: "New workflow" }).click();
  await page.getByRole("button", { name: `Close ${name}` }).click();
  await page.keyboard.press("Control+o");
  await page.getByRole("button", { name, exact: true }).click();
  await expect(node(page, id)).toBeVisible();
  expect(await file(page)).toBe(saved);

  await page.evaluate((text) => globalThis.weft.openText(text, "again"), before);
  const second = await pack(page);
  await title(page, second).dblclick();
  await page.locator("body").press("Control+a");
  await page.locator("body").press("Control+Shift+G");
  await page.locator("body").press("Control+z");
  expect(await level(page)).toEqual([second]);
  await page.locator("body").press("Control+z");
  expect(await level(page)).toEqual([]);
  expect(await file(page)).toBe(before);
});

test("a run shows on the subgraph and, inside it, on its node; an error inside has a way to it", async ({ page }) => {
  const id = await pack(page);
  await page.evaluate((id) => globalThis.weft.active.value!.enter(id), id);
  await page.evaluate(() => globalThis.weft.active.value!.edit("test", [{ kind: "value", id: "5", name: "steps", value: 600 }]));
  await run(page);
  await expect(node(page, "5")).toHaveClass(/phase-running/, { timeout: 60_000 });
  await expect(node(page, "5").locator("img.preview")).toBeVisible({ timeout: 60_000 });
  await page.getByRole("button", { name: "Leave", exact: true }).click();
  await expect(node(page, id)).toHaveClass(/phase-running/);
  await expect(node(page, id).getByRole("progressbar")).toBeVisible();
  await page.getByRole("button", { name: "Cancel" }).click();
  await idle(page);

  await page.evaluate((id) => {
    const { active } = globalThis.weft;
    active.value!.enter(id);
    active.value!.edit("test", [{ kind: "value", id: "5", name: "sampler_name", value: "no_such_sampler" }]);
    active.value!.leave();
  }, id);
  await run(page);
  await expect(node(page, id).getByRole("alert")).toContainText("KSampler: sampler name is set to something that is not available");
  await node(page, id).getByRole("button", { name: "Show the node inside" }).click();
  expect(await level(page)).toEqual([id]);
  await expect(node(page, "5").getByRole("alert")).toContainText("sampler name");
});

test("inputs, outputs and widgets: by links to the border, by its menu, by the widget's menu", async ({ page }) => {
  const id = await pack(page);
  await page.getByRole("button", { name: "Open the subgraph Subgraph" }).click();
  await dragMouse(page, await socketAt(page, "5", { slot: 0 }), await socketAt(page, "-20", { input: "+" }), 12);
  await expect(node(page, "-20").getByRole("button", { name: /^input LATENT/ })).toBeVisible();
  answer(page, "noisy");
  const port = await socketAt(page, "-20", { input: "1" });
  await page.mouse.click(port.x, port.y, { button: "right" });
  await page.getByRole("menuitem", { name: "Rename the output…" }).click();
  await expect(node(page, "-20")).toContainText("noisy");
  const renamed = await socketAt(page, "-20", { input: "1" });
  await page.mouse.click(renamed.x, renamed.y, { button: "right" });
  await page.getByRole("menuitem", { name: "Move up" }).click();

  await widget(page, "5", "steps").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Show steps on the subgraph" }).click();
  await page.locator("body").press("Escape");
  await page.locator("body").press("Escape");
  expect(await level(page)).toEqual([]);
  expect(await page.evaluate((id) => globalThis.weft.active.value!.graph.node(id).outputs.map((socket) => socket.label ?? socket.name), id)).toEqual(["noisy", "IMAGE"]);
  await widget(page, id, "5: steps").getByRole("spinbutton").click();
  await page.keyboard.type("9");
  await page.keyboard.press("Enter");
  await node(page, id).locator(".node-title").dblclick();
  await expect(widget(page, "5", "steps")).toContainText("9");
  await page.getByRole("navigation", { name: "Levels" }).getByRole("button", { name: "First picture" }).click();
  await widget(page, id, "5: steps").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Hide steps here" }).click();
  await expect(widget(page, id, "5: steps")).toHaveCount(0);
});

test("published, found by the search, put into another workflow; never into itself", async ({ page }) => {
  const id = await pack(page);
  const name = `Sampling ${Date.now()}`;
  answer(page, name);
  await title(page, id).click({ button: "right" });
  await page.getByRole("menuitem", { name: "Publish to the library…" }).click();
  await expect(page.getByText(`${name} is in the library`)).toBeVisible();
  await page.getByRole("button", { name: "New workflow" }).click();
  await page.mouse.dblclick(120, 700);
  await page.getByPlaceholder("Search nodes…").fill(name);
  await page.keyboard.press("Enter");
  await expect(node(page, "8")).toContainText("latent image");
  await page.reload();
  await expect(node(page, "8")).toContainText("latent image");

  await page.evaluate(() => globalThis.weft.active.value!.enter("8"));
  await page.mouse.dblclick(120, 700);
  await page.getByPlaceholder("Search nodes…").fill("Subgraph");
  await page.getByRole("option", { name: /^Subgraph/ }).first().click();
  await expect(page.getByText("can't be put into itself")).toBeVisible();
});

test("copied to another workflow and unpacked there", async ({ page }) => {
  const id = await pack(page);
  await title(page, id).click();
  await page.locator("body").press("Control+c");
  await page.getByRole("button", { name: "New workflow" }).click();
  await page.mouse.move(300, 760);
  await page.locator("body").press("Control+v");
  await expect(node(page, "8")).toContainText("Subgraph");
  await title(page, "8").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Unpack the subgraph" }).click();
  await expect.poll(() => page.evaluate(() => globalThis.weft.active.value!.graph.nodes.size)).toBe(9);
});

test("a damaged file opens with a notice", async ({ page }) => {
  await pack(page);
  await page.evaluate(() => {
    const written = globalThis.weft.active.value!.toWorkflow();
    delete written.definitions;
    globalThis.weft.openText(JSON.stringify(written), "damaged");
  });
  await expect(page.getByText("is a subgraph that the file does not define")).toBeVisible();
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });

  test("a subgraph is opened and left by touch", async ({ page }) => {
    const id = await pack(page);
    await page.evaluate((id) => globalThis.weft.stage.fit([id]), id);
    await page.getByRole("button", { name: "Open the subgraph Subgraph" }).tap();
    expect(await level(page)).toEqual([id]);
    await page.getByRole("button", { name: "Leave", exact: true }).tap();
    expect(await level(page)).toEqual([]);
    await page.getByRole("button", { name: "Open the subgraph Subgraph" }).tap();
    await page.getByRole("navigation", { name: "Levels" }).getByRole("button", { name: "First picture" }).tap();
    expect(await level(page)).toEqual([]);
  });
});

test("Enter opens the selected subgraph, and still presses a button that has the focus", async ({ page }) => {
  const id = await pack(page);
  await node(page, id).focus();
  await page.keyboard.press("Enter");
  expect(await level(page)).toEqual([id]);
  await page.getByRole("button", { name: "Leave", exact: true }).focus();
  await page.keyboard.press("Enter");
  expect(await level(page)).toEqual([]);
  await page.getByRole("button", { name: "Help" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toBeVisible();
});
