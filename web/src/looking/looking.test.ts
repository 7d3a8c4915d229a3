/** The arithmetic behind looking at results: which tiles are mounted, what pixels and latents say, where a zoom leads. */

import { describe, expect, test } from "vitest";
import { FIT, panned, zoomed } from "./camera";
import { MARGIN_ROWS, moved, shown } from "./grid";
import { readLatent } from "./latent";
import { mediaOf } from "./media_kinds";
import { histogram, outline, topOf } from "./pixels";

describe("the grid", () => {
  test("mounts what is in view and a margin, wherever one scrolls", () => {
    for (const top of [0, 50, 9_999, 99_900, 1e6]) {
      const { columns, first, end } = shown(3000, 300, 700, top, 100);
      expect(columns).toBe(3);
      expect(end - first).toBeLessThanOrEqual((8 + 1 + 2 * MARGIN_ROWS) * 3);
      const [firstInView, endInView] = [Math.min(3000, Math.floor(top / 100) * 3), Math.min(3000, Math.ceil((top + 700) / 100) * 3)];
      expect(first <= firstInView && end >= endInView).toBe(true);
    }
  });
  test("gives tiles all of the width", () => {
    expect(shown(10, 370, 100, 0, 100)).toMatchObject({ columns: 3, tile: 123 });
  });
  test("has a column where there is hardly room, and mounts nothing of nothing", () => {
    expect(shown(10, 20, 100, 0, 100).columns).toBe(1);
    expect(shown(0, 300, 700, 0, 100)).toEqual({ columns: 3, tile: 100, first: 0, end: 0 });
  });
  test.each([["ArrowRight", 5, 6], ["ArrowDown", 5, 8], ["ArrowUp", 1, 1], ["ArrowLeft", 0, 0], ["ArrowDown", 9, 9], ["End", 2, 9], ["Home", 7, 0], ["x", 4, 4]])("%s leads from %i to %i", (key, from, to) => {
    expect(moved(from, key, 3, 10)).toBe(to);
  });
});

describe("the camera", () => {
  test("keeps the point under the pointer where it is", () => {
    const before = panned(zoomed(FIT, 2, 10, 20), 7, -3);
    const inPicture = ({ scale, x, y }: typeof before): number[] => [(50 - x) / scale, (60 - y) / scale];
    expect(inPicture(zoomed(before, 3, 50, 60)).map((each) => each.toFixed(6))).toEqual(inPicture(before).map((each) => each.toFixed(6)));
  });
  test("goes neither too near nor too far", () => {
    expect(zoomed(FIT, 1e9, 0, 0).scale).toBe(64);
    expect(zoomed(FIT, 1e-9, 0, 0).scale).toBe(0.5);
  });
});

describe("the histogram", () => {
  const pixels = new Uint8ClampedArray([255, 0, 10, 255, 255, 0, 30, 255, 9, 9, 9, 0]);
  test("counts values and means, without what is transparent", () => {
    const { counts, means } = histogram(pixels);
    expect(counts[0][255]).toBe(2);
    expect(counts[2][10]! + counts[2][30]!).toBe(2);
    expect(counts[0][9]).toBe(0);
    expect(means).toEqual([255, 0, 20]);
  });
  test("is drawn below its top", () => {
    const found = histogram(pixels);
    const line = outline(found.counts[2], topOf(found), 90);
    expect(line).toContain("10,0.0");
    expect(line).toContain("11,90.0");
    expect(histogram(new Uint8ClampedArray(4)).means).toEqual([0, 0, 0]);
  });
});

function latent(dtype: string, shape: number[], data: ArrayBuffer): ArrayBuffer {
  const header = new TextEncoder().encode(JSON.stringify({ __metadata__: { prompt: "{}" }, latent_tensor: { dtype, shape, data_offsets: [0, data.byteLength] } }));
  const file = new Uint8Array(8 + header.length + data.byteLength);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, 8);
  file.set(new Uint8Array(data), 8 + header.length);
  return file.buffer;
}

describe("a latent", () => {
  test.each([
    ["F32", new Float32Array([-1, 0, 1, 3, 5, 5, 5, 5]).buffer],
    ["F16", new Uint16Array([0xbc00, 0, 0x3c00, 0x4200, 0x4500, 0x4500, 0x4500, 0x4500]).buffer],
    ["BF16", new Uint16Array([0xbf80, 0, 0x3f80, 0x4040, 0x40a0, 0x40a0, 0x40a0, 0x40a0]).buffer],
  ])("in %s gives its channels", (dtype, data) => {
    const { tensors, channels } = readLatent(latent(dtype, [1, 2, 2, 2], data));
    expect(tensors).toEqual([{ name: "latent_tensor", dtype, shape: [1, 2, 2, 2] }]);
    expect(channels.map(({ lowest, highest }) => [lowest, highest])).toEqual([[-1, 3], [5, 5]]);
    expect([...channels[0]!.grey]).toEqual([0, 64, 128, 255]);
  });
  test("that is none, or cut short, is refused in words", () => {
    expect(() => readLatent(new ArrayBuffer(4))).toThrow("no latent");
    expect(() => readLatent(new Uint8Array(100).fill(255).buffer)).toThrow("no latent");
    expect(() => readLatent(latent("F32", [1, 4, 64, 64], new ArrayBuffer(16)))).toThrow("cut short");
  });
});

test.each([["a.PNG", "image"], ["a.b.mp4", "video"], ["x.flac", "audio"], ["x.latent", "latent"], ["x.json", "text"], ["x.glb", "other"], ["png", "other"]])("%s is shown as %s", (name, media) => {
  expect(mediaOf(name)).toBe(media);
});
