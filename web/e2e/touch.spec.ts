/** A phone: the top bar in 390 pixels, targets for fingers, and what one and two fingers do. */

import { expect, test, type CDPSession, type Page } from "@playwright/test";
import { node, openEditor, socketAt } from "./editor_page";
import { command } from "./panels_table";

test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, trace: "off" });

type Finger = { x: number; y: number };
const touch = (session: CDPSession, type: "touchStart" | "touchMove" | "touchEnd", fingers: readonly Finger[]): Promise<unknown> =>
  session.send("Input.dispatchTouchEvent", { type, touchPoints: fingers.map(({ x, y }, id) => ({ x, y, id })) });

/** Lifts fingers that have come to rest: after a fling the browser would take the next tap for a stop. */
async function lift(session: CDPSession, at: readonly Finger[]): Promise<void> {
  for (let pause = 0; pause < 3; pause++) {
    await touch(session, "touchMove", at);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  await touch(session, "touchEnd", []);
}

/** Moves fingers from one place to another in steps, and lifts them. */
async function slide(session: CDPSession, from: readonly Finger[], to: readonly Finger[], steps = 5): Promise<void> {
  await touch(session, "touchStart", from);
  for (let step = 1; step <= steps; step++)
    await touch(session, "touchMove", from.map(({ x, y }, index) => ({ x: x + ((to[index]!.x - x) * step) / steps, y: y + ((to[index]!.y - y) * step) / steps })));
  await lift(session, to);
}

const camera = (page: Page): Promise<{ x: number; y: number; scale: number }> => page.evaluate(() => globalThis.weft.active.value!.camera.value);

/** Fits the graph's left half, so that there is void at the bottom. */
const place = (page: Page, x: number, y: number, scale: number): Promise<void> =>
  page.evaluate(([x, y, scale]) => globalThis.weft.stage.setCamera({ x: x!, y: y!, scale: scale! }), [x, y, scale]);

test("the top bar fits, the number of runs among it, and every target is large enough", async ({ page }) => {
  await openEditor(page);
  await expect(page.getByRole("spinbutton", { name: "Number of runs" })).toBeVisible();
  const boxes = await page.locator(".top-bar :is(button, input), .status-strip button").evaluateAll((elements) =>
    elements.filter((element) => element.getClientRects().length > 0).map((element) => {
      const { left, right, height } = element.getBoundingClientRect();
      return { name: element.getAttribute("aria-label") ?? element.textContent, left, right, height };
    }));
  expect(boxes.filter(({ left, right }) => left < 0 || right > 390)).toEqual([]);
  expect(boxes.filter(({ height }) => height < 40)).toEqual([]);
  await page.getByRole("button", { name: "More", exact: true }).tap();
  await page.getByRole("menuitem", { name: /^Settings/ }).tap();
  const sheet = (await page.getByRole("dialog", { name: "Settings" }).boundingBox())!;
  expect([sheet.x, Math.round(sheet.width), Math.round(sheet.y + sheet.height)]).toEqual([0, 390, 844]);
  await page.keyboard.press("Escape");
  await command(page, "palette.open");
  await expect(page.getByRole("combobox", { name: "Command" })).toBeInViewport();
});

test("one finger pans, two zoom; a widget that was touched before does not count as a finger", async ({ page }) => {
  await openEditor(page);
  const session = await page.context().newCDPSession(page);
  await place(page, -200, -100, 0.8);
  const field = (await node(page, "4").locator("[data-widget='width']").boundingBox())!;
  await slide(session, [{ x: field.x + 30, y: field.y + 8 }], [{ x: field.x + 31, y: field.y + 8 }], 1);
  await page.keyboard.press("Escape");
  const before = await camera(page);
  await slide(session, [{ x: 200, y: 760 }], [{ x: 240, y: 700 }]);
  const panned = await camera(page);
  expect(panned.scale).toBe(before.scale);
  expect([Math.round(panned.x - before.x), Math.round(panned.y - before.y)]).toEqual([40, -60]);
  await slide(session, [{ x: 150, y: 700 }, { x: 250, y: 700 }], [{ x: 100, y: 700 }, { x: 300, y: 700 }]);
  const zoomed = await camera(page);
  expect(zoomed.scale / panned.scale).toBeCloseTo(2, 1);
  await slide(session, [{ x: 200, y: 760 }], [{ x: 220, y: 740 }]);
  expect((await camera(page)).scale).toBe(zoomed.scale);
});

test("a link is dragged by a finger, and a long press opens the menu", async ({ page }) => {
  await openEditor(page);
  const session = await page.context().newCDPSession(page);
  await page.evaluate(() => {
    const active = globalThis.weft.active.value!;
    active.edit("test", [{ kind: "removeLink", id: active.graph.linkInto("6", "samples")!.id }]);
    globalThis.weft.stage.fit(["5", "6"]);
  });
  const [from, to] = [await socketAt(page, "5", { slot: 0 }), await socketAt(page, "6", { input: "samples" })];
  await slide(session, [{ x: from.x + 8, y: from.y + 6 }], [to]);
  expect(await page.evaluate(() => globalThis.weft.active.value!.graph.linkInto("6", "samples")?.from)).toBe("5");
  const title = await page.evaluate(() => {
    const active = globalThis.weft.active.value!;
    const { x, y, width } = active.bounds("5");
    const { x: dx, y: dy, scale } = active.camera.value;
    return { x: (x + width / 2) * scale + dx, y: (y + 14) * scale + dy };
  });
  await touch(session, "touchStart", [title]);
  await expect(page.getByRole("menu")).toBeVisible();
  await touch(session, "touchEnd", []);
  await expect(page.getByRole("menuitem", { name: "Rename", exact: false }).first()).toBeVisible();
  await page.getByRole("menuitem", { name: /^Delete/ }).tap();
  await expect.poll(() => page.evaluate(() => globalThis.weft.active.value!.graph.nodes.has("5"))).toBe(false);
});

/** Ids of the selected nodes, and how many groups are selected. */
const selection = (page: Page): Promise<[string[], number]> =>
  page.evaluate(() => [[...globalThis.weft.active.value!.selection.value].sort(), globalThis.weft.active.value!.selectedGroups.value.size]);

for (const [size, width, height] of [["a phone", 390, 844], ["a tablet", 820, 1180]] as const)
  test(`a finger selects with boxes and taps on ${size}`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await openEditor(page);
    const session = await page.context().newCDPSession(page);
    await page.evaluate(() => {
      const active = globalThis.weft.active.value!;
      active.select(["5", "6"]);
      globalThis.weft.groupSelection();
      globalThis.weft.ui.renamingGroup.value = null;
      active.select([]);
      globalThis.weft.stage.fit();
    });
    const box = await page.evaluate(() => {
      const active = globalThis.weft.active.value!;
      const { x, y, width, height } = [...active.graph.groups.values()].at(-1)!.bounds;
      const { x: dx, y: dy, scale } = active.camera.value;
      return { left: (x - 12) * scale + dx, top: (y - 12) * scale + dy, right: (x + width + 12) * scale + dx, bottom: (y + height + 12) * scale + dy };
    });
    const [from, to] = [{ x: box.left, y: box.bottom }, { x: box.right, y: box.top }];
    const before = await camera(page);
    await touch(session, "touchStart", [from]);
    await expect(page.getByRole("menu")).toBeVisible();
    for (const part of [0.3, 0.7]) await touch(session, "touchMove", [{ x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }]);
    await lift(session, [to]);
    expect(await selection(page)).toEqual([["5", "6"], 1]);
    await expect(page.getByRole("menu")).toBeHidden();
    expect(await camera(page)).toEqual(before);

    await page.getByRole("button", { name: "Menu of the selection" }).tap();
    await page.getByRole("menuitem", { name: /^Duplicate/ }).tap();
    await expect.poll(() => page.evaluate(() => globalThis.weft.active.value!.graph.groups.size)).toBe(2);
    await page.getByRole("button", { name: /^Undo/ }).tap();
    await page.waitForTimeout(400); // a second tap too soon is a double click
    await page.evaluate(() => globalThis.weft.active.value!.select([]));

    await page.getByRole("button", { name: "Select with a box" }).tap();
    await slide(session, [from], [to]);
    expect(await selection(page)).toEqual([["5", "6"], 1]);
    expect(await camera(page)).toEqual(before);
    await page.getByRole("button", { name: "Select with a box" }).tap();
    await slide(session, [from], [{ x: from.x + 40, y: from.y }]);
    expect((await camera(page)).x - before.x).toBeCloseTo(40, 0);
  });
