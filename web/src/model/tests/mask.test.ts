import { describe, expect, it } from "vitest";
import { Mask } from "../mask/mask";
import { clear, feather, fillFrom, fillPolygon, invert } from "../mask/shapes";
import { Stroke, touchAt, type Brush } from "../mask/stroke";

/** A picture of a mask: `#` full, `.` nothing, `+` in between. */
const drawn = (mask: Mask): string[] => Array.from({ length: mask.height }, (_, y) => [...mask.data.subarray(y * mask.width, (y + 1) * mask.width)].map((value) => (value === 255 ? "#" : value === 0 ? "." : "+")).join(""));
const of = (rows: readonly string[]): Mask => new Mask(rows[0]!.length, rows.length, Uint8Array.from([...rows.join("")].map((letter) => (letter === "#" ? 255 : 0))));
const sum = (mask: Mask): number => mask.data.reduce((total, value) => total + value, 0);
const HARD: Brush = { size: 2, hardness: 1, opacity: 1, erases: false };

function stroke(mask: Mask, brush: Partial<Brush>, ...points: [number, number, number?][]): void {
  const made = new Stroke(mask, { ...HARD, ...brush });
  for (const [x, y, pressure = 1] of points) made.to({ x, y, pressure });
  made.end();
}

describe("a stroke", () => {
  it("covers the line between its points, without gaps", () => {
    const mask = new Mask(9, 5);
    stroke(mask, { size: 3 }, [1.5, 2.5], [7.5, 2.5]);
    expect(drawn(mask)[2]!.slice(1, 8)).toBe("#######");
    expect(drawn(mask)[0]).toBe(".........");
  });

  it("adds nothing where it crosses itself", () => {
    const [once, twice] = [new Mask(12, 12), new Mask(12, 12)];
    stroke(once, { opacity: 0.5, size: 4 }, [2, 6], [10, 6]);
    stroke(twice, { opacity: 0.5, size: 4 }, [2, 6], [10, 6], [2, 6], [10, 6]);
    expect([...twice.data]).toEqual([...once.data]);
    expect(Math.max(...once.data)).toBe(128);
    stroke(twice, { opacity: 0.5, size: 4 }, [2, 6], [10, 6]);
    expect(Math.max(...twice.data)).toBe(192);
  });

  it("fades towards its edge where it is soft", () => {
    const fading = [0, 2, 5, 8, 10.5].map((distance) => touchAt(distance, 10, 0));
    expect(fading).toEqual([...fading].sort((a, b) => b - a));
    expect([fading[0], fading[4]]).toEqual([1, 0]);
    expect(fading[2]).toBeCloseTo(0.57, 1);
    expect([touchAt(8, 10, 1), touchAt(11, 10, 1), touchAt(10, 10, 1)]).toEqual([1, 0, 0.5]);
    expect(touchAt(7, 10, 0.8)).toBe(1);
    const [soft, hard] = [new Mask(40, 40), new Mask(40, 40)];
    stroke(soft, { size: 30, hardness: 0 }, [20, 20]);
    stroke(hard, { size: 30, hardness: 1 }, [20, 20]);
    expect(sum(hard) / 255).toBeCloseTo(Math.PI * 225, -1.5);
    expect(sum(soft)).toBeLessThan(sum(hard) * 0.5);
  });

  it("is thinner with less pressure", () => {
    const [light, full] = [new Mask(40, 40), new Mask(40, 40)];
    stroke(light, { size: 20 }, [20, 20, 0.2]);
    stroke(full, { size: 20 }, [20, 20, 1]);
    expect(sum(light)).toBeLessThan(sum(full) / 4);
    expect(sum(light)).toBeGreaterThan(0);
  });

  it("erases, also in part, and stays inside", () => {
    const mask = of(Array<string>(8).fill("########"));
    stroke(mask, { erases: true, size: 4 }, [0, 0], [-50, -50]);
    expect(mask.data[0]).toBe(0);
    expect(mask.data[63]).toBe(255);
    stroke(mask, { erases: true, opacity: 0.25, size: 100 }, [4, 4]);
    expect(mask.data[63]).toBe(191);
  });

  it("can be taken back while it is made", () => {
    const mask = of(["#...", "...."]);
    const made = new Stroke(mask, HARD);
    made.to({ x: 2, y: 1, pressure: 1 });
    expect(made.cancel()).not.toBeNull();
    expect(drawn(mask)).toEqual(["#...", "...."]);
    expect(mask.canUndo).toBe(false);
  });

  it("is one step to undo", () => {
    const mask = new Mask(20, 20);
    stroke(mask, { size: 6 }, [5, 5], [15, 5]);
    const first = [...mask.data];
    stroke(mask, { size: 6, erases: true }, [10, 5], [10, 15]);
    const second = [...mask.data];
    expect(mask.undo()).toMatchObject({ x: expect.any(Number), width: expect.any(Number) });
    expect([...mask.data]).toEqual(first);
    mask.undo();
    expect(sum(mask)).toBe(0);
    expect([mask.canUndo, mask.undo()]).toEqual([false, null]);
    mask.redo();
    mask.redo();
    expect([...mask.data]).toEqual(second);
    mask.undo();
    clear(mask);
    expect(mask.canRedo).toBe(false);
    stroke(mask, {}, [500, 500]);
    mask.undo();
    expect([...mask.data], "a stroke outside is no step").toEqual(first);
  });
});

describe("shapes", () => {
  it("a polygon covers what lies in it, edges in part", () => {
    const mask = new Mask(6, 5);
    fillPolygon(mask, [[1, 1], [4.5, 1], [4.5, 4], [1, 4]], 1, false);
    expect(drawn(mask)).toEqual(["......", ".###+.", ".###+.", ".###+.", "......"]);
    expect(mask.data[1 * 6 + 4]).toBe(128);
    fillPolygon(mask, [[0, 0], [3, 0], [3, 5], [0, 5]], 1, true);
    expect(drawn(mask)[2]).toBe("...#+.");
    mask.undo();
    mask.undo();
    expect(sum(mask)).toBe(0);
    expect(fillPolygon(mask, [[0, 0], [3, 3]], 1, false)).toBeNull();
    const triangle = new Mask(100, 100);
    fillPolygon(triangle, [[0, 0], [100, 0], [0, 100]], 1, false);
    expect(sum(triangle) / 255).toBeCloseTo(5000, -1);
  });

  it("a filling ends at what is painted", () => {
    const ring = [".......", ".#####.", ".#...#.", ".#.#.#.", ".#...#.", ".#####.", "......."];
    const mask = of(ring);
    fillFrom(mask, 2, 2, false);
    expect(drawn(mask)).toEqual([".......", ".#####.", ".#####.", ".#####.", ".#####.", ".#####.", "......."]);
    mask.undo();
    expect(drawn(mask)).toEqual(ring);
    fillFrom(mask, 0, 0, false);
    expect(drawn(mask)[0]).toBe("#######");
    expect(drawn(mask)[2]).toBe("##...##");
    mask.undo();
    fillFrom(mask, 1, 1, true);
    expect(drawn(mask)[3]).toBe("...#...");
    expect(fillFrom(mask, 0, 0, true)).toBeNull();
    expect(fillFrom(mask, -1, 0, false)).toBeNull();
  });

  it("soft edges keep the amount and the even parts", () => {
    const mask = new Mask(61, 61);
    fillPolygon(mask, [[20, 20], [41, 20], [41, 41], [20, 41]], 1, false);
    const before = sum(mask);
    feather(mask, 6);
    expect(sum(mask) / before).toBeCloseTo(1, 2);
    expect(mask.data[30 * 61 + 30]).toBe(255);
    expect(mask.data[30 * 61 + 20]).toBeGreaterThan(100);
    expect(mask.data[30 * 61 + 17]).toBeGreaterThan(0);
    expect(mask.data[30 * 61 + 10]).toBe(0);
    for (let x = 10; x < 30; x++) expect(mask.data[30 * 61 + x + 1]).toBeGreaterThanOrEqual(mask.data[30 * 61 + x]!);
    const full = of(["###", "###"]);
    expect(feather(full, 30)).toBeNull();
    expect(drawn(full)).toEqual(["###", "###"]);
    const [dot, hole] = [new Mask(50, 40), new Mask(50, 40, new Uint8Array(2000).fill(255))];
    for (const [mask, value] of [[dot, 255], [hole, 0]] as const) for (let y = 12; y < 19; y++) mask.data.fill(value, y * 50 + 10, y * 50 + 20);
    expect(feather(dot, 5)).toEqual(feather(hole, 5));
    expect([...hole.data].every((value, at) => Math.abs(255 - value - dot.data[at]!) <= 1), "a hole is softened as a spot is").toBe(true);
  });

  it("invert and clear", () => {
    const mask = of(["#..", "##."]);
    invert(mask);
    expect(drawn(mask)).toEqual([".##", "..#"]);
    clear(mask);
    expect(sum(mask)).toBe(0);
    mask.undo();
    mask.undo();
    expect(drawn(mask)).toEqual(["#..", "##."]);
    expect(() => new Mask(2, 2, new Uint8Array(3))).toThrow("expected 4 bytes");
  });
});
