import { expect, it } from "vitest";
import { firstLook, fit } from "./camera";

const AREA = { x: 100, y: 200, width: 1700, height: 700 };
const INSETS = { top: 52, bottom: 44, right: 0 };

it("shows all of a workflow at first, and its readable beginning on a phone", () => {
  expect(firstLook(AREA, 1400, 900, INSETS)).toEqual(fit(AREA, 1400, 900, INSETS));
  const { scale, x, y } = firstLook(AREA, 390, 844, INSETS);
  expect(scale).toBeGreaterThanOrEqual(0.6);
  expect([AREA.x * scale + x, AREA.y * scale + y]).toEqual([16, 68]); // its upper left, below the bar
  const small = { x: 0, y: 0, width: 200, height: 100 };
  expect(firstLook(small, 390, 844, INSETS)).toEqual(fit(small, 390, 844, INSETS));
});
