/** What do the tests do with the editor? The few moves that several of them make. */

import { expect, type Locator, type Page } from "@playwright/test";
import type { Editor } from "../src/editor";

declare global {
  // set by src/main.tsx
  var weft: Editor;
}

export async function openEditor(page: Page): Promise<void> {
  await page.goto("/");
  await expect(page.getByRole("button", { name: "Run", exact: true })).toBeVisible();
  await expect.poll(() => page.evaluate(() => globalThis.weft?.socket.connection.value)).toBe("open");
}

export const node = (page: Page, id: string): Locator => page.locator(`[data-node="${id}"]`);
export const widget = (page: Page, id: string, name: string): Locator => node(page, id).locator(`[data-widget="${name}"]`);
export const picture = (page: Page, id: string): Locator => node(page, id).locator(".picture img");

export const run = (page: Page): Promise<void> => page.getByRole("button", { name: "Run", exact: true }).click();

/** A seed that the server has no results for yet. */
export const newSeed = (page: Page): Promise<void> =>
  page.evaluate(() => globalThis.weft.active.value!.edit("test", [{ kind: "value", id: "5", name: "seed", value: Math.floor(Math.random() * 1e9) }]));

/** Resolves when nothing runs or waits. */
export async function idle(page: Page): Promise<void> {
  await expect.poll(async () => ((await (await page.request.get("/api/prompt")).json()) as { exec_info: { queue_remaining: number } }).exec_info.queue_remaining, { timeout: 120_000 }).toBe(0);
}

/** A socket's place on the screen. */
export function socketAt(page: Page, id: string, socket: { input: string } | { slot: number }): Promise<{ x: number; y: number }> {
  return page.evaluate(({ id, socket }) => {
    const active = globalThis.weft.active.value!;
    const place = active.graph.node(id);
    const layout = active.layout(id);
    const camera = active.camera.value;
    const x = place.pos[0] + ("slot" in socket ? layout.width : 0);
    const y = place.pos[1] + ("slot" in socket ? layout.outputs[socket.slot]!.y : layout.inputs.find((input) => input.name === socket.input)!.y);
    return { x: x * camera.scale + camera.x, y: y * camera.scale + camera.y };
  }, { id, socket });
}

export async function dragMouse(page: Page, from: { x: number; y: number }, to: { x: number; y: number }, steps = 6): Promise<void> {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps });
  await page.mouse.up();
}

/** Websocket messages of one type, as they arrive from now on. */
export function messages(page: Page, type: string): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = [];
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => {
      if (typeof payload !== "string") return;
      const message = JSON.parse(payload) as { type: string; data: Record<string, unknown> };
      if (message.type === type) found.push(message.data);
    }),
  );
  return found;
}
