import { describe, expect, it } from "vitest";
import { shownNode } from "./attention";

describe("the node that is followed", () => {
  it("is the running one, or the subgraph's node that has it inside", () => {
    expect(shownNode("5", [])).toBe("5");
    expect(shownNode("12:3:4", [])).toBe("12");
    expect(shownNode("12:3:4", ["12"])).toBe("3");
    expect(shownNode("12:3", ["12"])).toBe("3");
  });
  it("is none where another level is shown", () => {
    expect(shownNode("5", ["12"])).toBeNull();
    expect(shownNode("12", ["12"])).toBeNull();
    expect(shownNode("13:3", ["12"])).toBeNull();
  });
});
