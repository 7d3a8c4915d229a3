import { describe, expect, it } from "vitest";
import { openDocument } from "../../fixtures/definitions";
import { fingerprint } from "../fingerprint";

describe("what a run computes", () => {
  it("is the same after a move and another after a change", () => {
    const document = openDocument();
    const before = fingerprint(document.root);
    expect(before).not.toBeNull();
    document.edit("move", [{ kind: "field", id: "5", field: "pos", value: [1, 2] }]);
    expect(fingerprint(document.root)).toBe(before);
    document.edit("seed", [{ kind: "value", id: "5", name: "seed", value: 77 }]);
    expect(fingerprint(document.root)).not.toBe(before);
  });

  it("can't be told where choices are drawn", () => {
    const document = openDocument();
    document.edit("text", [{ kind: "value", id: "2", name: "text", value: "a {red|blue} star" }]);
    expect(fingerprint(document.root)).toBeNull();
    document.edit("text", [{ kind: "value", id: "2", name: "text", value: "a {red} star" }]);
    expect(fingerprint(document.root)).not.toBeNull();
  });
});
