import { describe, expect, it } from "vitest";
import { openDocument } from "../../fixtures/definitions";
import type { Document } from "../document";
import { toJson } from "../exact_json";
import { removeGroups } from "../groups";
import { cutOut, fragmentFromText, fragmentToText, insertFragment, placeOf, removeNodes } from "../operations";
import type { Group, Rect } from "../types";

const text = (document: Document): string => toJson(document.toWorkflow());
const frame = (id: number, title: string, bounds: Rect, raw = {}): Group => ({ id, title, bounds, color: "#3f789e", raw });

/** A group round the sampler and what decodes, one inside it round the sampler alone, one elsewhere. */
function framed(): Document {
  const document = openDocument();
  const around = (id: string): Rect => {
    const { x, y, width, height } = document.bounds(id);
    return { x: x - 20, y: y - 50, width: width + 40, height: height + 70 };
  };
  const [five, six] = [around("5"), around("6")];
  const outer = { x: five.x - 20, y: five.y - 60, width: six.x + six.width - five.x + 60, height: Math.max(five.height, six.height) + 120 };
  document.edit("group", [
    { kind: "addGroup", group: frame(1, "Outer", outer, { id: 7, flags: { pinned: true } }) }, { kind: "addGroup", group: frame(2, "Inner", five) },
    { kind: "addGroup", group: frame(3, "Far", { x: -900, y: -900, width: 100, height: 100 }) },
  ]);
  return document;
}
const titles = (document: Document): string[] => [...document.graph.groups.values()].map((group) => group.title);

describe("groups", () => {
  it("are selected with all that they hold, and taken off again with it", () => {
    const document = framed();
    document.select(["1"]);
    document.selectGroup(1, true);
    expect([[...document.selection.value], [...document.selectedGroups.value]]).toEqual([["1", "5", "6"], [1, 2]]);
    document.selectGroup(2, true);
    expect([[...document.selection.value], [...document.selectedGroups.value]]).toEqual([["1", "6"], [1]]);
    document.selectGroup(3);
    expect([[...document.selection.value], [...document.selectedGroups.value]]).toEqual([[], [3]]);
  });

  it("travel with the selection: the frame lies round the copies, with what its file said of it, and one undo takes all back", () => {
    const document = framed();
    const before = text(document);
    document.selectGroup(1);
    const fragment = fragmentFromText(fragmentToText(cutOut(document.graph, document.selection.value, document.selectedGroups.value)))!;
    const { edits, ids, groups } = insertFragment(document.graph, fragment, [3000, 2000]);
    document.edit("paste", edits);
    expect(titles(document)).toEqual(["Outer", "Inner", "Far", "Outer", "Inner"]);
    const outer = document.graph.groups.get(groups[0]!)!;
    expect([outer.bounds.x, outer.bounds.y, outer.color, outer.raw]).toEqual([3000, 2000, "#3f789e", { flags: { pinned: true } }]);
    document.selectGroup(groups[0]!);
    expect([...document.selection.value].sort()).toEqual([...ids].sort());
    const place = placeOf(fragment);
    expect(document.graph.node(ids[0]!).pos).toEqual([document.graph.node("5").pos[0] + 3000 - place[0], document.graph.node("5").pos[1] + 2000 - place[1]]);
    document.undo();
    expect(text(document)).toBe(before);
    expect(document.selectedGroups.value.size).toBe(0);
  });

  it("go as the nodes do, and come back to their place among the others", () => {
    const document = framed();
    const before = text(document);
    document.selectGroup(1);
    document.edit("delete", [...removeNodes(document.graph, document.selection.value), ...removeGroups(document.graph, document.selectedGroups.value)]);
    expect(titles(document)).toEqual(["Far"]);
    expect(document.graph.nodes.has("5")).toBe(false);
    document.undo();
    expect(text(document)).toBe(before);
    document.redo();
    expect(titles(document)).toEqual(["Far"]);
  });

  it("are copied without nodes as well; text that only looks like a group is none", () => {
    const document = framed();
    const copied = fragmentToText(cutOut(document.graph, [], [3]));
    const { edits, groups } = insertFragment(document.graph, fragmentFromText(copied)!, [0, 0]);
    document.edit("paste", edits);
    expect(document.graph.groups.get(groups[0]!)!.bounds).toEqual({ x: 0, y: 0, width: 100, height: 100 });
    expect(fragmentFromText(copied.replace('"width":100', '"width":"wide"'))).toBeNull();
  });
});
