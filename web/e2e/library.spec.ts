/** The library: workflows are found, moved, renamed and opened; models tell of themselves and become nodes. */

import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test, type APIRequestContext, type Locator, type Page } from "@playwright/test";
import { startServer, type OwnServer } from "./own_server";
import { openEditor } from "./editor_page";

const WIDE = { width: 1440, height: 900 };
const library = (page: Page): Locator => page.getByRole("region", { name: "Library" });
const named = (page: Page, name: string): Locator => library(page).locator(".library-face").filter({ has: page.locator(".library-name", { hasText: new RegExp(`^${name}$`) }) });
const chosen = (page: Page): Promise<unknown[]> => page.evaluate(() => {
  const { graph } = globalThis.weft.active.value!;
  return [...graph.nodes.values()].filter((node) => node.type === "LoraLoader").map((node) => node.values.lora_name);
});

const note = (id: string, text: string): object => ({
  id, version: 0.4, links: [], groups: [], extra: {},
  nodes: [{ id: 1, type: "CLIPTextEncode", pos: [100, 200], size: [300, 130], inputs: [{ name: "clip", type: "CLIP", link: null }], outputs: [{ name: "CONDITIONING", type: "CONDITIONING", links: [] }], widgets_values: [text], mode: 0, flags: {}, order: 0, properties: {} }],
});
const save = async (request: APIRequestContext, name: string, data: object): Promise<void> => expect(await request.put(`/api/weft/workflows/${encodeURIComponent(name)}?base=*`, { data })).toBeOK();

/** A safetensors file without weights, with this metadata. */
function emptyWeights(metadata: Record<string, string>): Buffer {
  const header = Buffer.from(JSON.stringify({ __metadata__: metadata }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header]);
}

test("workflows are searched by what they hold, moved by drag and menu, renamed while open, and deleted", async ({ page, request }) => {
  const mark = `0lib${Date.now()}`; // at the top, whatever other tests saved: only tiles in view are there
  await save(request, `${mark} first.json`, note(`${mark}-1`, "a zeppelin over the fjord"));
  await save(request, `${mark} second.json`, note(`${mark}-2`, "a plain wall"));
  await openEditor(page);
  await page.keyboard.press("w");
  const find = library(page).getByRole("searchbox", { name: "Search workflows" });
  await find.fill(`zeppelin ${mark}`);
  await expect(library(page).locator(".library-face")).toHaveCount(1);
  await expect(named(page, `${mark} first`).locator("canvas, img")).toBeVisible();
  await find.fill("");
  await library(page).getByRole("button", { name: "New folder" }).click();
  const newName = library(page).getByRole("textbox", { name: /^New name of/ });
  await newName.fill(mark);
  await newName.press("Enter");
  await expect(named(page, mark)).toHaveAccessibleName(`Folder ${mark}, 0 workflows`);
  await named(page, `${mark} first`).dragTo(named(page, mark));
  await expect(named(page, mark)).toHaveAccessibleName(`Folder ${mark}, 1 workflow`);
  await named(page, `${mark} second`).click({ button: "right" });
  await page.getByRole("menuitem", { name: "Move to…" }).click();
  await page.getByRole("option", { name: mark, exact: true }).click();
  await named(page, mark).click();
  await expect(library(page).locator(".library-tile")).toHaveCount(2);

  await named(page, `${mark} first`).click();
  const tab = page.getByRole("tab", { selected: true, name: `${mark}/${mark} first` });
  await expect(tab).toBeVisible();
  await named(page, `${mark} first`).focus();
  await page.keyboard.press("ArrowRight");
  await expect(named(page, `${mark} second`)).toBeFocused();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("F2");
  await newName.fill("Zeppelin");
  await newName.press("Enter");
  await expect(named(page, "Zeppelin")).toBeVisible();
  await expect(page.getByRole("tab", { selected: true, name: `${mark}/Zeppelin` })).toBeVisible();
  await named(page, "Zeppelin").click(); // it is open: no further tab
  expect(await page.evaluate(() => globalThis.weft.documents.value.filter((document) => document.savedAs?.endsWith("Zeppelin.json")).length)).toBe(1);
  await page.evaluate(() => globalThis.weft.active.value!.edit("test", [{ kind: "value", id: "1", name: "text", value: "a zeppelin at night" }]));
  await page.keyboard.press("ControlOrMeta+S"); // goes to the file under its new name
  await expect(page.getByText(`Saved as ${mark}/Zeppelin.json`)).toBeVisible();

  page.on("dialog", (dialog) => void dialog.accept());
  await library(page).getByRole("button", { name: "All workflows" }).click();
  await named(page, mark).focus();
  await page.keyboard.press("Delete");
  await expect(named(page, mark)).toBeHidden();
  const trash = (await (await request.get("/api/weft/trash")).json()) as { name: string; versions: number }[];
  expect(trash.filter((entry) => entry.name.startsWith(`${mark}/`)).map(({ name, versions }) => [name, versions]).sort()).toEqual([[`${mark}/${mark} second.json`, 1], [`${mark}/Zeppelin.json`, 2]]);
});

test.describe("models", () => {
  let server: OwnServer;
  test.beforeAll(async () => {
    const base = mkdtempSync(path.join(tmpdir(), "weft-models-"));
    const loras = path.join(base, "models", "loras");
    mkdirSync(path.join(loras, "deep"), { recursive: true });
    for (let number = 0; number < 400; number++) writeFileSync(path.join(loras, `filler ${number}.safetensors`), emptyWeights({}));
    const told = { ss_output_name: "Painted", ss_base_model_version: "sd_v1", ss_tag_frequency: JSON.stringify({ a: { brush: 7 } }), "modelspec.author": "<b>nobody</b>" };
    writeFileSync(path.join(loras, "deep", "paint.safetensors"), emptyWeights(told));
    server = await startServer("--base-directory", base, "--cpu");
  });
  test.afterAll(() => server.stop());

  test("are found, tell of themselves and of what uses them, and become nodes by button, key and drag", async ({ browser }) => {
    const page = await browser.newPage({ viewport: WIDE, baseURL: server.url });
    await openEditor(page);
    await page.keyboard.press("l");
    await expect(library(page).getByRole("status")).toHaveText("401 models");
    expect(await library(page).locator(".library-tile").count()).toBeLessThan(40);
    await page.keyboard.press("Escape");
    await library(page).getByRole("searchbox", { name: "Search models" }).fill("deep paint");
    await expect(library(page).locator(".library-tile")).toHaveCount(1);
    await named(page, "paint").focus();
    await page.keyboard.press("a");
    await expect.poll(() => chosen(page)).toEqual(["deep/paint.safetensors"]);

    await library(page).getByRole("searchbox", { name: "Search models" }).fill("filler 7.");
    const at = await page.evaluate(() => {
      const { active, stage } = globalThis.weft;
      const node = [...active.value!.graph.nodes.values()].find((entry) => entry.type === "LoraLoader")!;
      return { x: (node.pos[0] + 60) * stage.camera.scale + stage.camera.x, y: (node.pos[1] + 14) * stage.camera.scale + stage.camera.y };
    });
    await named(page, "filler 7").dragTo(page.locator(".viewport"), { targetPosition: at });
    await expect.poll(() => chosen(page)).toEqual(["filler 7.safetensors"]); // into the node, and no second one
    await page.keyboard.press("ControlOrMeta+Z");
    await expect.poll(() => chosen(page)).toEqual(["deep/paint.safetensors"]);

    await library(page).getByRole("searchbox", { name: "Search models" }).fill("paint");
    await named(page, "paint").click();
    const details = library(page).getByRole("article");
    await expect(details.getByRole("heading", { name: "Painted" })).toBeVisible();
    await expect(details.locator(".library-facts")).toContainText("sd_v1");
    await expect(details.locator(".library-facts")).toContainText("<b>nobody</b>");
    await expect(details.getByRole("list", { name: "Used by" }).getByRole("button")).toContainText("in an open tab");
    await details.getByRole("button", { name: "Add up" }).click();
    await expect(details.locator(".library-hash")).toHaveText(/^[0-9a-f]{64}$/);
    await page.keyboard.press("Escape");
    await expect(named(page, "paint")).toBeFocused();
    await page.close();
  });
});
