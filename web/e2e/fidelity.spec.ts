/** Files as the ecosystem writes them, where one looked, and what goes out when a workflow is shared. */

import { readFileSync } from "node:fs";
import { expect, test, type Download, type Page } from "@playwright/test";
import { GROUP_FILE } from "../src/fixtures/group_nodes";
import { pngWith } from "../src/sharing/embed";
import { dragMouse, node, openEditor, socketAt, widget } from "./editor_page";

const BATCH = {
  input: { required: {
    images: ["COMFY_AUTOGROW_V3", { template: { input: { required: { image: ["IMAGE", {}] } }, prefix: "image", min: 2, max: 4 } }],
    mode: ["COMFY_DYNAMICCOMBO_V3", { options: [{ key: "none", inputs: { required: {} } }, { key: "scale", inputs: { required: { factor: ["FLOAT", { default: 2 }] } } }] }],
  } },
  input_order: { required: ["images", "mode"] }, output: ["IMAGE"], output_name: ["IMAGE"], output_is_list: [false], name: "Batch", display_name: "Batch", category: "image", description: "", python_module: "test", output_node: false,
};

const bytesOf = async (download: Download): Promise<Buffer> => readFileSync(await download.path());
const named = (page: Page): Promise<string> => page.evaluate(() => globalThis.weft.active.value!.name.value);

test("a node that grows shows a further socket with each link, and an option its own inputs", async ({ page }) => {
  await page.route("**/object_info", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), Batch: BATCH } });
  });
  await openEditor(page);
  const id = await page.evaluate(() => globalThis.weft.addNode("Batch", [1500, 100])!.id);
  await page.evaluate(() => globalThis.weft.stage.fit());
  await expect(node(page, id).locator(".socket.in:not(.on-widget)")).toHaveCount(3);
  await dragMouse(page, await socketAt(page, "6", { slot: 0 }), await socketAt(page, id, { input: "images.image2" }));
  await expect(node(page, id).locator(".socket.in:not(.on-widget)")).toHaveCount(4);
  await expect(widget(page, id, "mode.factor")).toHaveCount(0);
  await widget(page, id, "mode").getByRole("button").first().click();
  await page.getByRole("option", { name: "scale" }).click();
  await expect(widget(page, id, "mode.factor")).toBeVisible();
  await page.keyboard.press("Control+Z");
  await expect(widget(page, id, "mode.factor")).toHaveCount(0);
  await page.keyboard.press("Control+Z");
  await expect(node(page, id).locator(".socket.in:not(.on-widget)")).toHaveCount(3);
});

test("a group node of an old file works as a node, and is opened once it is a subgraph", async ({ page }) => {
  await openEditor(page);
  await page.evaluate((text) => globalThis.weft.openText(text, "Old file"), JSON.stringify(GROUP_FILE));
  await page.evaluate(() => globalThis.weft.stage.fit(["10", "11"]));
  await expect(widget(page, "10", "text").getByRole("textbox")).toHaveValue("a cat");
  await expect(widget(page, "11", "text").getByRole("textbox")).toHaveValue("a dog");
  await expect(node(page, "10")).not.toHaveClass(/is-missing/);
  await node(page, "10").getByRole("button", { name: /Open the subgraph/ }).click();
  expect(await page.evaluate(() => globalThis.weft.active.value!.path.value)).toEqual([]);
  await page.getByRole("button", { name: "Convert it" }).click();
  await expect.poll(() => page.evaluate(() => globalThis.weft.active.value!.path.value)).toEqual(["10"]);
  await expect(node(page, "1")).toContainText("KSampler");
});

test("after a reload, also one after a crash, the same level is open at the same place", async ({ page, context }) => {
  await openEditor(page);
  await page.evaluate(() => globalThis.weft.active.value!.select(["5", "6"]));
  await page.locator("body").press("Control+Shift+G");
  await page.locator("body").press("Enter");
  await expect.poll(() => page.evaluate(() => globalThis.weft.active.value!.path.value.length)).toBe(1);
  const state = (from: Page): Promise<unknown> => from.evaluate(() => ({ path: globalThis.weft.active.value!.path.value, camera: globalThis.weft.active.value!.camera.value }));
  await page.evaluate(() => globalThis.weft.stage.setCamera({ x: 123, y: -45, scale: 0.75 }));
  const before = await state(page);
  await page.waitForTimeout(800);
  await page.reload();
  await expect(node(page, "5")).toBeVisible();
  expect(await state(page)).toEqual(before);
  const crashed = await context.newPage();
  await page.close({ runBeforeUnload: false });
  await openEditor(crashed);
  await expect(node(crashed, "5")).toBeVisible();
  expect(await state(crashed)).toEqual(before);
  await crashed.locator("body").press("Escape");
  await crashed.locator("body").press("Escape");
  expect(await crashed.evaluate(() => globalThis.weft.active.value!.path.value)).toEqual([]);
});

for (const kind of ["PNG", "SVG"] as const)
  test(`the graph as ${kind} is a picture of it, and opens the workflow again`, async ({ page }, info) => {
    await openEditor(page);
    await widget(page, "2", "text").getByRole("textbox").fill(`a cat for ${kind}`);
    await page.locator("body").click({ position: { x: 700, y: 860 } });
    await page.evaluate(() => (globalThis.weft.ui.dialog.value = "share"));
    await page.getByRole("radio", { name: new RegExp(kind) }).check();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download", exact: true }).click()]);
    const file = info.outputPath(download.suggestedFilename());
    await download.saveAs(file);
    const size = await page.evaluate(async (address) => {
      const picture = new Image();
      picture.src = address;
      await picture.decode();
      const canvas = new OffscreenCanvas(200, 100).getContext("2d")!;
      canvas.drawImage(picture, 0, 0, 200, 100);
      return { width: picture.width, colors: new Set(new Uint32Array(canvas.getImageData(0, 0, 200, 100).data.buffer)).size };
    }, `data:image/${kind === "PNG" ? "png" : "svg+xml"};base64,${(await bytesOf(download)).toString("base64")}`);
    expect(size.width).toBeGreaterThan(1000);
    expect(size.colors).toBeGreaterThan(50);
    const before = await page.evaluate(() => globalThis.weft.documents.value.length);
    await page.evaluate(() => (globalThis.weft.ui.dialog.value = "open"));
    await page.locator("input[type=file]").setInputFiles(file);
    await expect.poll(() => page.evaluate(() => globalThis.weft.documents.value.length)).toBe(before + 1);
    expect(await named(page)).toBe(download.suggestedFilename().replace(/\.\w+$/, ""));
    await expect(widget(page, "2", "text").getByRole("textbox")).toHaveValue(`a cat for ${kind}`);
  });

test("what a workflow tells is said, and left out where that is chosen", async ({ page }) => {
  await openEditor(page);
  await page.evaluate(() => {
    const added = globalThis.weft.addNode("LoadImage", [0, 900])!;
    globalThis.weft.active.value!.edit("t", [{ kind: "value", id: added.id, name: "image", value: "my_holiday.png" }]);
    globalThis.weft.ui.dialog.value = "share";
  });
  await expect(page.getByRole("dialog")).toContainText("my_holiday.png");
  await page.getByRole("checkbox", { name: /names? of/ }).check();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download", exact: true }).click()]);
  const text = (await bytesOf(download)).toString();
  expect(text).toContain("LoadImage");
  expect(text).not.toContain("my_holiday");
  expect(await page.evaluate(() => JSON.stringify(globalThis.weft.active.value!.toWorkflow()))).toContain("my_holiday");
});

test("a result is downloaded without its workflow, its pixels as they were", async ({ page }) => {
  await openEditor(page);
  const pixels = (bytes: Buffer): Promise<number[]> => page.evaluate(async (values) => {
    const picture = await createImageBitmap(new Blob([new Uint8Array(values)], { type: "image/png" }));
    const canvas = new OffscreenCanvas(picture.width, picture.height).getContext("2d")!;
    canvas.drawImage(picture, 0, 0);
    return [...canvas.getImageData(0, 0, picture.width, picture.height).data];
  }, [...bytes]);
  const plain = Buffer.from(await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(5, 3);
    const brush = canvas.getContext("2d")!;
    for (let at = 0; at < 15; at++) {
      brush.fillStyle = `rgb(${at * 17}, ${200 - at * 9}, 77)`;
      brush.fillRect(at % 5, Math.floor(at / 5), 1, 1);
    }
    return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
  }));
  const told = Buffer.from(pngWith(plain, { nodes: ["a secret"] }));
  const answer = await page.request.post("/api/upload/image", { multipart: { image: { name: "told.png", mimeType: "image/png", buffer: told }, overwrite: "true" } });
  const { name } = (await answer.json()) as { name: string };
  await page.evaluate((filename) => (globalThis.weft.ui.picture.value = { refs: [{ filename, subfolder: "", type: "input" }], index: 0, workflow: null }), name);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Without workflow" }).click()]);
  const bare = await bytesOf(download);
  expect(told.includes("secret")).toBe(true);
  expect(bare.includes("secret")).toBe(false);
  expect(await pixels(bare)).toEqual(await pixels(told));
});

test("workflows in one window never mix, however quickly one changes between them", async ({ page }) => {
  await openEditor(page);
  await page.evaluate(async () => {
    const { weft } = globalThis;
    weft.newDocument();
    weft.newDocument();
    const [first, second, third] = weft.documents.value.slice(-3);
    const write = (value: string): void => weft.active.value!.edit("t", [{ kind: "value", id: "2", name: "text", value }]);
    for (let round = 0; round < 30; round++)
      for (const [index, document] of [first!, second!, third!].entries()) {
        weft.activate(document);
        if (round % 10 === 0) await new Promise(requestAnimationFrame);
        write(`${index}: ${round}`);
      }
    weft.active.value!.undo();
  });
  const texts = (): Promise<unknown[]> => page.evaluate(() => globalThis.weft.documents.value.slice(-3).map((document) => document.graph.node("2").values.text));
  expect(await texts()).toEqual(["0: 29", "1: 29", "2: 28"]);
  await page.waitForTimeout(800);
  await page.reload();
  await expect.poll(() => page.evaluate(() => globalThis.weft?.documents.value.length)).toBeGreaterThan(2);
  expect(await texts()).toEqual(["0: 29", "1: 29", "2: 28"]);
  expect(new Set(await page.evaluate(() => globalThis.weft.documents.value.map((document) => document.id))).size).toBe(await page.evaluate(() => globalThis.weft.documents.value.length));
});
