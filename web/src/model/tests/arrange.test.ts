import { describe, expect, it } from "vitest";
import { openDocument } from "../../fixtures/definitions";
import { arrange, type Arrangement } from "../arrange";

const ids = ["2", "4", "5"];
const apply = (how: Arrangement, pinned: string[] = []) => {
  const document = openDocument();
  for (const id of pinned) document.graph.node(id).pinned = true;
  const before = ids.map((id) => document.bounds(id));
  document.edit("align", arrange(document.graph, ids.map((id) => ({ id, bounds: document.bounds(id) })), how));
  return { document, before, after: ids.map((id) => document.bounds(id)) };
};

describe("arranging nodes", () => {
  it("aligns edges and leaves the other axis alone", () => {
    const left = apply("left");
    expect(new Set(left.after.map((bounds) => bounds.x)).size).toBe(1);
    expect(left.after.map((bounds) => bounds.y)).toEqual(left.before.map((bounds) => bounds.y));
    expect(new Set(apply("bottom").after.map((bounds) => bounds.y + bounds.height)).size).toBe(1);
  });

  it("spaces out with equal gaps, in one step of undo", () => {
    const { document, before, after } = apply("down");
    const sorted = [...after].sort((a, b) => a.y - b.y);
    const gaps = sorted.slice(1).map((bounds, index) => bounds.y - sorted[index]!.y - sorted[index]!.height);
    expect(Math.abs(gaps[0]! - gaps[1]!)).toBeLessThanOrEqual(1);
    document.undo();
    expect(ids.map((id) => document.bounds(id))).toEqual(before);
  });

  it("leaves pinned nodes where they are", () => {
    const { before, after } = apply("right", ["2"]);
    expect(after[0]).toEqual(before[0]);
  });
});
