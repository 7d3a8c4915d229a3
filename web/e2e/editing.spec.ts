/** Editing by mouse and keyboard in a real browser. */

import { readFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { dragMouse, node, openEditor, socketAt, widget } from "./editor_page";

const count = (page: import("@playwright/test").Page): Promise<number> => page.evaluate(() => globalThis.weft.active.value!.graph.nodes.size);
const source = (page: import("@playwright/test").Page, id: string, input: string): Promise<string | undefined> =>
  page.evaluate(([id, input]) => globalThis.weft.active.value!.graph.linkInto(id!, input!)?.from, [id, input]);

test.beforeEach(async ({ page }) => openEditor(page));

test("add by search, copy, paste, delete, undo, redo", async ({ page }) => {
  await page.mouse.dblclick(120, 700);
  await page.getByPlaceholder("Search nodes…").fill("vae dec");
  await page.keyboard.press("Enter");
  await expect(node(page, "8")).toBeVisible();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Control+c");
  await page.mouse.move(300, 760);
  await page.keyboard.press("Control+v");
  expect(await count(page)).toBe(16);
  await page.keyboard.press("Delete");
  expect(await count(page)).toBe(8);
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Control+z");
  expect(await count(page)).toBe(7);
  await page.keyboard.press("Control+Shift+z");
  expect(await count(page)).toBe(8);
});

test("connect, refuse, disconnect, and find what fits a dropped link", async ({ page }) => {
  const positive = await socketAt(page, "5", { input: "positive" });
  await dragMouse(page, positive, { x: 740, y: 760 });
  expect(await source(page, "5", "positive")).toBeUndefined();
  await expect(node(page, "5").getByRole("button", { name: /^input positive/ })).toHaveAccessibleName("input positive, takes conditioning, not connected");
  await dragMouse(page, await socketAt(page, "1", { slot: 0 }), positive);
  expect(await source(page, "5", "positive")).toBeUndefined();
  await dragMouse(page, await socketAt(page, "2", { slot: 0 }), positive);
  expect(await source(page, "5", "positive")).toBe("2");
  await expect(node(page, "5").getByRole("button", { name: /^input positive/ })).toHaveAccessibleName("input positive, takes conditioning, connected to What to show");
  await dragMouse(page, await socketAt(page, "5", { slot: 0 }), { x: 900, y: 740 });
  await page.getByPlaceholder("What fits latent…").fill("upscale");
  await page.keyboard.press("Enter");
  expect(await source(page, "8", "samples")).toBe("5");
});

test("widgets: scrub, type, choose, toggle the seed's control", async ({ page }) => {
  const steps = widget(page, "5", "steps").getByRole("spinbutton");
  const box = (await steps.boundingBox())!;
  await dragMouse(page, { x: box.x + 60, y: box.y + 8 }, { x: box.x + 90, y: box.y + 8 });
  await expect(steps).toHaveAttribute("aria-valuenow", "25");
  await page.keyboard.press("Control+z");
  await expect(steps).toHaveAttribute("aria-valuenow", "20");
  await widget(page, "4", "width").getByRole("spinbutton").click();
  await page.keyboard.type("99999");
  await page.keyboard.press("Enter");
  await expect(widget(page, "4", "width").getByRole("spinbutton")).toHaveAttribute("aria-valuenow", "16384");
  await widget(page, "5", "scheduler").getByRole("button").click();
  await page.getByPlaceholder("Filter scheduler…").fill("expo");
  await page.keyboard.press("Enter");
  await expect(widget(page, "5", "scheduler")).toContainText("exponential");
  await node(page, "5").getByRole("radio", { name: "random" }).click();
  await expect(node(page, "5").getByRole("radio", { name: "random" })).toHaveAttribute("aria-checked", "true");
  await widget(page, "2", "text").getByRole("textbox").fill("two red hearts");
  expect(await page.evaluate(() => globalThis.weft.active.value!.graph.node("2").values.text)).toBe("two red hearts");
});

test("save on the server, close the tab, open it again", async ({ page }) => {
  const name = `e2e ${Date.now()}`;
  await widget(page, "2", "text").getByRole("textbox").fill("a blue ring");
  await page.keyboard.press("Control+s");
  await page.getByRole("textbox", { name: "Name", exact: true }).fill(name);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("tab", { name })).toBeVisible();
  await expect(page.getByText(`Saved as ${name}.json`)).toBeVisible();
  await page.getByRole("button", { name: "New workflow" }).click();
  await page.getByRole("button", { name: `Close ${name}` }).click();
  await page.keyboard.press("Control+o");
  await page.getByRole("button", { name, exact: true }).click();
  await expect(widget(page, "2", "text").getByRole("textbox")).toHaveValue("a blue ring");
});

test("an uploaded picture is chosen and shown", async ({ page }) => {
  await page.mouse.dblclick(120, 700);
  await page.getByPlaceholder("Search nodes…").fill("load image");
  await page.keyboard.press("Enter");
  const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==", "base64");
  await node(page, "8").getByLabel("Upload a picture").setInputFiles({ name: "dot.png", mimeType: "image/png", buffer: png });
  await expect(widget(page, "8", "image")).toContainText("dot");
  await expect.poll(() => node(page, "8").locator(".picture img").evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(1);
});

test("a workflow of unknown nodes opens and is kept", async ({ page }) => {
  await page.evaluate(() => globalThis.weft.openText(JSON.stringify({ version: 0.4, nodes: [{ id: 1, type: "NobodysNode<b>", pos: [0, 0], size: [260, 90], properties: { cnr_id: "some-pack" }, widgets_values: [1] }], links: [] }), "odd"));
  await expect(node(page, "1")).toContainText("NobodysNode<b> is not installed");
  await expect(node(page, "1")).toContainText("some-pack");
});

test("the canvas menu exports the prompt that scripts send", async ({ page }) => {
  await page.mouse.click(120, 700, { button: "right" });
  const coming = page.waitForEvent("download");
  await page.getByText("Export (API)").click();
  const file = await coming;
  expect(file.suggestedFilename()).toMatch(/_api\.json$/);
  const exported = JSON.parse(readFileSync(await file.path(), "utf8")) as Record<string, { class_type: string; inputs: Record<string, unknown> }>;
  expect(exported["5"]!.class_type).toBe("KSampler");
  expect(exported["6"]!.inputs.samples).toEqual(["5", 0]);
});

test("insert on a link, cut by a stroke, swap for another type", async ({ page }) => {
  await page.evaluate(() => globalThis.weft.addNode("LatentUpscale", [60, 900]));
  const place = await page.evaluate(() => {
    const { stage, active } = globalThis.weft;
    const { graph, camera } = active.value!;
    const free = graph.node("8");
    const bounds = active.value!.bounds("8");
    stage.fit();
    const { x, y, scale } = camera.value;
    return { x: (free.pos[0] + 60) * scale + x, y: (bounds.y + 16) * scale + y };
  });
  const target = await socketAt(page, "6", { input: "samples" });
  await dragMouse(page, place, { x: target.x - 12, y: target.y });
  expect(await source(page, "6", "samples")).toBe("8");
  expect(await source(page, "8", "samples")).toBe("5");
  await page.keyboard.press("Control+z");
  expect(await source(page, "6", "samples")).toBe("5");

  const positive = await socketAt(page, "5", { input: "positive" });
  await page.keyboard.down("Alt");
  await dragMouse(page, { x: positive.x - 20, y: positive.y - 14 }, { x: positive.x - 20, y: positive.y + 14 });
  await page.keyboard.up("Alt");
  expect(await source(page, "5", "positive")).toBeUndefined();
  await page.keyboard.press("Control+z");
  expect(await source(page, "5", "positive")).toBe("2");

  await node(page, "5").locator(".node-title").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Swap for another type…" }).click();
  await page.getByPlaceholder("Swap for…").fill("KSampler (Advanced)");
  await page.keyboard.press("Enter");
  const swapped = await source(page, "6", "samples");
  expect(await page.evaluate((id) => globalThis.weft.active.value!.graph.node(id!).type, swapped)).toBe("KSamplerAdvanced");
  expect(await source(page, swapped!, "positive")).toBe("2");
});

test("a seed above 2^53 is typed, kept and exported to the last digit", async ({ page }) => {
  const seed = "18446744073709551557";
  await widget(page, "5", "seed").getByRole("spinbutton").click();
  await page.keyboard.type(seed);
  await page.keyboard.press("Enter");
  await expect(widget(page, "5", "seed")).toContainText(seed);
  const coming = page.waitForEvent("download");
  await page.mouse.click(120, 700, { button: "right" });
  await page.getByText("Export (API)").click();
  expect(readFileSync(await (await coming).path(), "utf8")).toContain(`"seed": ${seed}`);
  await page.reload();
  await expect(widget(page, "5", "seed")).toContainText(seed);
});

test("a run up to a node asks for its output alone", async ({ page }) => {
  await page.evaluate(() => {
    const added = globalThis.weft.addNode("PreviewImage", [1500, 600])!;
    globalThis.weft.active.value!.edit("connect", [{ kind: "addLink", link: { id: 99, from: "6", fromSlot: 0, to: added.id, toInput: "images", type: "IMAGE", rank: 99 } }]);
    globalThis.weft.stage.fit();
  });
  const coming = page.waitForRequest((request) => request.url().endsWith("/api/prompt") && request.method() === "POST");
  await node(page, "8").locator(".node-title").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Run to here" }).click();
  expect(((await coming).postDataJSON() as { partial_execution_targets: string[] }).partial_execution_targets).toEqual(["8"]);
});

test("a subgraph is unpacked, and undo packs it again", async ({ page }) => {
  const port = (name: string): object => ({ name, type: "LATENT" });
  const subgraph = {
    id: "aa", name: "Larger", inputs: [port("x")], outputs: [port("y")],
    nodes: [{ id: 5, type: "LatentUpscale", pos: [0, 0], size: [300, 180], inputs: [{ name: "samples", type: "LATENT", link: 1 }], outputs: [{ name: "LATENT", type: "LATENT", links: [2] }], widgets_values: ["bilinear", 640, 512, "center"] }],
    links: [{ id: 1, origin_id: -10, origin_slot: 0, target_id: 5, target_slot: 0, type: "LATENT" }, { id: 2, origin_id: 5, origin_slot: 0, target_id: -20, target_slot: 0, type: "LATENT" }],
  };
  const text = JSON.stringify({
    version: 0.4, links: [[1, 1, 0, 2, 0, "LATENT"]], definitions: { subgraphs: [subgraph] },
    nodes: [
      { id: 1, type: "EmptyLatentImage", pos: [0, 0], size: [300, 160], outputs: [{ name: "LATENT", type: "LATENT", links: [1] }], widgets_values: [512, 512, 1] },
      { id: 2, type: "aa", pos: [420, 0], size: [240, 60], inputs: [{ ...port("x"), link: 1 }], outputs: [{ ...port("y"), links: [] }] },
    ],
  });
  await page.evaluate((text) => globalThis.weft.openText(text, "sub"), text);
  await node(page, "2").locator(".node-title").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Unpack the subgraph" }).click();
  await expect(widget(page, "3", "width")).toContainText("640");
  expect(await source(page, "3", "samples")).toBe("1");
  await page.keyboard.press("Control+z");
  await expect(node(page, "2")).toContainText("Larger");
});

test("several nodes are aligned from their menu", async ({ page }) => {
  await page.keyboard.press("Control+a");
  await node(page, "5").locator(".node-title").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Align tops" }).click();
  expect(await page.evaluate(() => new Set([...globalThis.weft.active.value!.graph.nodes.keys()].map((id) => globalThis.weft.active.value!.bounds(id).y)).size)).toBe(1);
});

test("a group is named where it stands; its menu copies it with its nodes, and the canvas pastes both", async ({ page }) => {
  await page.evaluate(() => globalThis.weft.active.value!.select(["5", "6"]));
  await page.keyboard.press("Control+g");
  await page.getByRole("textbox", { name: "Title of the group" }).fill("Sampling");
  await page.keyboard.press("Enter");
  const title = await page.evaluate(() => {
    const active = globalThis.weft.active.value!;
    const { x, y } = [...active.graph.groups.values()][0]!.bounds;
    const camera = active.camera.value;
    return { x: (x + 200) * camera.scale + camera.x, y: (y + 16) * camera.scale + camera.y };
  });
  await page.mouse.click(title.x, title.y, { button: "right" });
  await page.getByRole("menuitem", { name: "Copy" }).click();
  await page.mouse.click(60, 700, { button: "right" });
  await page.getByRole("menuitem", { name: "Paste" }).click();
  await expect.poll(() => page.evaluate(() => [...globalThis.weft.active.value!.graph.groups.values()].map((group) => group.title))).toEqual(["Sampling", "Sampling"]);
  expect(await count(page)).toBe(9);
  await page.keyboard.press("Control+z");
  expect(await page.evaluate(() => [globalThis.weft.active.value!.graph.nodes.size, globalThis.weft.active.value!.graph.groups.size])).toEqual([7, 1]);
});
