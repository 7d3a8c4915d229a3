import { describe, expect, it } from "vitest";
import { definitions } from "../../fixtures/definitions";
import { compareWorkflows, countsOf, summarize } from "../difference";
import { DEFAULT_WORKFLOW } from "../default_workflow";
import type { JsonObject } from "../types";
import { ago } from "../../words/format";

const copy = (): JsonObject => structuredClone(DEFAULT_WORKFLOW) as JsonObject;
const node = (workflow: JsonObject, type: string): JsonObject => (workflow.nodes as JsonObject[]).find((each) => each.type === type)!;

describe("the difference of two workflows", () => {
  it("is nothing for equal ones, wherever one looks", () => {
    const other = copy();
    other.extra = { ds: { scale: 3, offset: [1, 2] } };
    expect(summarize(compareWorkflows(copy(), copy()))).toBe("");
    expect(compareWorkflows({ ...copy(), extra: {} }, other)).toEqual({ added: [], removed: [], changed: [], moved: 0, hasMore: false });
  });

  it("names added, removed, changed and moved nodes", () => {
    const other = copy();
    const sampler = node(other, "KSampler");
    (sampler.widgets_values as unknown[])[2] = 33;
    sampler.title = "Mine";
    node(other, "CheckpointLoaderSimple").pos = [-5, 7];
    other.nodes = [...(other.nodes as JsonObject[]).filter((each) => each.type !== "SaveImage"), { id: 99, type: "PreviewImage", title: "Look" }];
    const found = compareWorkflows(copy(), other);
    expect(found.added).toEqual(["Look"]);
    expect(found.removed).toEqual(["SaveImage"]);
    expect(found.changed).toEqual([{ title: "Mine", what: [expect.stringMatching(/^\d+ → 33$/), "its title"] }]);
    expect(found.moved).toBe(1);
    expect(summarize(found)).toBe("1 added, 1 removed, 1 changed, 1 moved");
  });

  it("uses the names that the editor shows", () => {
    const other = copy();
    (node(other, "KSampler").widgets_values as unknown[])[2] = 33;
    other.nodes = [...(other.nodes as JsonObject[]), { id: 99, type: "PreviewImage" }, { id: 98, type: "0b6d1e2a-6d5c" }];
    other.definitions = { subgraphs: [{ id: "0b6d1e2a-6d5c", name: "My upscaler" }] };
    const found = compareWorkflows(copy(), other, definitions);
    expect(found.changed[0]!.what).toEqual([expect.stringMatching(/^steps: \d+ → 33$/)]);
    expect(found.added).toEqual([definitions.get("PreviewImage")!.displayName, "My upscaler"]);
  });

  it("names rewired inputs in either form of links", () => {
    const link = (from: number) => [1, from, 0, 5, 0, "IMAGE"];
    const asObject = (from: number) => ({ id: 1, origin_id: from, origin_slot: 0, target_id: 5, target_slot: 0, type: "IMAGE" });
    const make = (links: unknown[]): JsonObject => ({ nodes: [{ id: 5, type: "Save", inputs: [{ name: "images", link: 1 }], outputs: [] }], links }) as unknown as JsonObject;
    for (const form of [link, asObject]) {
      expect(compareWorkflows(make([form(1)]), make([form(2)])).changed).toEqual([{ title: "Save", what: ["link to images"] }]);
      expect(compareWorkflows(make([form(1)]), make([])).changed).toHaveLength(1);
      expect(compareWorkflows(make([form(1)]), make([form(1)])).changed).toHaveLength(0);
    }
    expect(compareWorkflows(make([link(1)]), make([asObject(1)])).changed).toEqual([]);
  });

  it("shortens long lists and texts, and keeps large numbers exact", () => {
    const make = (values: unknown): JsonObject => ({ nodes: [{ id: 1, type: "T", widgets_values: values }] }) as unknown as JsonObject;
    const [many] = compareWorkflows(make([1, 2, 3, 4, 5]), make([6, 7, 8, 9, 10])).changed;
    expect(many!.what).toEqual(["1 → 6", "2 → 7", "and 3 more"]);
    const [long] = compareWorkflows(make(["a".repeat(99)]), make(["b"])).changed;
    expect(long!.what[0]!.length).toBeLessThan(60);
    const [exact] = compareWorkflows(make([2n ** 63n]), make([2n ** 63n + 1n])).changed;
    expect(exact!.what).toEqual(["9223372036854775808 → 9223372036854775809"]);
    const [named] = compareWorkflows(make({ steps: 1 }), make({ steps: 2 })).changed;
    expect(named!.what).toEqual(["steps: 1 → 2"]);
  });

  it("notices modes, subgraphs and groups, and survives files that are odd", () => {
    const make = (mode: number): JsonObject => ({ nodes: [{ id: 1, type: "T", mode }] }) as unknown as JsonObject;
    expect(compareWorkflows(make(0), make(4)).changed[0]!.what).toEqual(["on → bypassed"]);
    expect(compareWorkflows({}, { definitions: { subgraphs: [] } }).hasMore).toBe(true);
    expect(compareWorkflows({}, { groups: [], config: {} }).hasMore).toBe(false);
    expect(compareWorkflows({}, { nodes: null, links: [null, 3] } as unknown as JsonObject).added).toEqual([]);
    expect(countsOf({ nodes: [null, {}], links: [[]] } as unknown as JsonObject)).toEqual({ nodes: 1, links: 1 });
  });
});

describe("times in words", () => {
  it.each([[0, "just now"], [59_000, "just now"], [60_000, "1 minute ago"], [3_700_000, "1 hour ago"], [90_000_000, "yesterday"], [-29 * 86_400_000, "in 29 days"]])("%i ms", (past, words) => {
    expect(ago(1e12 - past, 1e12)).toBe(words);
  });
});
