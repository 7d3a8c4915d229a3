/** Prompts while they are written: weights by keys, marks, completions, tokens, undo. */

import { expect, test, type Page } from "@playwright/test";
import { openEditor, widget } from "./editor_page";

const TAGS = `long_hair,0,4000000,"longhair,lh"
long_sleeves,0,1500000,
hatsune_miku_(append),4,9000,"miku_append"`;

const text = (page: Page) => widget(page, "2", "text").getByRole("textbox");
const value = (page: Page) => page.evaluate(() => globalThis.weft.active.value!.graph.node("2").values.text);
const setValue = (page: Page, value: string) => page.evaluate((value) => globalThis.weft.active.value!.edit("test", [{ kind: "value", id: "2", name: "text", value }]), value);

/** Opens the prompt with the keyboard and puts the cursor at its end. */
async function write(page: Page, start = ""): Promise<void> {
  await setValue(page, start);
  await text(page).focus();
  await expect(widget(page, "2", "text").locator(".cm-editor")).toBeVisible();
  await page.keyboard.press("ControlOrMeta+End");
}

test.beforeEach(async ({ page }) => {
  await page.request.post("/api/userdata/tags.csv?overwrite=true", { data: TAGS, headers: { "Content-Type": "text/csv" } });
  await page.route("**/api/embeddings", (route) => route.fulfill({ json: ["bad-hands", "style/paint"] }));
  await openEditor(page);
});

test("the code for it comes when a prompt is opened, not before", async ({ page }) => {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.reload();
  await expect(text(page)).toBeVisible();
  expect(asked.filter((url) => url.includes("prompt_editor"))).toEqual([]);
  await text(page).click();
  await expect(widget(page, "2", "text").locator(".cm-editor")).toBeVisible();
  expect(asked.some((url) => url.includes("prompt_editor"))).toBe(true);
});

test("Ctrl+Up and Ctrl+Down weigh the word, then the brackets, and take them away at 1", async ({ page }) => {
  await write(page, "a red cat");
  await page.keyboard.press("ControlOrMeta+ArrowUp");
  expect(await value(page)).toBe("a red (cat:1.05)");
  await page.keyboard.press("ControlOrMeta+ArrowUp");
  await page.keyboard.press("ControlOrMeta+Alt+ArrowUp");
  expect(await value(page)).toBe("a red (cat:1.11)");
  for (let times = 0; times < 3; times++) await page.keyboard.press("ControlOrMeta+z");
  expect(await value(page)).toBe("a red cat");
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.press("ControlOrMeta+ArrowDown");
  expect(await value(page)).toBe("(a red cat:0.95)");
  await page.keyboard.press("ControlOrMeta+ArrowUp");
  expect(await value(page)).toBe("a red cat");
});

test("weights, choices and embeddings are marked; a bracket without a partner stands out", async ({ page }) => {
  await write(page, "((cat:1.2)) \\(x\\) {a|b} embedding:bad-hands <lora:x:1> (open");
  const marks = (kind: string) => widget(page, "2", "text").locator(`.pt-${kind}`).allTextContents();
  expect(await marks("weight")).toEqual([":1.2"]);
  expect(await marks("escape")).toEqual(["\\(", "\\)"]);
  expect(await marks("choice")).toEqual(["{", "|", "}"]);
  expect(await marks("embedding")).toEqual(["embedding:bad-hands"]);
  expect(await marks("unpaired")).toEqual(["("]);
  await page.keyboard.type(")");
  expect(await marks("unpaired")).toEqual([]);
  expect(await marks("partner")).toEqual(["(", ")"]);
});

test("tags, their other names and embeddings are completed", async ({ page }) => {
  await write(page);
  const list = page.getByRole("listbox", { name: "Completions" });
  await page.keyboard.type("solo, long h");
  await expect(list.getByRole("option")).toHaveText(["long hair4.0M"]);
  await page.keyboard.press("Tab");
  expect(await value(page)).toBe("solo, long hair, ");
  await page.keyboard.type("miku_a");
  await expect(list.getByRole("option")).toHaveText(["miku_append → hatsune miku (append)9k"]);
  await page.keyboard.press("Enter");
  expect(await value(page)).toBe("solo, long hair, hatsune miku \\(append\\), ");
  await page.keyboard.type("embedding:");
  await expect(list.getByRole("option")).toHaveText(["bad-hands", "style/paint"]);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  expect(await value(page)).toMatch(/, embedding:style\/paint$/);
  await widget(page, "2", "text").getByRole("button", { name: "a_b" }).click();
  await page.keyboard.type(" long h");
  await expect(list.getByRole("option")).toHaveText(["long_hair4.0M"]);
  await widget(page, "2", "text").getByRole("button", { name: "a_b" }).click();
});

test("tokens are counted as CLIP counts them", async ({ page }) => {
  const count = widget(page, "2", "text").getByLabel("Tokens");
  await write(page, "a photo of an astronaut riding a horse");
  await expect(count).toHaveText("10 / 77 tokens");
  await setValue(page, "it's Ünïcödé, 日本語 and 12345!!");
  await expect(count).toHaveText("23 / 77 tokens");
  await setValue(page, "(cat:1.2) ".repeat(76));
  await expect(count).toHaveText("80 / 154 tokens");
  await setValue(page, "a {red|blue} cat");
  await expect(count).toHaveText("about 5 / 77 tokens");
});

test("undo goes through words and on through the graph; the text stays in step", async ({ page }) => {
  await write(page);
  await page.evaluate(() => globalThis.weft.active.value!.edit("test", [{ kind: "field", id: "3", field: "title", value: "Renamed" }]));
  await page.keyboard.type("one two");
  expect(await value(page)).toBe("one two");
  await page.keyboard.press("ControlOrMeta+z");
  expect(await value(page)).toBe("one ");
  await expect(text(page)).toHaveText("one ");
  await page.keyboard.press("ControlOrMeta+z");
  expect(await value(page)).toBe("");
  await page.keyboard.press("ControlOrMeta+z");
  expect(await page.evaluate(() => globalThis.weft.active.value!.graph.node("3").title)).not.toBe("Renamed");
  for (let times = 0; times < 3; times++) await page.keyboard.press("ControlOrMeta+Shift+Z");
  await expect(text(page)).toHaveText("one two");
});

test("Escape leaves to the node, Tab goes on, and pasted braces stay text", async ({ page }) => {
  await write(page, "a");
  await page.keyboard.press("Escape");
  await expect(page.locator('[data-node="2"]')).toBeFocused();
  await expect(text(page)).toHaveValue("a");
  await text(page).focus();
  await expect(widget(page, "2", "text").locator(".cm-editor")).toBeVisible();
  await page.keyboard.press("Shift+Tab");
  await expect(widget(page, "2", "text").locator(".cm-editor")).toHaveCount(0);
  await text(page).click();
  await expect(widget(page, "2", "text").locator(".cm-editor")).toBeVisible();
  await page.keyboard.press("ControlOrMeta+a");
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.setData("text/plain", "{x|y}");
    document.activeElement!.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await expect.poll(() => value(page)).toBe("{x|y}");
  expect(await page.evaluate(() => globalThis.weft.documents.value.length)).toBe(1);
});

test("text of an input method arrives whole, and is one step", async ({ page }) => {
  await write(page, "a ");
  const session = await page.context().newCDPSession(page);
  for (const part of ["n", "ね", "ねk", "ねこ"]) await session.send("Input.imeSetComposition", { text: part, selectionStart: part.length, selectionEnd: part.length });
  await session.send("Input.insertText", { text: "猫" });
  await expect.poll(() => value(page)).toBe("a 猫");
  await page.keyboard.press("ControlOrMeta+z");
  expect(await value(page)).toBe("a ");
  await expect(text(page)).toHaveAttribute("spellcheck", "true");
});

test("a list of tags that is dropped on the page is the user's from then on", async ({ page }) => {
  const drop = (name: string, text: string) => page.evaluate(({ name, text }) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], name, { type: "text/csv" }));
    document.querySelector(".viewport")!.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, clientX: 200, clientY: 700 }));
  }, { name, text });
  await drop("mine.csv", "very_own_tag,0,12,\n");
  await expect(page.getByText("One tag of mine.csv completes")).toBeVisible();
  await write(page);
  await page.keyboard.type("very o");
  await expect(page.getByRole("listbox", { name: "Completions" }).getByRole("option")).toHaveText(["very own tag12"]);
  await drop("bad.csv", "no list at all");
  await expect(page.getByText("bad.csv can't become your list of tags")).toBeVisible();
  expect(await (await page.request.get("/api/userdata/tags.csv")).text()).toContain("very_own_tag");
});
