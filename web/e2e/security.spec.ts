/** What others wrote is text, whatever it holds (threat family 4); the policy is kept in normal use; the login works. */

import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test, type Page } from "@playwright/test";
import { idle, newSeed, node, openEditor, picture, run } from "./editor_page";

declare global {
  var __pwned: string | undefined;
  var __violations: string[];
}

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const TOKEN = "a token for this test only";

/** Each would set the canary, wherever it was written as markup, an address, or code; `at` says where that was. */
const script = (at: string): string =>
  `"'></textarea></title></script><img src=x onerror="window.__pwned='${at}'"><svg onload=window.__pwned='${at}'><script>window.__pwned='${at}'</script>{{constructor}}`;

/** Notes what the policy forbids: markup that came through and was stopped by it only is no text either. */
async function watch(page: Page): Promise<string[]> {
  const said: string[] = [];
  page.on("dialog", (dialog) => (said.push(`dialog ${dialog.message()}`), void dialog.dismiss()));
  page.on("console", (message) => /Content.Security.Policy/i.test(message.text()) && said.push(message.text()));
  page.on("request", (request) => new URL(request.url()).pathname.endsWith("/x") && said.push(request.url()));
  await page.addInitScript(() => {
    globalThis.__violations = [];
    document.addEventListener("securitypolicyviolation", (event) => globalThis.__violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  return said;
}

async function nothingRan(page: Page, said: string[]): Promise<void> {
  expect(await page.evaluate(() => globalThis.__pwned)).toBeUndefined();
  expect(await page.evaluate(() => globalThis.__violations)).toEqual([]);
  expect(await page.locator("img[onerror], svg[onload], iframe, a[href^='javascript:']").count()).toBe(0);
  expect(said).toEqual([]);
}

test("normal use violates no policy", async ({ page }) => {
  const said = await watch(page);
  // a server that is told of another front end leaves its policy to that
  if (!process.env.WEFT_FRONT_END) expect((await page.request.get("/")).headers()["content-security-policy"]).toContain("script-src 'self';");
  await openEditor(page);
  await newSeed(page);
  await run(page);
  await expect(picture(page, "7")).toBeVisible({ timeout: 120_000 });
  await idle(page);
  for (const key of ["Space", "Escape", "?", "Escape", "q", "Escape", "g", "Escape", "w", "Escape"]) await page.keyboard.press(key);
  await page.reload();
  await openEditor(page);
  await nothingRan(page, said);
});

test("names, descriptions and lists that packs and folders bring are text", async ({ page }) => {
  const said = await watch(page);
  await page.route(/\/object_info$/, async (route) => {
    const response = await route.fetch();
    const types = (await response.json()) as Record<string, { input: { required: Record<string, [string[], ...unknown[]]> } }>;
    for (const name of ["KSampler", "SaveImage", "CheckpointLoaderSimple", "LoadImage"]) {
      Object.assign(types[name]!, { display_name: script("display name"), description: script("description"), category: script("category"), output_tooltips: [script("output")] });
    }
    types.CheckpointLoaderSimple!.input.required.ckpt_name![0].unshift(script("model name"));
    types.LoadImage!.input.required.image![0] = [script("file name")];
    types[script("type")] = Object.assign({}, types.KSampler!, { name: script("type"), display_name: script("display name of a type") });
    await route.fulfill({ response, json: types });
  });
  const trouble = { summary: script("summary"), advice: script("advice"), traceback: script("traceback") };
  const pack = { name: script("pack"), path: script("path"), state: "failed", node_types: [], seconds: 0, has_web: false, troubles: [trouble] };
  await page.route("**/weft/packs", (route) => route.fulfill({ json: { loaded: true, packs: [pack] } }));
  await openEditor(page);
  await page.locator(".pack-notice").first().click();
  await expect(page.getByRole("dialog")).toContainText("window.__pwned='summary'");
  await page.keyboard.press("Escape");
  await page.evaluate(({ type, model }) => {
    const blank = { size: [300, 300], flags: {}, mode: 0, inputs: [], outputs: [], properties: {} };
    const nodes = [
      { ...blank, id: 1, type, pos: [0, 0], order: 0, widgets_values: [] },
      { ...blank, id: 2, type: "CheckpointLoaderSimple", pos: [350, 0], order: 1, widgets_values: [model] },
      { ...blank, id: 3, type: "LoadImage", pos: [700, 0], order: 2, widgets_values: [model, "image"] },
    ];
    globalThis.weft.open({ nodes, links: [], version: 0.4 }, "brought");
    globalThis.weft.stage.fit();
  }, { type: script("type"), model: script("model name") });
  await expect(node(page, "1")).toContainText("window.__pwned='display name of a type'");
  await node(page, "2").locator("[data-widget='ckpt_name']").click();
  await page.keyboard.press("Escape");
  await node(page, "1").locator(".node-title").hover();
  await page.keyboard.press("Space");
  await page.keyboard.type("pwned");
  await page.waitForTimeout(300);
  await nothingRan(page, said);
});

test("workflows, notes, titles and widgets of strangers are text", async ({ page }) => {
  const said = await watch(page);
  await openEditor(page);
  const text = script("workflow");
  const blank = { size: [300, 200], flags: {}, mode: 0, properties: { [text]: text, cnr_id: text, "Node name for S&R": text } };
  const nodes = [
    { ...blank, id: 1, type: "Note", title: text, pos: [0, 0], order: 0, inputs: [], outputs: [], widgets_values: [text], color: "red;background:url(/x)", bgcolor: text },
    { ...blank, id: 2, type: "MarkdownNote", pos: [350, 0], order: 1, inputs: [], outputs: [], widgets_values: [`[a](javascript:window.__pwned='link') ![](/x) ${text}`] },
    { ...blank, id: 3, type: text, title: text, pos: [700, 0], order: 2, inputs: [{ name: text, label: text, type: text, link: null }], outputs: [{ name: text, label: text, type: text, links: [] }], widgets_values: [text] },
    { ...blank, id: 4, type: "CLIPTextEncode", title: text, pos: [1050, 0], order: 3, inputs: [], outputs: [], widgets_values: [text] },
  ];
  const workflow = { nodes, links: [], groups: [{ title: text, bounding: [0, -100, 800, 400], color: text }], version: 0.4, extra: { info: text }, config: {} };
  await page.evaluate(({ workflow, text }) => {
    globalThis.weft.open(workflow, text);
    globalThis.weft.stage.fit();
    globalThis.weft.ui.tell(text, "error");
  }, { workflow, text });
  await expect(node(page, "1")).toContainText("window.__pwned='workflow'");
  await expect(page.getByRole("tab", { name: text })).toBeVisible();
  await page.evaluate(() => globalThis.weft.stage.fit(["4"]));
  await expect(node(page, "4").getByRole("textbox")).toHaveValue(text);
  await nothingRan(page, said);
  await page.reload(); // and what was kept as a draft
  await expect(page.getByRole("tab", { name: text })).toBeVisible();
  await nothingRan(page, said);
});

test("files, their names, their metadata and what goes wrong with them are text", async ({ page }) => {
  const said = await watch(page);
  await openEditor(page);
  const name = "<img src=x onerror=window.__pwned='file'>.png".replaceAll("/", "");
  const upload = await page.request.post("/upload/image", { multipart: { image: { name, mimeType: "image/png", buffer: Buffer.from(script("content")) }, overwrite: "true" } });
  expect(upload.status()).toBe(200);
  const stored = ((await upload.json()) as { name: string }).name;
  const blank = { size: [300, 300], flags: {}, mode: 0, properties: {} };
  await page.evaluate(({ blank, stored }) => {
    const nodes = [
      { ...blank, id: 1, type: "LoadImage", pos: [0, 0], order: 0, inputs: [], outputs: [{ name: "IMAGE", type: "IMAGE", links: [1] }], widgets_values: [stored, "image"] },
      { ...blank, id: 2, type: "PreviewImage", pos: [400, 0], order: 1, inputs: [{ name: "images", type: "IMAGE", link: 1 }], outputs: [], widgets_values: [] },
    ];
    globalThis.weft.open({ nodes, links: [[1, 1, 0, 2, 0, "IMAGE"]], version: 0.4 }, "broken");
    globalThis.weft.stage.fit();
  }, { blank, stored });
  await run(page);
  await idle(page);
  await expect(page.locator("body")).toContainText("onerror=window.__pwned='file'");
  await nothingRan(page, said);
  // a file of any name that holds no workflow is refused in words that hold its name
  await page.evaluate((text) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["{}"], `${text}.json`, { type: "application/json" }));
    document.querySelector(".viewport")!.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, clientX: 200, clientY: 700 }));
  }, script("dropped"));
  await page.waitForTimeout(300);
  await nothingRan(page, said);
});

test("results whose names hold markup are shown by the queue and the gallery as text", async ({ page }) => {
  const said = await watch(page);
  await openEditor(page);
  await page.evaluate(() => globalThis.weft.active.value!.edit("t", [{ kind: "value", id: "7", name: "filename_prefix", value: "<img src=x onerror=window.__pwned=1>" }]));
  await newSeed(page);
  await run(page);
  await expect(picture(page, "7")).toBeVisible({ timeout: 120_000 });
  await idle(page);
  await page.evaluate(() => { globalThis.weft.ui.showsGallery.value = true; });
  await page.waitForTimeout(800);
  await nothingRan(page, said);
});

test("a picture that is also a page, opened by its address, downloads or shows as a picture", async ({ page }) => {
  const both = Buffer.concat([Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64"), Buffer.from("<html><script>window.__pwned='polyglot';document.title='pwned'</script>")]);
  const said = await watch(page);
  for (const name of ["both.html", "both.svg", "both.xhtml", "both.xml", "both.js", "both.pdf"]) {
    await page.request.post("/upload/image", { multipart: { image: { name, mimeType: "text/html", buffer: both }, overwrite: "true" } });
    const download = page.waitForEvent("download");
    await page.goto(`/view?filename=${name}&type=input`).catch((error: Error) => expect(error.message).toMatch(/Download is starting|ERR_ABORTED/));
    expect((await download).suggestedFilename()).toBe(name);
  }
  await page.request.post("/upload/image", { multipart: { image: { name: "both.png", mimeType: "text/html", buffer: both }, overwrite: "true" } });
  await page.goto("/view?filename=both.png&type=input");
  expect(await page.evaluate(() => [document.contentType, globalThis.__pwned, document.title === "pwned"])).toEqual(["image/png", undefined, false]);
  await openEditor(page); // <img> works
  expect(await page.evaluate(async () => { const image = new Image(); image.src = "/view?filename=both.png&type=input"; await image.decode(); return image.naturalWidth; })).toBe(1);
  await nothingRan(page, said);
});

test.describe("a server with a token", () => {
  let server: ChildProcess;
  let address = "";

  test.beforeAll(async () => {
    const python = [process.env.WEFT_PYTHON, path.join(root, ".venv/bin/python"), path.join(root, ".venv/Scripts/python.exe")].find((file) => file && existsSync(file)) ?? "python3";
    const front = process.env.WEFT_FRONT_END ? ["--front-end-root", process.env.WEFT_FRONT_END] : [];
    const base = mkdtempSync(path.join(tmpdir(), "weft-login-"));
    server = spawn(python, ["main.py", "--cpu", "--port", process.env.WEFT_LOGIN_PORT ?? "0", "--base-directory", base, ...front], { cwd: root, env: { ...process.env, WEFT_TOKEN: TOKEN, PYTHONUNBUFFERED: "1" } });
    address = await new Promise<string>((resolve, reject) => {
      server.stdout!.on("data", (data: Buffer) => { const found = /GUI go to: (\S+)/.exec(data.toString()); if (found) resolve(found[1]!); });
      server.on("exit", (code) => reject(new Error(`the server ended with ${code}`)));
    });
  });
  test.afterAll(() => { server.kill(); });

  test("asks for it on a page that works under its own policy, and lets the editor in", async ({ page }) => {
    const said = await watch(page);
    await page.goto(address);
    await expect(page.getByRole("heading", { name: "Weft" })).toBeVisible();
    await page.getByLabel("Token").fill("not the token at all");
    await page.getByRole("button", { name: "Log in" }).click();
    await expect(page.getByRole("alert")).toContainText("not this server's token");
    expect(await page.evaluate(() => globalThis.__violations)).toEqual([]);
    await page.getByLabel("Token").fill(TOKEN);
    await page.getByRole("button", { name: "Log in" }).click();
    await expect(page.getByRole("button", { name: "Run", exact: true })).toBeVisible();
    await expect.poll(() => page.evaluate(() => globalThis.weft?.socket.connection.value)).toBe("open");
    expect(await page.evaluate(() => document.cookie)).not.toContain("weft-login");
    await nothingRan(page, said);
  });

  test("lets in by the printed address, which does not stay in the bar", async ({ page }) => {
    await page.goto(`${address}/?token=${encodeURIComponent(TOKEN)}`);
    await expect(page.getByRole("button", { name: "Run", exact: true })).toBeVisible();
    expect(page.url()).not.toContain("token");
    expect(await page.evaluate(() => performance.getEntriesByType("resource").some((entry) => entry.name.includes("token=")))).toBe(false);
  });
});
