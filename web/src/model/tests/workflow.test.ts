import { describe, expect, it } from "vitest";
import { copy, definitions, openDocument } from "../../fixtures/definitions";
import { DEFAULT_WORKFLOW } from "../default_workflow";
import type { JsonObject } from "../types";
import { placeValues } from "../widget_values";
import { readWorkflow } from "../workflow_read";
import { writeWorkflow } from "../workflow_write";

const roundTrip = (data: JsonObject): JsonObject => writeWorkflow(readWorkflow(copy(data), definitions).graph);

/** A file with everything that is odd: unknown types and fields, object positions, dict values, converted widgets, version 1. */
const ODD: JsonObject = {
  id: "0b6d1e2a-6d5c-4c66-9d6d-2b4c9d1a0e11", revision: 3, last_node_id: 12, last_link_id: 9,
  nodes: [
    {
      id: 3, type: "KSampler", pos: { "0": 10, "1": 20 }, size: { "0": 315, "1": 262 }, flags: { collapsed: true, foreign: 1 }, order: 4, mode: 4,
      inputs: [
        { name: "model", type: "MODEL", link: null, shape: 7 },
        { name: "seed", type: "INT", link: 5, widget: { name: "seed" }, extra: [1] },
      ],
      outputs: [{ name: "LATENT", type: "LATENT", links: null, slot_index: 0 }],
      title: "Mine", properties: { "Node name for S&R": "KSampler", cnr_id: "core" }, color: "#223", unknown: { deep: [1, 2, { x: null }] },
      widgets_values: [42, "randomize", 25, 7.5, "euler", "normal", 0.8, "stray"],
    },
    { id: 4, type: "PrimitiveNode", pos: [1, 2], size: [210, 82], flags: {}, order: 0, mode: 0, outputs: [{ name: "INT", type: "INT", links: [5], widget: { name: "seed" } }], properties: {}, widgets_values: [42, "randomize"] },
    { id: 7, type: "SomebodysNode", pos: [500.25, -3], size: [140, 46], flags: {}, order: 2, mode: 0, inputs: [{ name: "a", type: "WEIRD", link: null }], properties: { cnr_id: "somebodys-pack" }, widgets_values: { a: 1, videopreview: { hidden: false } } },
    { id: 8, type: "EmptyLatentImage", pos: [0, 0], size: [1, 1], flags: {}, order: 1, mode: 0, outputs: [{ name: "LATENT", type: "LATENT", links: [] }], properties: {}, widgets_values: { width: 64, height: 72, batch_size: 2, more: true } },
  ],
  links: [{ id: 5, origin_id: 4, origin_slot: 0, target_id: 3, target_slot: 1, type: "INT", parentId: 2 }],
  groups: [{ id: 1, title: "G", bounding: [1, 2, 3, 4], color: "#3f789e", font_size: 24, flags: {} }],
  config: { links_ontop: false }, extra: { ds: { scale: 0.5, offset: [1, 2] }, reroutes: [{ id: 2, pos: [5, 5], linkIds: [5] }], mine: true },
  version: 1, models: [{ name: "x" }],
};

describe("a workflow file", () => {
  it.each([["the default", DEFAULT_WORKFLOW], ["an odd one", ODD]])("is written as it was read: %s", (_, data) => {
    expect(roundTrip(data as JsonObject)).toEqual(data);
    expect(JSON.stringify(roundTrip(data as JsonObject))).toBe(JSON.stringify(data));
  });

  it("names missing types and keeps their nodes", () => {
    const { graph, missingTypes } = readWorkflow(copy(ODD), definitions);
    expect(missingTypes).toEqual(["SomebodysNode"]);
    expect(graph.node("7").known).toBe(false);
  });

  it("says which links lead nowhere", () => {
    const data = copy(DEFAULT_WORKFLOW);
    (data.links as unknown[]).push([77, 1, 9, 5, 0, "MODEL"]);
    expect(readWorkflow(data, definitions).problems[0]).toContain("Link 77");
  });

  it("is refused when it is none", () => {
    expect(() => readWorkflow({ hello: 1 }, definitions)).toThrow(/expected a workflow/);
  });

  it("changes only what was edited", () => {
    const document = openDocument(ODD);
    document.edit("t", [{ kind: "value", id: "3", name: "steps", value: 30 }, { kind: "field", id: "7", field: "pos", value: [1, 1] }]);
    const written = writeWorkflow(document.graph);
    const expected = copy(ODD) as { nodes: { widgets_values: unknown[]; pos: unknown }[] } & JsonObject;
    expected.nodes[0]!.widgets_values[2] = 30;
    expected.nodes[2]!.pos = [1, 1];
    expect(written).toEqual(expected);
  });
});

describe("widgets_values", () => {
  const specs = definitions.get("KSampler")!.widgets;
  it.each([
    ["with the control value", [7, "fixed", 20, 8, "euler", "normal", 1], { seed: 0, steps: 2, denoise: 6 }],
    ["without it", [7, 20, 8, "euler", "normal", 1], { seed: 0, steps: 1, denoise: 5 }],
  ])("are found %s", (_, values, places) => {
    expect(Object.fromEntries(placeValues(specs, values))).toMatchObject(places);
  });

  it("pass over the upload mark of an image", () => {
    const document = openDocument({ nodes: [{ id: 1, type: "LoadImage", widgets_values: ["a.png", "image"] }], version: 0.4 });
    expect(document.graph.node("1").values.image).toBe("a.png");
    expect((writeWorkflow(document.graph).nodes as JsonObject[])[0]!.widgets_values).toEqual(["a.png", "image"]);
  });
});
