/** The example pack's extension does what docs/extensions.md says; extensions that fail are named and stop nobody else. */

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Page } from "@playwright/test";
import { messages, node, run, widget } from "./editor_page";
import { ROOT, startServer, type OwnServer } from "./own_server";

declare global {
  var throwing: { decorations: number } | undefined;
  var circles: number;
  var __violations: string[];
}

let server: OwnServer;

test.beforeAll(async () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), "weft-packs-")), "packs.yaml");
  writeFileSync(file, JSON.stringify({ here: { base_path: ROOT, custom_nodes: "docs/examples\nweb/e2e/packs" } }));
  server = await startServer("--extra-model-paths-config", file);
});
test.afterAll(() => server?.stop());

/** Opens the editor with the extensions whose ids hold `wanted`, once they have all been started. */
async function openWith(page: Page, wanted: string, query = ""): Promise<string[]> {
  const told: string[] = [];
  page.on("console", (message) => told.push(message.text()));
  await page.addInitScript(() => {
    globalThis.__violations = [];
    document.addEventListener("securitypolicyviolation", (event) => globalThis.__violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.route("**/api/weft/extensions", async (route) => {
    const response = await route.fetch();
    const { modules } = (await response.json()) as { modules: { pack: string }[] };
    await route.fulfill({ json: { modules: modules.filter(({ pack }) => pack.includes(wanted)) } });
  });
  await page.goto(server.url + query);
  await expect(page.getByRole("button", { name: "Run", exact: true })).toBeVisible();
  await expect(page.getByRole("button", { name: "Extensions", exact: true })).toBeVisible({ timeout: 60_000 });
  return told;
}

/** A workflow of a colour that is shown. */
const colourWorkflow = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const prompt = {
      "1": { class_type: "ExampleColour", inputs: { colour: { hex: "#e8622c" }, name: "a", size: 32 } },
      "2": { class_type: "PreviewImage", inputs: { images: ["1", 0] } },
    };
    globalThis.weft.open(prompt, "colours");
    globalThis.weft.stage.fit();
  });

const menuEntry = async (page: Page, name: string): Promise<void> => {
  await page.getByRole("button", { name: "Extensions", exact: true }).click();
  await page.getByRole("menu").getByText(name, { exact: true }).click();
};

test("an extension adds a widget, marks, a command, a menu entry and a panel, and takes all back", async ({ page }) => {
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  await openWith(page, "colour_example");
  await colourWorkflow(page);
  const done = messages(page, "execution_success");

  await test.step("its widget edits the value that is run", async () => {
    await widget(page, "1", "colour").getByRole("button", { name: "Colour #2c9a63" }).click();
    await expect(widget(page, "1", "colour").getByRole("button", { name: "Colour #2c9a63" })).toHaveAttribute("aria-pressed", "true");
    const request = page.waitForRequest("**/api/prompt");
    await run(page);
    expect(((await request).postDataJSON() as { prompt: Record<string, { inputs: unknown }> }).prompt["1"]!.inputs).toEqual({ colour: { hex: "#2c9a63" }, name: "a", size: 32 });
    await expect(node(page, "2").locator(".picture img")).toBeVisible({ timeout: 60_000 });
    await page.keyboard.press("Control+z");
    await expect(widget(page, "1", "colour").getByRole("button", { name: "Colour #e8622c" })).toHaveAttribute("aria-pressed", "true");
  });

  await test.step("its marks follow the value", async () => {
    await expect(node(page, "1").locator(".badge")).toHaveText("#e8622c");
    await page.evaluate(() => globalThis.weft.active.value!.edit("t", [{ kind: "value", id: "1", name: "colour", value: { hex: "#101010" } }]));
    await expect(node(page, "1").locator(".badge.warning")).toHaveText("#101010");
    await expect(node(page, "1").locator(".node-lines")).toHaveText("dark");
    // the line pushed sockets and widgets down, and the links with them
    expect(await page.evaluate(() => globalThis.weft.active.value!.layout("1").top)).toBeGreaterThan(0);
  });

  await test.step("its panel hears of changes and runs", async () => {
    await menuEntry(page, "Colours");
    const panel = page.getByRole("complementary", { name: "Colours" });
    await expect(panel).toContainText("Colours used: 1");
    const before = done.length;
    await run(page);
    await expect(panel.locator("li")).toHaveText("success");
    expect(done.length).toBeGreaterThanOrEqual(before);
    await panel.press("Escape");
    await expect(panel).toBeHidden();
  });

  await test.step("its command runs by its key and opens a dialog", async () => {
    await page.keyboard.press("Alt+Shift+K");
    await expect(page.getByRole("dialog")).toHaveCount(0); // nothing is selected
    await page.evaluate(() => globalThis.weft.active.value!.select(["1"]));
    await page.keyboard.press("Alt+Shift+K");
    await page.getByRole("dialog", { name: "Colour the selection…" }).getByRole("button", { name: "Colour #3f6ff0" }).click();
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await expect(node(page, "1").locator(".badge")).toHaveText("#3f6ff0");
  });

  await test.step("its menu entry adds two linked nodes as one step", async () => {
    await page.mouse.click(720, 820, { button: "right" });
    await page.getByRole("menuitem", { name: "Add a colour here" }).click();
    const count = (): Promise<[number, number]> => page.evaluate(() => [globalThis.weft.active.value!.graph.nodes.size, globalThis.weft.active.value!.graph.links.size]);
    expect(await count()).toEqual([4, 2]);
    await page.keyboard.press("Control+z");
    expect(await count()).toEqual([2, 1]);
  });

  await test.step("far away its widget is drawn once, and moving the canvas calls nothing of it", async () => {
    await page.evaluate(() => globalThis.weft.stage.setCamera({ x: 400, y: 300, scale: 0.3 }));
    await expect(node(page, "1")).toHaveCount(0);
    // the stand-in fills the widget's place with the colour
    const pixel = (): Promise<number[]> => page.evaluate(() => {
      const { stage, active } = globalThis.weft;
      const place = active.value!.graph.node("1");
      const { widgets, width } = active.value!.layout("1");
      const canvas = document.querySelector<HTMLCanvasElement>("canvas.scene")!;
      const x = (place.pos[0] + width / 2) * stage.camera.scale + stage.camera.x;
      const y = (place.pos[1] + widgets[0]!.y + widgets[0]!.height / 2) * stage.camera.scale + stage.camera.y;
      return [...canvas.getContext("2d")!.getImageData(x * devicePixelRatio, y * devicePixelRatio, 1, 1).data.slice(0, 3)];
    });
    await expect.poll(pixel).toEqual([0x3f, 0x6f, 0xf0]);
  });

  await test.step("switched off, nothing of it is left, the value is kept, and it stays off", async () => {
    await page.evaluate(() => globalThis.weft.stage.fit());
    await menuEntry(page, "Extensions…");
    await page.getByRole("switch", { name: "Colours of weft_colour_example" }).click();
    await page.keyboard.press("Escape");
    await expect(node(page, "1").locator(".badge")).toHaveCount(0);
    await expect(widget(page, "1", "colour").getByRole("textbox")).toHaveValue('{"hex":"#3f6ff0"}');
    await page.getByRole("button", { name: "Extensions", exact: true }).click();
    await expect(page.getByRole("menu").getByRole("menuitem")).toHaveText(["Extensions…"]);
    await page.keyboard.press("Escape");
    await page.reload();
    await expect(widget(page, "1", "colour").getByRole("textbox")).toHaveValue('{"hex":"#3f6ff0"}');
    await menuEntry(page, "Extensions…");
    await page.getByRole("switch", { name: "colours of weft_colour_example" }).click();
    await page.keyboard.press("Escape");
    await expect(node(page, "1").locator(".badge")).toHaveText("#3f6ff0");
  });

  expect(await page.evaluate(() => globalThis.__violations)).toEqual([]);
  expect(errors).toEqual([]);
});

test("extensions that throw are caught and named, and the others go on", async ({ page }) => {
  const told = await openWith(page, "_example");
  await colourWorkflow(page);
  await expect(node(page, "1").locator(".badge")).toHaveText("#e8622c"); // the other pack's
  await expect(page.getByRole("alert").first()).toContainText("of the pack throwing_example");

  await test.step("one that fails at each decoration is switched off", async () => {
    const touch = (): Promise<number | undefined> => page.evaluate(() => {
      const { active } = globalThis.weft;
      active.value!.edit("t", [{ kind: "field", id: "1", field: "pos", value: [active.value!.revision.value, 0] }]);
      return globalThis.throwing?.decorations;
    });
    await expect.poll(touch, { timeout: 60_000 }).toBe(5);
    await expect(page.getByRole("alert").filter({ hasText: "The extension Throwing of the pack throwing_example was switched off" })).toBeVisible();
    await touch();
    await page.waitForTimeout(300);
    expect(await touch()).toBe(5);
  });

  await test.step("the list says what each of them did", async () => {
    await menuEntry(page, "Extensions…");
    const dialog = page.getByRole("dialog", { name: "Extensions" });
    const row = (name: string) => dialog.locator(".extension-row").filter({ has: page.getByRole("switch", { name: `${name} of throwing_example` }) });
    await expect(row("at_import")).toContainText("Could not start: thrown at import");
    await expect(row("Fails to start")).toContainText("Could not start: thrown in activate");
    await expect(row("foreign")).toContainText("expected apiVersion 1, found 2");
    await expect(row("Throwing")).toContainText("Was stopped: its decoration of nodes failed 5 times");
    await expect(dialog.getByRole("switch", { name: "Colours of weft_colour_example" })).toHaveAttribute("aria-checked", "true");
    const { violations } = await new AxeBuilder({ page }).include(".dialog").analyze();
    expect(violations.filter(({ impact }) => impact === "serious" || impact === "critical")).toEqual([]);
    await page.keyboard.press("Escape");
  });

  await test.step("one that answers each change by a change is switched off", async () => {
    await page.evaluate(() => void globalThis.weft.addNode("Note", [0, 0]));
    await expect(page.getByRole("alert").filter({ hasText: "In circles of the pack throwing_example was switched off: it answers each change by a change of its own, without end" })).toBeVisible({ timeout: 60_000 });
    const rounds = await page.evaluate(() => globalThis.circles);
    expect(rounds).toBeLessThan(40);
    await page.waitForTimeout(200);
    expect(await page.evaluate(() => globalThis.circles)).toBe(rounds);
  });
  expect(told.some((line) => line.includes("throwing_example/in_callbacks.js: its decoration of nodes failed"))).toBe(true);
});

test("what fails in commands, widgets, panels and listeners is told, slow calls too, and half a change is taken back", async ({ page }) => {
  const told = await openWith(page, "throwing");
  await page.evaluate(() => void globalThis.weft.open({ nodes: [], links: [], version: 0.4 }, "empty"));
  await expect.poll(() => page.evaluate(() => globalThis.weft.commands.all.value.some((command) => command.id === "throwing_example/in_callbacks.js:half")), { timeout: 60_000 }).toBe(true);
  const heard = (text: string): Promise<void> => expect.poll(() => told.some((line) => line.includes(text)), { message: text }).toBe(true);

  for (const [command, text] of [
    ["Fail in a command", 'its command "Fail in a command" failed: Error: thrown in a command'],
    ["Fail later", 'its command "Fail later" failed: Error: rejected in a command'],
    ["Call itself", 'its command "Call itself" failed: Error: it calls itself without end (16 calls inside each other)'],
    ["Take long", 'its command "Take long" took '],
    ["A broken panel", 'its panel "A broken panel" failed: Error: thrown in a panel'],
  ] as const) {
    await page.keyboard.press("Escape");
    await menuEntry(page, command);
    await heard(text);
  }
  await page.evaluate(() => dispatchEvent(new Event("weft-test")));
  await heard("code of its own failed: Error: thrown in a listener of its own");
  await menuEntry(page, "Change half");
  await heard('its command "Change half" failed');
  expect(await page.evaluate(() => [globalThis.weft.active.value!.graph.nodes.size, globalThis.weft.active.value!.history.canUndo, globalThis.weft.active.value!.history.canRedo])).toEqual([0, false, false]);
  // its widget can't be shown, so the editor's own is
  await page.evaluate(() => { globalThis.weft.addNode("EmptyLatentImage", [0, 0]); globalThis.weft.stage.fit(); });
  await heard("its widget for width of EmptyLatentImage failed: Error: thrown in a widget");
  await expect(widget(page, "1", "width").getByRole("spinbutton")).toBeVisible();
});

test("a safe start runs no extension, and nor does the one during whose start the page hung", async ({ page }) => {
  await openWith(page, "colour_example", "/?extensions=off");
  await menuEntry(page, "Extensions…");
  await expect(page.getByRole("dialog", { name: "Extensions" })).toContainText("This is a safe start");
  await expect(page.getByRole("switch", { name: "colours of weft_colour_example" })).toHaveAttribute("aria-checked", "false");
  await page.evaluate(() => addEventListener("pagehide", () => sessionStorage.setItem("weft.extension_starting", "weft_colour_example/colours.js")));
  await page.goto(server.url);
  await expect(page.getByRole("alert").filter({ hasText: "was not started: last time the page hung" })).toContainText("weft_colour_example", { timeout: 60_000 });
  await page.reload();
  await expect.poll(() => page.evaluate(() => globalThis.weft?.commands.all.value.some((command) => command.id === "weft_colour_example/colours.js:paint")), { timeout: 60_000 }).toBe(true);
});

test("a pack's nodes are called as its texts say in the reader's language, and the file is the same in each", async ({ browser }) => {
  const page = await (await browser.newContext({ locale: "de-AT" })).newPage();
  await page.goto(server.url);
  await expect(page.getByRole("button", { name: "Ausführen", exact: true })).toBeVisible();
  await colourWorkflow(page);
  await expect(node(page, "1").locator(".node-name")).toHaveText("Farbe (Beispiel)");
  await expect(widget(page, "1", "size").getByRole("spinbutton", { name: "Größe" })).toHaveAttribute("title", "Breite und Höhe in Pixeln");
  await expect(node(page, "1").locator(".socket.out")).toHaveText("Bild");
  expect(await page.evaluate(() => JSON.stringify(globalThis.weft.active.value!.toWorkflow()))).not.toMatch(/Farbe|Größe|Bild/);
  await page.context().close();
});

test("the types that extensions are written with are served", async ({ page }) => {
  const answer = await page.request.get(`${server.url}/weft-extension.d.ts`);
  expect(answer.status()).toBe(200);
  expect(await answer.text()).toContain("export interface Extension");
});
