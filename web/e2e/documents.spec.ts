/** Saved work: nobody overwrites what he has not seen, every version comes back, and so does what was deleted or never saved. */

import { expect, test, type Page } from "@playwright/test";
import { openEditor, widget } from "./editor_page";

const text = (page: Page) => widget(page, "2", "text").getByRole("textbox");
const toast = (page: Page, says: string | RegExp) => page.locator(".toast").filter({ hasText: says });
const dialog = (page: Page, name: string | RegExp) => page.getByRole("dialog", { name });

async function write(page: Page, words: string): Promise<void> {
  await text(page).fill(words);
  await text(page).blur();
}

async function saveAs(page: Page, name: string): Promise<void> {
  await page.keyboard.press("ControlOrMeta+Shift+S");
  await page.getByRole("textbox", { name: "Name", exact: true }).fill(name);
  await page.keyboard.press("Enter");
  await expect(toast(page, `Saved as ${name}.json`).first()).toBeVisible();
}

async function save(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Save", exact: true }).click();
}

async function open(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: "Open", exact: true }).click();
  await page.getByRole("button", { name, exact: true }).click();
  await expect(page.getByRole("tab", { name, selected: true })).toBeVisible();
}

/** The prompt texts of all versions on the server, oldest first. */
async function savedTexts(page: Page, name: string): Promise<string[]> {
  const path = `/api/weft/workflows/${encodeURIComponent(`${name}.json`)}`;
  const { versions } = (await (await page.request.get(`${path}/versions`)).json()) as { versions: { version: number }[] };
  const texts: string[] = [];
  for (const { version } of [...versions].reverse()) {
    const found = (await (await page.request.get(`${path}/versions/${version}`)).json()) as { nodes: { id: number; widgets_values: string[] }[] };
    texts.push(found.nodes.find((node) => node.id === 2)!.widgets_values[0]!);
  }
  return texts;
}

/** One saved workflow, open in two tabs, changed and saved in the second one, then changed in the first one. */
async function twoTabs(page: Page, name: string): Promise<Page> {
  await openEditor(page);
  await write(page, "both began with this");
  await saveAs(page, name);
  const other = await page.context().newPage();
  await openEditor(other);
  await open(other, name);
  await write(other, "theirs");
  await save(other);
  await expect(toast(other, `Saved as ${name}.json`).first()).toBeVisible();
  await page.bringToFront();
  await write(page, "mine");
  await save(page);
  return other;
}

test("a save over what another tab saved shows both; mine on top keeps theirs as a version", async ({ page }) => {
  await twoTabs(page, "conflict-mine");
  const asks = dialog(page, "conflict-mine was changed by someone else");
  await expect(asks.getByRole("region", { name: "Mine" })).toContainText("“both began with this” → “mine”");
  await expect(asks.getByRole("region", { name: "Theirs" })).toContainText("“both began with this” → “theirs”");
  await expect(asks.getByRole("region", { name: "Theirs" })).toContainText("in another tab");
  expect(await savedTexts(page, "conflict-mine")).toEqual(["both began with this", "theirs"]);
  await page.keyboard.press("Escape");
  await expect(page.getByLabel("has changes that are not saved")).toBeVisible();
  await save(page);
  await asks.getByRole("button", { name: "Keep mine" }).click();
  await expect(toast(page, "Saved as conflict-mine.json").first()).toBeVisible();
  expect(await savedTexts(page, "conflict-mine")).toEqual(["both began with this", "theirs", "mine"]);
  await expect(page.getByLabel("has changes that are not saved")).toHaveCount(0);
});

test("taking theirs keeps mine as a version", async ({ page }) => {
  await twoTabs(page, "conflict-theirs");
  await dialog(page, /changed by someone else/).getByRole("button", { name: "Take theirs" }).click();
  await expect(text(page)).toHaveValue("theirs");
  await expect(page.getByRole("tab", { name: "conflict-theirs" })).toHaveCount(1);
  expect(await savedTexts(page, "conflict-theirs")).toEqual(["both began with this", "theirs", "mine", "theirs"]);
  await write(page, "further");
  await save(page);
  await expect.poll(() => savedTexts(page, "conflict-theirs")).toHaveLength(5);
});

test("mine goes under another name, and a name that is taken is not overwritten either", async ({ page }) => {
  await twoTabs(page, "conflict-name");
  const asks = dialog(page, /changed by someone else/);
  await asks.getByRole("textbox", { name: "Another name" }).fill("conflict-mine-apart");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("tab", { name: "conflict-mine-apart" })).toBeVisible();
  expect(await savedTexts(page, "conflict-name")).toEqual(["both began with this", "theirs"]);
  expect(await savedTexts(page, "conflict-mine-apart")).toEqual(["mine"]);
  await page.keyboard.press("ControlOrMeta+Shift+S");
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("conflict-name");
  await page.keyboard.press("Enter");
  await dialog(page, "conflict-name is there already").getByRole("button", { name: "Open that one instead" }).click();
  await expect(text(page)).toHaveValue("theirs");
  await expect(page.getByRole("tab", { name: "conflict-mine-apart" })).toBeVisible();
});

test("an old version is looked at, opened and restored, with the keyboard", async ({ page }) => {
  await openEditor(page);
  await write(page, "first");
  await saveAs(page, "versions");
  for (const words of ["second", "third"]) {
    await write(page, words);
    await save(page);
    await expect.poll(async () => (await savedTexts(page, "versions")).at(-1)).toBe(words);
  }
  await page.keyboard.press("h");
  const shown = dialog(page, "Versions of versions");
  await expect(shown.getByRole("option")).toHaveCount(3);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await expect(shown.getByRole("region", { name: "Version 1" })).toContainText("“first” → “third”");
  await shown.getByRole("button", { name: "Open in a new tab" }).click();
  await expect(text(page)).toHaveValue("first");
  await page.getByRole("tab", { name: "versions", exact: true }).click();
  await write(page, "not saved yet");
  await page.getByRole("button", { name: "Versions", exact: true }).click();
  await shown.getByRole("option").last().click();
  await shown.getByRole("button", { name: "Restore" }).click();
  await expect(text(page)).toHaveValue("first");
  await expect.poll(() => savedTexts(page, "versions")).toEqual(["first", "second", "third", "not saved yet", "first"]);
});

test("what was deleted comes back from the trash with its versions", async ({ page }) => {
  await openEditor(page);
  await write(page, "one");
  await saveAs(page, "deleted");
  await write(page, "two");
  await save(page);
  await expect.poll(async () => (await savedTexts(page, "deleted")).length).toBe(2);
  page.on("dialog", (asked) => void asked.accept());
  await page.getByRole("button", { name: "Open", exact: true }).click();
  await page.getByRole("button", { name: "Delete deleted" }).click();
  await expect(toast(page, "deleted is in the trash").first()).toBeVisible();
  await expect(page.getByRole("button", { name: "deleted", exact: true })).toHaveCount(0);
  await page.keyboard.press("Escape");
  await write(page, "three");
  await save(page);
  await expect(dialog(page, "deleted was deleted or renamed")).toBeVisible();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Open", exact: true }).click();
  await page.getByRole("button", { name: "Trash", exact: true }).click();
  await dialog(page, "Deleted workflows").getByRole("button", { name: "Restore deleted" }).click();
  await expect.poll(() => savedTexts(page, "deleted")).toEqual(["one", "two"]);
});

test("unsaved work of a browser that is gone is offered by the server", async ({ browser, page }) => {
  await openEditor(page);
  const words = "never saved anywhere";
  const stored = page.waitForResponse((response) => response.url().includes("/weft/drafts/") && response.request().method() === "PUT" && response.ok());
  await write(page, words);
  await page.evaluate(() => (globalThis.weft.active.value!.name.value = "a lost thought"));
  await stored;
  await expect.poll(async () => ((await (await page.request.get("/api/weft/drafts")).json()) as { name: string }[]).map((draft) => draft.name)).toContain("a lost thought");
  const crash = await page.context().newCDPSession(page);
  void crash.send("Page.crash").catch(() => undefined);
  await page.context().close();

  const fresh = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  await openEditor(fresh);
  await expect(text(fresh)).not.toHaveValue(words);
  await fresh.getByRole("button", { name: /Unsaved work was found/ }).click();
  await dialog(fresh, "Unsaved work").getByRole("button", { name: "Open a lost thought" }).click();
  await fresh.keyboard.press("Escape");
  await expect(text(fresh)).toHaveValue(words);
  await expect(fresh.getByRole("tab", { name: "a lost thought" }).getByLabel("has changes that are not saved")).toBeVisible();
  await saveAs(fresh, "found-again");
  await expect.poll(async () => ((await (await fresh.request.get("/api/weft/drafts")).json()) as { name: string }[]).filter((draft) => /lost|found/.test(draft.name))).toEqual([]);
  await fresh.context().close();
});

test("saving again while a save is under way is no conflict with oneself", async ({ page }) => {
  await openEditor(page);
  await write(page, "first");
  await saveAs(page, "hasty");
  await page.route("**/weft/workflows/**", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    await route.continue();
  });
  for (const words of ["second", "third"]) {
    await write(page, words);
    await save(page);
  }
  await expect.poll(() => savedTexts(page, "hasty")).toEqual(["first", "second", "third"]);
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("coming back to a tab says that someone else saved its workflow, and shows it on demand", async ({ page }) => {
  await openEditor(page);
  await write(page, "old");
  await saveAs(page, "elsewhere");
  const path = "/api/weft/workflows/elsewhere.json";
  const content = await (await page.request.get(path)).text();
  await page.request.put(`${path}?base=*`, { data: content.replace("\"old\"", "\"new\"") });
  await page.evaluate(() => dispatchEvent(new Event("focus")));
  await toast(page, "elsewhere was saved by someone else meanwhile.").getByRole("button", { name: "Show it" }).click();
  await expect(text(page)).toHaveValue("new");
  await write(page, "mine on top");
  await save(page);
  await expect.poll(() => savedTexts(page, "elsewhere")).toEqual(["old", "new", "mine on top"]);
});
