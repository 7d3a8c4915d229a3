/** The ecosystem's own front end, installed by whoever wants it, runs a job to its picture on this server. It is driven from outside only. */

import { execFileSync } from "node:child_process";
import path from "node:path";
import { expect, test } from "@playwright/test";
import { messages } from "./editor_page";
import { serverCommand, startServer, type OwnServer } from "./own_server";

const FIND = "import importlib.util as u; s = u.find_spec('comfyui_frontend_package'); print(s.submodule_search_locations[0] if s else '')";
const found = execFileSync(serverCommand(0)[0], ["-c", FIND]).toString().trim();

let server: OwnServer;

test.use({ viewport: { width: 900, height: 600 } }); // it is drawn by the processor
test.skip(found === "", "the package comfyui-frontend-package is not installed in the Python that runs the server (requirements-dev.txt has it)");
test.beforeAll(async () => {
  if (found) server = await startServer("--front-end-root", path.join(found, "static"));
});
test.afterAll(() => server?.stop());

const socket = (name: string, type: string, links: number | readonly number[]) => (typeof links === "number" ? { name, type, link: links } : { name, type, links });
const node = (id: number, type: string, inputs: unknown[], outputs: unknown[], values: unknown[]) =>
  ({ id, type, pos: [(id - 1) * 350, 100], size: [300, 200], flags: {}, order: id, mode: 0, inputs, outputs, properties: {}, widgets_values: values });
const workflow = {
  last_node_id: 7, last_link_id: 9, version: 0.4, config: {}, extra: {}, groups: [],
  nodes: [
    node(1, "CheckpointLoaderSimple", [], [socket("MODEL", "MODEL", [1]), socket("CLIP", "CLIP", [2, 3]), socket("VAE", "VAE", [8])], ["weft-tiny.safetensors"]),
    node(2, "CLIPTextEncode", [socket("clip", "CLIP", 2)], [socket("CONDITIONING", "CONDITIONING", [4])], ["a red circle"]),
    node(3, "CLIPTextEncode", [socket("clip", "CLIP", 3)], [socket("CONDITIONING", "CONDITIONING", [5])], [""]),
    node(4, "EmptyLatentImage", [], [socket("LATENT", "LATENT", [6])], [64, 64, 1]),
    node(5, "KSampler", [socket("model", "MODEL", 1), socket("positive", "CONDITIONING", 4), socket("negative", "CONDITIONING", 5), socket("latent_image", "LATENT", 6)],
      [socket("LATENT", "LATENT", [7])], [7, "fixed", 3, 5, "euler", "normal", 1]),
    node(6, "VAEDecode", [socket("samples", "LATENT", 7), socket("vae", "VAE", 8)], [socket("IMAGE", "IMAGE", [9])], []),
    node(7, "SaveImage", [socket("images", "IMAGE", 9)], [], ["original"]),
  ],
  links: [
    [1, 1, 0, 5, 0, "MODEL"], [2, 1, 1, 2, 0, "CLIP"], [3, 1, 1, 3, 0, "CLIP"], [4, 2, 0, 5, 1, "CONDITIONING"], [5, 3, 0, 5, 2, "CONDITIONING"],
    [6, 4, 0, 5, 3, "LATENT"], [7, 5, 0, 6, 0, "LATENT"], [8, 1, 2, 6, 1, "VAE"], [9, 6, 0, 7, 0, "IMAGE"],
  ],
};

test("a dropped workflow runs, its progress is understood, and its picture is asked for and shown", async ({ page }) => {
  const refused: string[] = [];
  page.on("response", (response) => {
    const { pathname } = new URL(response.url());
    // files of the user that nobody has made yet, and templates that another package brings
    const isOptional = response.status() === 404 && /^(\/api)?\/(userdata|templates|user\.css)/.test(pathname);
    if (response.url().startsWith(server.url) && response.status() >= 400 && !isOptional) refused.push(`${response.status()} ${response.request().method()} ${pathname}`);
  });
  await page.route((url) => !url.href.startsWith(server.url), (route) => route.abort()); // its maker's servers
  const executed = messages(page, "executed");
  const progress = messages(page, "progress");
  const succeeded = messages(page, "execution_success");
  await page.goto(server.url);
  await page.waitForFunction(() => (globalThis as unknown as { app?: { vueAppReady?: boolean } }).app?.vueAppReady === true, null, { timeout: 120_000 });
  await page.keyboard.press("Escape"); // what greets at the first start
  await page.evaluate((text) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], "dropped.json", { type: "application/json" }));
    const canvas = document.querySelector("canvas")!;
    for (const kind of ["dragenter", "dragover", "drop"]) canvas.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true, clientX: 600, clientY: 400 }));
  }, JSON.stringify(workflow));
  await expect.poll(() => page.evaluate(() => (globalThis as unknown as { app: { graph: { serialize(): { nodes: { type: string }[] } } } }).app.graph.serialize().nodes.map((entry) => entry.type).sort()), { timeout: 60_000 })
    .toEqual(workflow.nodes.map((entry) => entry.type).sort());
  const shown = page.waitForResponse((response) => response.url().includes("filename=original_"), { timeout: 120_000 });
  await page.keyboard.press("Control+Enter");
  const picture = await shown;
  expect(picture.status()).toBe(200);
  expect(picture.headers()["content-type"]).toMatch(/^image\//);
  await expect.poll(() => succeeded.length).toBe(1);
  expect(progress.at(-1)).toMatchObject({ value: 3, max: 3, node: "5" });
  expect(executed).toMatchObject([{ node: "7", output: { images: [{ subfolder: "", type: "output" }] } }]);
  const [{ filename }] = (executed[0] as { output: { images: [{ filename: string }] } }).output.images;
  const file = await page.request.get(`${server.url}/view?filename=${filename}&type=output`);
  expect((await file.body()).subarray(1, 4).toString()).toBe("PNG");
  expect(refused).toEqual([]);
});
