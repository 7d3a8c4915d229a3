import { describe, expect, it } from "vitest";
import { openDocument } from "../../fixtures/definitions";
import { toJson } from "../exact_json";
import { layoutSheet, labelOf, wrap } from "../sweep/sheet";
import { cellOf, drawsFrom, places, sweepable, type Axis, type SweepWidget } from "../sweep/sweep";
import { readValues } from "../sweep/values";
import type { WidgetSpec } from "../types";

const document = openDocument();
const widgets = sweepable(document.root);
const find = (node: string, name: string): SweepWidget => widgets.find((widget) => widget.node === node && widget.spec.name === name)!;
const spec = (node: string, name: string): WidgetSpec => find(node, name).spec;
const steps = spec("5", "steps");
const cfg = spec("5", "cfg");

describe("the values of a sweep", () => {
  it("are lists and ranges of numbers, each once", () => {
    expect(readValues("10, 20,30, 10", steps)).toEqual([10, 20, 30]);
    expect(readValues("10..14", steps)).toEqual([10, 11, 12, 13, 14]);
    expect(readValues("30..10 step 10", steps)).toEqual([30, 20, 10]);
    expect(readValues("1..2 step 0.3", cfg)).toEqual([1, 1.3, 1.6, 1.9]);
    expect(readValues("1..4", cfg)).toEqual([1, 2, 3, 4]);
    expect(readValues("1..1.2", { ...cfg, step: 0.1 })).toEqual([1, 1.1, 1.2]);
    expect(readValues("0..1 in 5", cfg)).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(readValues("5, 7..8 in 2", cfg)).toEqual([5, 7, 8]);
    expect(readValues("18446744073709551615", { ...spec("5", "seed"), exactMax: 2n ** 64n - 1n })).toEqual([18446744073709551615n]);
    expect(readValues("random 3", spec("5", "seed"), drawsFrom(1))).toHaveLength(3);
  });
  it("are names of choices or parts of them, all, switches, and lines of text", () => {
    const sampler = spec("5", "sampler_name");
    expect(readValues("euler, dpmpp_2m", sampler)).toEqual(["euler", "dpmpp_2m"]);
    expect(readValues("all", sampler)).toEqual(sampler.choices);
    expect(readValues("on, false", { ...steps, kind: "toggle" })).toEqual([true, false]);
    expect(readValues("a star, at night\n\n a moon ", spec("2", "text"))).toEqual(["a star, at night", "a moon"]);
  });
  it.each([
    ["ten", steps, /whole number, found "ten"/], ["1.5", steps, /whole number/], ["", steps, /found none/], ["-5", steps, /expected 1 to/],
    ["1..9000", steps, /at most 100 values, found 9000/], ["1..2 step 0", cfg, /above 0/], ["warp", spec("5", "sampler_name"), /none of its choices/],
    ["dpmpp_2", { ...spec("5", "sampler_name"), choices: ["dpmpp_2m", "dpmpp_2s"] }, /may be dpmpp_2m, dpmpp_2s/], ["maybe", { ...steps, kind: "toggle" } as WidgetSpec, /on or off/],
  ])("refuses %j in words", (text, widget, words) => {
    expect(() => readValues(text, widget)).toThrow(words);
  });
});

describe("the cells of a sweep", () => {
  const x: Axis = { widget: find("5", "steps"), values: [4, 8, 12] };
  const y: Axis = { widget: find("2", "text"), values: ["a star", "a {red|blue} moon"] };

  it("are one run for each pair of values, and leave the workflow as it was", () => {
    const before = toJson(document.toWorkflow());
    const cells = places(x, y).map((place) => cellOf(document.root, x, y, place, drawsFrom(7)));
    expect(cells.map(({ prompt }) => prompt["5"]!.inputs.steps)).toEqual([4, 8, 12, 4, 8, 12]);
    expect(cells[2]!.prompt["2"]!.inputs.text).toBe("a star");
    expect(toJson(cells[1]!.workflow)).toContain('"a star"');
    expect(toJson(document.toWorkflow())).toBe(before);
    const drawn = cells.slice(3).map(({ prompt }) => prompt["2"]!.inputs.text);
    expect(new Set(drawn).size).toBe(1);
    expect(drawn[0]).toMatch(/^a (red|blue) moon$/);
  });
  it("are limited, and of two different widgets", () => {
    expect(places(x, null)).toHaveLength(3);
    expect(() => places(x, x)).toThrow(/two different widgets/);
    const many = Array.from({ length: 30 }, (_, index) => index + 1);
    expect(() => places({ ...x, values: many }, { ...y, values: many.map(String) })).toThrow(/at most 400 runs, found 900/);
  });
  it("are of widgets that have a value of their own", () => {
    expect(find("5", "seed").isSeed).toBe(true);
    expect(widgets.some((widget) => widget.spec.kind === "control")).toBe(false);
    const muted = openDocument();
    muted.edit("mute", [{ kind: "field", id: "5", field: "mode", value: 2 }]);
    expect(sweepable(muted.root).some((widget) => widget.node === "5")).toBe(false);
  });
});

describe("a contact sheet", () => {
  it("has its cells in a grid beside the labels, and is never too large", () => {
    const sheet = layoutSheet(3, 2, true, 128, 64);
    expect([sheet.cellWidth, sheet.cellHeight]).toEqual([128, 64]);
    const [x, y] = sheet.at(2, 1);
    expect([x + 128 + 20, y + 64 + 20]).toEqual([sheet.width, sheet.height]);
    const large = layoutSheet(20, 20, true, 4096, 2048);
    expect(large.width * large.height).toBeLessThan(90e6);
    expect(Math.max(large.width, large.height)).toBeLessThanOrEqual(16_384);
    expect(large.cellWidth / large.cellHeight).toBeCloseTo(2, 1);
    expect(layoutSheet(100, 1, false, 512, 512).width).toBeLessThanOrEqual(16_384);
  });
  it("names values as people know them", () => {
    expect([true, 0.25, "models/sd\\tiny.safetensors", "input/star.png", "a  b\nc"].map(labelOf)).toEqual(["on", "0.25", "tiny", "star.png", "a b c"]);
    expect(labelOf("x".repeat(200))).toHaveLength(80);
    const measure = (text: string): number => text.length;
    expect(wrap("one two three four", 9, 2, measure)).toEqual(["one two", "three…"]);
    expect(wrap("one two", 9, 2, measure)).toEqual(["one two"]);
    expect(wrap("abcdefghij", 4, 5, measure)).toEqual(["abcd", "efgh", "ij"]);
  });
});
