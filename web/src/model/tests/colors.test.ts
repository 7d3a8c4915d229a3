import { describe, expect, it } from "vitest";
import { openDocument } from "../../fixtures/definitions";
import { COLORS, nodeTint, recolored, tintOf } from "../colors";
import { cutOut, insertFragment } from "../operations";
import type { JsonObject } from "../types";

const written = (document: ReturnType<typeof openDocument>, id: number): JsonObject => (document.toWorkflow().nodes as JsonObject[]).find((node) => node.id === id)!;

describe("colours", () => {
  it.each([["#ff0000", 29.2], ["#0f0", 142.5], ["#00f", 264.1]])("the hue of %s in oklch is %f", (hex, hue) => {
    expect(tintOf(hex)!.hue).toBeCloseTo(hue, 0);
    expect(tintOf(hex)!.isGrey).toBe(false);
  });

  it.each(["#222", "#888888", "#fff"])("%s is grey", (hex) => expect(tintOf(hex)!.isGrey).toBe(true));
  it.each([undefined, null, 7, "", "red", "#12", "#gggggg"])("%j is none", (value) => expect(tintOf(value)).toBeNull());

  it("of a palette are told apart", () => {
    const tints = Object.values(COLORS).map((shade) => tintOf(shade.color)!);
    expect(new Set(tints.map((tint) => (tint.isGrey ? "grey" : Math.round(tint.hue / 5)))).size).toBeGreaterThanOrEqual(7);
  });

  it("are written as files have them, kept by copies, and taken off again", () => {
    const document = openDocument();
    const before = JSON.stringify(document.toWorkflow());
    document.edit("colour", [{ kind: "field", id: "5", field: "raw", value: recolored(document.graph.node("5").raw, "green") }]);
    expect(written(document, 5)).toMatchObject({ color: "#232", bgcolor: "#353" });
    document.edit("paste", insertFragment(document.graph, cutOut(document.graph, ["5"]), [0, 0]).edits);
    expect(nodeTint(document.graph.node("8"))).toEqual(nodeTint(document.graph.node("5")));
    document.edit("colour", [{ kind: "field", id: "5", field: "raw", value: recolored(document.graph.node("5").raw, null) }]);
    expect("color" in written(document, 5)).toBe(false);
    while (document.history.canUndo) document.undo();
    expect(JSON.stringify(document.toWorkflow())).toBe(before);
  });
});
