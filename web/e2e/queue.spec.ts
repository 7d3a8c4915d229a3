/** The waiting line in the status strip: order, cancel, pause. */

import { expect, test } from "@playwright/test";
import { newSeed, openEditor, run } from "./editor_page";

const waiting = async (page: import("@playwright/test").Page): Promise<string[]> => {
  const line = (await (await page.request.get("/api/queue")).json()) as { queue_pending: [number, string][] };
  return line.queue_pending.map(([, id]) => id);
};

test("waiting runs are put first, cancelled, and held back while the queue is paused", async ({ page }) => {
  await openEditor(page);
  await page.request.post("/api/queue", { data: { pause: true } });
  for (const count of [1, 2]) {
    await newSeed(page);
    await run(page);
    await expect.poll(async () => (await waiting(page)).length).toBe(count);
  }
  const [first, second] = await waiting(page);
  await page.getByText("2 waiting, paused").click();
  await page.getByRole("button", { name: "Run waiting run 2 next" }).click();
  await expect.poll(() => waiting(page)).toEqual([second, first]);
  await page.screenshot({ path: "test-results/queue.png" });
  await page.getByRole("button", { name: "Cancel waiting run 2" }).click();
  await expect.poll(() => waiting(page)).toEqual([second]);
  await page.getByRole("button", { name: "Cancel waiting run 1" }).click();
  await expect(page.getByText("0 waiting, paused")).toBeVisible();
  await page.getByRole("button", { name: "Go on" }).click();
  await expect(page.getByText("waiting, paused")).toHaveCount(0);
  expect(((await (await page.request.get("/api/queue")).json()) as { paused: boolean }).paused).toBe(false);
});
