/** Everything by keyboard alone: palette, shortcuts of one's own, walking the graph, connecting, outline; the focus stays where it should. */

import { expect, test, type Page } from "@playwright/test";
import { node, openEditor, widget } from "./editor_page";
import { command } from "./panels_table";

const source = (page: Page, id: string, input: string): Promise<string | undefined> =>
  page.evaluate(([id, input]) => globalThis.weft.active.value!.graph.linkInto(id!, input!)?.from, [id, input]);

test.beforeEach(async ({ page }) => {
  await page.request.post("/api/settings", { data: { "weft.keys": null, "weft.theme": null, "weft.canvas.snap": null } });
  await openEditor(page);
});

test("the palette finds a command by few letters, runs it, and offers it first the next time", async ({ page }) => {
  await node(page, "5").focus();
  await page.keyboard.press("Control+Shift+P");
  await page.getByRole("combobox", { name: "Command" }).fill("dupl");
  await expect(page.getByRole("option").first()).toContainText("Duplicate");
  await expect(page.getByRole("option").first()).toContainText("Ctrl+D");
  await page.keyboard.press("Enter");
  await expect(node(page, "8")).toBeVisible();
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("option").first()).toContainText("Duplicate");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("Tab goes through nodes in reading order, Enter inside, Escape out; arrows with Alt follow links", async ({ page }) => {
  await page.locator(".viewport").focus();
  await page.keyboard.press("Tab");
  await expect(node(page, "1")).toBeFocused();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Alt+ArrowRight");
  await expect(node(page, "5")).toBeFocused();
  await page.keyboard.press("Alt+ArrowRight");
  await expect(node(page, "6")).toBeFocused();
  await page.keyboard.press("Alt+ArrowLeft");
  await expect(node(page, "5")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(widget(page, "5", "seed").getByRole("spinbutton")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(node(page, "5")).toBeFocused();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await expect(node(page, "7")).toBeFocused();
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement?.closest(".top-bar") !== null)).toBe(true);
  await page.keyboard.press("Shift+Tab");
  expect(await page.evaluate(() => document.activeElement?.closest(".viewport") !== null)).toBe(true);
});

test("two sockets are connected, and a node is added behind one, without a pointer", async ({ page }) => {
  await page.evaluate(() => globalThis.weft.active.value!.edit("test", [{ kind: "removeLink", id: globalThis.weft.active.value!.graph.linkInto("5", "positive")!.id }]));
  await node(page, "2").focus();
  await page.keyboard.press("c");
  await page.getByRole("option", { name: /^output/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("option", { name: /KSampler.*positive/ }).click();
  expect(await source(page, "5", "positive")).toBe("2");
  await node(page, "5").getByRole("button", { name: /^output/ }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("option", { name: "A new node…" }).click();
  await page.getByPlaceholder("What fits latent…").fill("upscale latent");
  await page.keyboard.press("Enter");
  expect(await source(page, "8", "samples")).toBe("5");
  await expect(node(page, "8")).toBeFocused();
});

test("a dialog keeps Tab inside and gives the focus back; a menu is walked by arrows", async ({ page }) => {
  const save = page.getByRole("button", { name: "Save", exact: true });
  await save.focus();
  await page.keyboard.press("?");
  const dialog = page.getByRole("dialog");
  await expect(dialog).toBeVisible();
  for (let count = 0; count < 4; count++) {
    await page.keyboard.press("Tab");
    expect(await dialog.evaluate((element) => element.contains(document.activeElement))).toBe(true);
  }
  await page.keyboard.press("Escape");
  await expect(save).toBeFocused();
  await node(page, "4").focus();
  await page.keyboard.press("Shift+F10");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("d");
  await expect(page.locator("[role=menuitem]:focus")).toHaveText(/^D/);
  await page.keyboard.press("Escape");
  await expect(node(page, "4")).toBeFocused();
});

test("a shortcut is changed with a notice of the conflict, holds after a reload, and is reset", async ({ page }) => {
  await command(page, "settings.open");
  const dialog = page.getByRole("dialog", { name: "Settings" });
  await dialog.getByRole("searchbox").fill("tidy");
  await dialog.getByRole("button", { name: "Add keys to Tidy up" }).click();
  await page.keyboard.press("f");
  await expect(dialog.getByRole("alert")).toContainText("Show everything");
  await dialog.getByRole("button", { name: "Take it" }).click();
  await expect.poll(async () => ((await (await page.request.get("/api/settings")).json()) as Record<string, Record<string, string[]>>)["weft.keys"]?.["arrange.tidy"]).toEqual(["T", "F"]);
  await openEditor(page);
  await page.evaluate(() => globalThis.weft.active.value!.select(["5", "6", "7"]));
  await page.evaluate(() => globalThis.weft.active.value!.edit("mess", [{ kind: "field", id: "6", field: "pos", value: [700, 40] }]));
  await page.keyboard.press("f");
  expect(await page.evaluate(() => globalThis.weft.active.value!.bounds("6").x > globalThis.weft.active.value!.bounds("5").x)).toBe(true);
  await command(page, "settings.open");
  page.once("dialog", (question) => void question.accept());
  await dialog.getByRole("button", { name: "Reset all" }).click();
  await expect.poll(() => page.evaluate(() => globalThis.weft.commands.keysOf("arrange.tidy"))).toEqual(["T"]);
});

test("settings take effect and hold: theme, shape of links, snapping", async ({ page }) => {
  await command(page, "settings.open");
  const dialog = page.getByRole("dialog", { name: "Settings" });
  await dialog.getByRole("combobox", { name: "Colours" }).selectOption("dark-contrast");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark-contrast");
  await dialog.getByRole("switch", { name: "Snap nodes to the grid" }).click();
  await page.keyboard.press("Escape");
  const title = (await node(page, "4").locator(".node-title").boundingBox())!;
  await page.mouse.move(title.x + 40, title.y + 10);
  await page.mouse.down();
  await page.mouse.move(title.x + 63, title.y + 37, { steps: 4 });
  await page.mouse.up();
  expect(await page.evaluate(() => globalThis.weft.active.value!.graph.node("4").pos.map((place) => place % 10))).toEqual([0, 0]);
  await openEditor(page);
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark-contrast");
  await page.evaluate(() => globalThis.weft.settings.reset(...globalThis.weft.settings.all.value));
  await expect(page.locator("html")).toHaveAttribute("data-theme", "light");
});

test("the outline tells the nodes in order and goes to them", async ({ page }) => {
  await page.keyboard.press("o");
  const tree = page.getByRole("tree");
  await expect(tree.getByRole("treeitem")).toHaveCount(7);
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await expect(node(page, "7")).toBeFocused();
  await expect(tree.getByRole("treeitem", { selected: true })).toHaveCount(1);
  await expect(node(page, "5")).toHaveAccessibleName(/^KSampler, node 5; from .*; to /);
});
