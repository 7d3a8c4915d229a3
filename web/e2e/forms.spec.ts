/** Form view: an author chooses widgets, somebody with a phone uses them at an address of its own. */

import { gzipSync } from "node:zlib";
import { expect, test, type Page } from "@playwright/test";
import { seriousProblems } from "./axe";
import { newSeed, openEditor, widget } from "./editor_page";
import { startServer } from "./own_server";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

const panel = (page: Page) => page.getByRole("complementary", { name: "Form", exact: true });
const undoAll = (page: Page): Promise<void> => page.evaluate(() => {
  const active = globalThis.weft.active.value!;
  while (active.history.canUndo) active.undo();
});
const bytes = (page: Page): Promise<string> => page.evaluate(() => JSON.stringify({ ...globalThis.weft.active.value!.toWorkflow(), extra: globalThis.weft.active.value!.root.raw.extra ?? null }));

async function saveAs(page: Page, name: string): Promise<void> {
  await panel(page).getByRole("button", { name: "Save", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Save the workflow" });
  await dialog.getByRole("textbox").fill(name);
  await dialog.getByRole("button", { name: "Save", exact: true }).click();
  await expect(dialog).toHaveCount(0);
}

test("an author makes a form, and a phone runs it, keeps what was typed and finds its results again", async ({ page, browser, baseURL }) => {
  const name = `Form ${Date.now()}`;
  await openEditor(page);
  const before = await bytes(page);
  await newSeed(page);

  await test.step("choose: suggested fields, a pin, a name, bounds, another order", async () => {
    await page.keyboard.press("Shift+F");
    await panel(page).getByRole("button", { name: "Suggest fields" }).click();
    await expect(panel(page).getByRole("button", { name: /^Settings of/ })).toHaveText([/What to show/, /What to avoid/, /Steps/, /Width/, /Height/, /Seed/, /Model/]);
    const pin = widget(page, "5", "cfg").getByRole("switch", { name: /on the form/ });
    await pin.click();
    await expect(pin).toHaveAttribute("aria-checked", "true");
    await panel(page).getByRole("button", { name: "Settings of Cfg" }).click();
    await panel(page).getByLabel("Name on the form").fill("Strictness");
    await panel(page).getByLabel("At most").fill("9");
    await panel(page).getByLabel("At most").press("Enter");
    const grip = panel(page).getByRole("button", { name: /^Move Strictness/ });
    await grip.focus();
    for (let up = 0; up < 6; up++) await page.keyboard.press("ArrowUp");
    await expect(panel(page).getByRole("button", { name: /^Settings of/ }).nth(2)).toContainText("Strictness");
    expect(await seriousProblems(page, ".forms")).toEqual([]);
  });

  await test.step("undo takes all of it back, redo brings it again", async () => {
    await undoAll(page);
    expect(await bytes(page)).toBe(before);
    await page.evaluate(() => { const active = globalThis.weft.active.value!; while (active.history.canRedo) active.redo(); });
    expect(await bytes(page)).toContain("Strictness");
  });

  await saveAs(page, name);
  const address = await panel(page).getByLabel("Address").inputValue();
  expect(address).toContain("form.html?workflow=");

  const context = await browser.newContext({ ...PHONE, baseURL });
  const phone = await context.newPage();
  const problems: string[] = [];
  phone.on("pageerror", (error) => problems.push(error.message));
  phone.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  const run = phone.getByRole("button", { name: "Run", exact: true });
  const result = phone.getByRole("region", { name: "Results" }).locator(".form-file img");
  const seed = String(Math.floor(Math.random() * 1e9));

  await test.step("fill in on a phone and run to the picture", async () => {
    await phone.goto(address);
    await expect(phone.getByRole("heading", { level: 1 })).toHaveText(name);
    await expect(phone.getByLabel("Seed", { exact: true })).toBeHidden(); // folded
    await phone.getByLabel("What to show").fill("a blue square at night");
    await phone.getByText("More settings").tap();
    await phone.getByLabel("Seed", { exact: true }).fill(seed);
    await phone.getByLabel("Strictness", { exact: true }).and(phone.locator("input[type=text]")).fill("30");
    await phone.getByLabel("Seed", { exact: true }).focus();
    await expect(phone.getByLabel("Strictness", { exact: true }).and(phone.locator("input[type=range]")), "the author's bound").toHaveValue("9");
    expect(await seriousProblems(phone)).toEqual([]);
    const width = await phone.evaluate(() => document.documentElement.scrollWidth);
    expect(width, "nothing is wider than the phone").toBeLessThanOrEqual(390);
    const queued = phone.waitForRequest((request) => request.url().endsWith("/api/prompt") && request.method() === "POST");
    await run.tap();
    const sent = (await queued).postDataJSON() as { prompt: Record<string, { inputs: Record<string, unknown> }>; partial_execution_targets: string[] };
    expect(sent.prompt["2"]!.inputs.text).toBe("a blue square at night");
    expect(sent.prompt["5"]!.inputs).toMatchObject({ seed: Number(seed), cfg: 9 });
    expect(sent.partial_execution_targets).toEqual(["7"]);
    await expect(phone.locator(".form-state")).toContainText(/KSampler \d+ of 20/, { timeout: 120_000 });
    await expect(result).toBeVisible({ timeout: 120_000 });
    await expect.poll(() => result.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(128);
  });

  await test.step("a reload keeps the values and finds the result", async () => {
    const shown = await result.getAttribute("src");
    await phone.reload();
    await expect(result).toHaveAttribute("src", shown!);
    await expect(phone.getByLabel("What to show")).toHaveValue("a blue square at night");
    await phone.getByRole("button", { name: "Start over" }).tap();
    await expect(phone.getByLabel("What to show")).toHaveValue("a yellow star at night");
    await phone.getByRole("button", { name: "Use these values" }).tap();
    await expect(phone.getByLabel("What to show")).toHaveValue("a blue square at night");
  });

  await test.step("a long run is cancelled", async () => {
    await phone.getByText("More settings").tap();
    await phone.getByLabel("Steps", { exact: true }).and(phone.locator("input[type=text]")).fill("50");
    await phone.getByRole("button", { name: "Draw another: Seed" }).tap();
    await run.tap();
    await phone.getByRole("button", { name: "Cancel" }).tap();
    await expect(phone.getByText("This run was cancelled.")).toBeVisible();
  });
  expect(problems).toEqual([]);
  await context.close();
});

test("the page of a form loads little: 60 kB of scripts, and no part that it does not show", async ({ page }) => {
  let bytes = 0;
  const names: string[] = [];
  page.on("response", async (response) => {
    if (response.request().resourceType() !== "script") return;
    names.push(response.url());
    bytes += gzipSync(await response.body(), { level: 9 }).length;
  });
  await page.goto("/form.html?workflow=none");
  await expect(page.getByText('There is no workflow "none"')).toBeVisible();
  expect(bytes / 1000, names.join("\n")).toBeLessThanOrEqual(60);
});

test("a form says what is missing before anybody runs it, and refusals are said at their fields", async ({ page }) => {
  const name = `Missing ${Date.now()}`;
  await openEditor(page);
  const put = async (change: (workflow: { nodes: { id: number; widgets_values: unknown[] }[] }) => void, file: string): Promise<void> => {
    const workflow = (await page.evaluate(() => globalThis.weft.active.value!.toWorkflow())) as unknown as Parameters<typeof change>[0];
    change(workflow);
    const answer = await page.request.put(`/api/weft/workflows/${encodeURIComponent(file)}.json?base=&by=test`, { data: workflow });
    expect(answer.status()).toBe(200);
    await page.goto(`/form.html?${new URLSearchParams({ workflow: file }).toString()}`);
  };
  await put((workflow) => void (workflow.nodes.find((node) => node.id === 1)!.widgets_values = ["gone.safetensors"]), name);
  await expect(page.getByText("This workflow has no form of its own")).toBeVisible();
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect(page.locator(".form-wrong")).toContainText('"gone.safetensors" is not available here');
  await expect(page.getByLabel("Model", { exact: true })).toBeFocused();

  await openEditor(page);
  await put((workflow) => void workflow.nodes.push({ id: 30, type: "TheirNode", pos: [0, 0], size: [10, 10], flags: {}, order: 9, mode: 0, inputs: [], outputs: [], properties: { cnr_id: "their-pack" }, widgets_values: [] } as never), `${name} type`);
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect(page.locator(".form-file img"), "the missing node leads to no chosen result").toBeVisible({ timeout: 120_000 });
  await page.goto("/form.html?workflow=no%20such");
  await expect(page.getByText('There is no workflow "no such" on this server')).toBeVisible();
});

/** Logs in where the page asks for it. */
async function logIn(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

test("on a server with accounts an author publishes a form, somebody else uses it, and it is taken back", async ({ browser }) => {
  const server = await startServer("--multi-user");
  try {
    const author = await (await browser.newContext({ baseURL: server.url })).newPage();
    await author.goto("/");
    await logIn(author, "admin", /with the password (\S+)/.exec(server.said())?.[1] ?? "");
    await expect.poll(() => author.evaluate(() => globalThis.weft?.socket.connection.value)).toBe("open");
    const password = "correct horse battery";
    expect((await author.request.post("/api/users", { data: { username: "bert", password }, headers: { Origin: server.url } })).status()).toBe(200);
    await author.keyboard.press("Shift+F");
    await panel(author).getByRole("button", { name: "Suggest fields" }).click();
    await saveAs(author, "Mine");
    await panel(author).getByRole("button", { name: "Publish the form" }).click();
    const address = await panel(author).getByLabel("Address for others").inputValue();

    const reader = await (await browser.newContext({ ...PHONE, baseURL: server.url })).newPage();
    await reader.goto(address);
    await logIn(reader, "bert", password);
    await expect(reader).toHaveURL(address);
    await expect(reader.getByRole("heading", { level: 1 })).toHaveText("Mine");
    await reader.getByLabel("What to show").fill("a red circle");
    await reader.goto("/form.html?workflow=Mine");
    await expect(reader.getByText('There is no workflow "Mine"'), "what is not published stays the author's").toBeVisible();

    await panel(author).getByLabel("Title").fill("A better name");
    await expect(panel(author).getByText("older than what is saved")).toBeVisible();
    await panel(author).getByRole("button", { name: "Publish what is saved now" }).click();
    await expect(panel(author).getByText("older than what is saved")).toHaveCount(0);
    await reader.goto(address);
    await expect(reader.getByRole("heading", { level: 1 })).toHaveText("A better name");
    await expect(reader.getByLabel("What to show"), "what was typed is kept").toHaveValue("a red circle");

    author.on("dialog", (dialog) => void dialog.accept());
    await panel(author).getByRole("button", { name: "Take it back" }).click();
    await expect(panel(author).getByLabel("Address for others")).toHaveCount(0);
    await reader.reload();
    await expect(reader.getByText("There is no such form on this server")).toBeVisible();
  } finally {
    server.stop();
  }
});
