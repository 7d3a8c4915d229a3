/** Pins, colours, tidy columns, notes, reroutes: by menu and keys. */

import { expect, test, type Page } from "@playwright/test";
import { dragMouse, node, openEditor } from "./editor_page";

const menu = async (page: Page, id: string, item: string): Promise<void> => {
  await node(page, id).locator(".node-title").click({ button: "right" });
  await page.getByRole("menu").locator("button").filter({ hasText: item }).click();
};

test.beforeEach(async ({ page }) => openEditor(page));

test("a pinned node stays where it is", async ({ page }) => {
  await menu(page, "4", "Pin");
  await expect(node(page, "4").getByRole("img", { name: "pinned" })).toBeVisible();
  const box = (await node(page, "4").locator(".node-title").boundingBox())!;
  await dragMouse(page, { x: box.x + 60, y: box.y + 10 }, { x: box.x + 60, y: box.y + 120 });
  await page.keyboard.press("ArrowDown");
  expect(await page.evaluate(() => globalThis.weft.active.value!.graph.node("4").pos)).toEqual([330, 430]);
  await page.keyboard.press("p");
  await page.keyboard.press("ArrowDown");
  expect(await page.evaluate(() => globalThis.weft.active.value!.graph.node("4").pos)).toEqual([330, 440]);
});

test("a colour is shown and written as files have it", async ({ page }) => {
  const shade = (): Promise<string> => node(page, "5").locator(".node-title").evaluate((title) => getComputedStyle(title).backgroundColor);
  const before = await shade();
  await menu(page, "5", "Colour…");
  await page.getByRole("option", { name: "purple" }).click();
  expect(await shade()).not.toBe(before);
  expect(await page.evaluate(() => (globalThis.weft.active.value!.toWorkflow().nodes as { id: number; color?: string }[]).find((entry) => entry.id === 5)!.color)).toBe("#323");
  await page.keyboard.press("Control+z");
  expect(await shade()).toBe(before);
});

test("several nodes are tidied up", async ({ page }) => {
  await page.evaluate(() => {
    const { active } = globalThis.weft;
    active.value!.edit("mess", ["5", "6", "7"].map((id) => ({ kind: "field", id, field: "pos", value: [700, 40] }) as const));
    active.value!.select(["5", "6", "7"]);
  });
  await page.keyboard.press("t");
  const lefts = await page.evaluate(() => ["5", "6", "7"].map((id) => globalThis.weft.active.value!.bounds(id).x));
  expect(lefts[0]).toBeLessThan(lefts[1]!);
  expect(lefts[1]).toBeLessThan(lefts[2]!);
});

test("a note in Markdown is read, written after a double click, and its links can't be scripts", async ({ page }) => {
  await page.mouse.dblclick(120, 700);
  await page.getByPlaceholder("Search nodes…").fill("markdown note");
  await page.keyboard.press("Enter");
  const note = node(page, "8");
  await note.getByRole("textbox").fill("# Steps\n- **first**\n- [second](https://example.org)\n\n[bad](javascript:alert(1)) <img src=x onerror=alert(1)>");
  await page.mouse.click(700, 780);
  await expect(note.getByRole("heading", { name: "Steps" })).toBeVisible();
  await expect(note.getByRole("listitem")).toHaveCount(2);
  await expect(note.getByRole("link")).toHaveCount(1);
  await expect(note.locator("img")).toHaveCount(0);
  await note.getByText("first").dblclick();
  await expect(note.getByRole("textbox")).toBeFocused();
});

test("a reroute is put into a link by the link's menu", async ({ page }) => {
  const middle = await page.evaluate(() => {
    const { active } = globalThis.weft;
    const [from, to] = [active.value!.bounds("6"), active.value!.bounds("7")];
    const { x, y, scale } = active.value!.camera.value;
    const row = active.value!.graph.node("6").pos[1] + active.value!.layout("6").outputs[0]!.y;
    return { x: ((from.x + from.width + to.x) / 2) * scale + x, y: row * scale + y };
  });
  await page.mouse.click(middle.x, middle.y, { button: "right" });
  await page.getByRole("menuitem", { name: "Put a reroute here" }).click();
  expect(await page.evaluate(() => globalThis.weft.active.value!.graph.linkInto("7", "images")?.from)).toBe("8");
  await page.keyboard.press("Control+z");
  expect(await page.evaluate(() => globalThis.weft.active.value!.graph.linkInto("7", "images")?.from)).toBe("6");
});
