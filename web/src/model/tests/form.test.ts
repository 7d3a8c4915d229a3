import { describe, expect, it } from "vitest";
import { copy, definitions, openDocument } from "../../fixtures/definitions";
import { pack } from "../../fixtures/subgraphs";
import { DEFAULT_WORKFLOW } from "../default_workflow";
import type { Document } from "../document";
import { EMPTY_FORM, formEdit, moveItem, readForm, removeItem, type Form, type FormField } from "../form/form";
import { missingFor, neededBy } from "../form/needs";
import { placeForm, setField, sharedBy, startOf, troubleOf, valueOf, widgetPlaces, type PlacedField } from "../form/places";
import { fieldOf, suggestForm } from "../form/suggest";
import { createNode } from "../graph";
import { connect, removeNodes } from "../operations";
import { buildPrompt } from "../prompt";
import type { JsonObject } from "../types";
import { unpackSubgraph } from "../unpack";
import { readWorkflow } from "../workflow_read";
import { writeWorkflow } from "../workflow_write";

const again = (document: Document): Document => openDocument(JSON.parse(JSON.stringify(document.toWorkflow())) as JsonObject);
const setForm = (document: Document, form: Form | null): void => document.edit("form", [formEdit(document.root, form)]);
const seedField = (more: Partial<FormField> = {}): FormField => ({ kind: "field", node: "5", type: "KSampler", widget: "seed", label: "", help: "", raw: {}, ...more });
const withFields = (...items: FormField[]): Form => ({ ...EMPTY_FORM, items });
const placed = (document: Document, form: Form): (PlacedField | null)[] => [...placeForm(document.root, form).fields];

describe("the form of a workflow", () => {
  it("is kept in the file beside what else is in extra, and read again", () => {
    const document = openDocument({ ...copy(DEFAULT_WORKFLOW), extra: { ds: { scale: 1, offset: [0, 0] }, weft: { other: 7 }, mine: true } });
    expect(readForm(document.root)).toBeNull();
    const form: Form = {
      title: "Stars", about: "A *star*.", raw: {}, outputs: [{ node: "7", type: "SaveImage", label: "Picture", raw: {} }],
      items: [{ kind: "group", title: "Main", isFolded: true, raw: {} }, seedField({ label: "Luck", min: 1, max: 9, step: 2, start: 0, help: "h" }), seedField({ widget: "sampler_name", choices: ["euler"] })],
    };
    setForm(document, form);
    const extra = document.toWorkflow().extra as JsonObject & { weft: JsonObject };
    expect(extra).toMatchObject({ mine: true, weft: { other: 7, form: { version: 1, title: "Stars" } } });
    const read = readForm(again(document).root)!;
    expect(read).toMatchObject({ title: "Stars", about: "A *star*.", outputs: [{ node: "7", label: "Picture" }] });
    expect(read.items).toMatchObject([{ kind: "group", title: "Main", isFolded: true }, { label: "Luck", min: 1, max: 9, step: 2, start: 0, help: "h" }, { widget: "sampler_name", choices: ["euler"] }]);
  });

  it.each([["none", undefined], ["empty", {}], ["with others", { weft: { form: { items: [], x: 1 }, z: 1 }, ds: { scale: 1, offset: [0, 0] }, b: 2 }]])("undo brings the same bytes back: extra %s", (_, extra) => {
    const data: JsonObject = { ...copy(DEFAULT_WORKFLOW), ...(extra ? { extra } : {}) };
    if (!extra) delete data.extra;
    const before = JSON.stringify(writeWorkflow(readWorkflow(copy(data), definitions).graph));
    const document = openDocument(data);
    setForm(document, withFields(seedField()));
    setForm(document, null);
    setForm(document, withFields(seedField({ label: "x" })));
    for (let step = 0; step < 3; step++) document.undo();
    expect(JSON.stringify(writeWorkflow(document.root))).toBe(before);
    document.redo();
    expect(readForm(document.root)!.items).toHaveLength(1);
  });

  it("keeps what a newer version wrote", () => {
    const item = { node: "5", type: "KSampler", widget: "seed", future: [1] };
    const document = openDocument({ ...copy(DEFAULT_WORKFLOW), extra: { weft: { form: { version: 3, theme: "blue", items: [{ picture: "x" }, item, "odd"], outputs: [{ node: "7", size: 2 }] } } } });
    setForm(document, { ...readForm(document.root)!, title: "New" });
    expect((document.toWorkflow().extra as { weft: JsonObject }).weft.form).toEqual({ version: 3, theme: "blue", title: "New", items: [{ picture: "x" }, item, "odd"], outputs: [{ node: "7", size: 2 }] });
  });

  it("takes the last trace away with itself", () => {
    const document = openDocument();
    setForm(document, EMPTY_FORM);
    setForm(document, null);
    expect(document.toWorkflow().extra).not.toHaveProperty("weft");
  });

  it("is edited from inside a subgraph too, in steps of a gesture", () => {
    const document = openDocument();
    document.enter(pack(document, ["5", "6"]));
    for (const label of ["a", "ab", "abc"]) document.edit("label", [formEdit(document.root, withFields(seedField({ label })))], "label");
    document.endGesture();
    expect(readForm(document.root)!.items[0]).toMatchObject({ label: "abc" });
    document.undo();
    expect(readForm(document.root)).toBeNull();
  });

  it("moves and removes items", () => {
    const form = withFields(seedField({ label: "a" }), seedField({ label: "b" }), seedField({ label: "c" }));
    const labels = (made: Form): unknown[] => made.items.map((item) => (item as FormField).label);
    expect(labels(moveItem(form, 0, 2))).toEqual(["b", "c", "a"]);
    expect(labels(moveItem(form, 2, -1))).toEqual(["c", "a", "b"]);
    expect(labels(removeItem(form, 1))).toEqual(["a", "c"]);
  });
});

describe("a field", () => {
  it("says when its node is gone, and is whole again after an undo", () => {
    const document = openDocument();
    const form = withFields(seedField());
    document.edit("delete", removeNodes(document.root, ["5"]));
    expect(placed(document, form)).toEqual([null]);
    expect(troubleOf(null)).toContain("gone");
    document.undo();
    expect(placed(document, form)[0]).toMatchObject({ key: "5", label: "Seed", isSeed: true });
    expect(placed(document, withFields(seedField({ widget: "no_such" })))).toEqual([null]);
    expect(placed(document, withFields(seedField({ type: "Other" }))), "another node has the id now").toEqual([null]);
  });

  it("follows its node into a subgraph and sets its value there", () => {
    const document = openDocument();
    const id = pack(document, ["5", "6"]);
    const [field] = placed(document, withFields(seedField()));
    expect(field).toMatchObject({ key: `${id}:5`, title: "Sampling › KSampler", target: { key: `${id}:5`, input: "seed" } });
    document.edit("set", [setField(field!, 77)]);
    expect(buildPrompt(document.root)[`${id}:5`]!.inputs.seed).toBe(77);
    document.undo();
    expect(valueOf(field!)).toBe(1);
  });

  it("knows the node inside that a promoted widget stands for", () => {
    const document = openDocument();
    const id = pack(document, ["5", "6"]);
    document.edit("promote", [{ kind: "field", id, field: "properties", value: { proxyWidgets: [["5", "seed"]] } }]);
    const promoted = widgetPlaces(document.root).find((place) => place.key === id)!;
    const [field] = placed(document, withFields(fieldOf(promoted)));
    expect(field!.target).toEqual({ key: `${id}:5`, input: "seed" });
    document.edit("set", [setField(field!, 5)]);
    expect(buildPrompt(document.root)[`${id}:5`]!.inputs.seed).toBe(5);
    document.edit("unpack", unpackSubgraph(document.graph, id).edits);
    expect(placed(document, withFields(fieldOf(promoted)))).toEqual([null]);
  });

  it("narrows its widget, never beyond the node's own bounds", () => {
    const document = openDocument();
    const [steps, wide, none] = placed(document, withFields(seedField({ widget: "steps", min: 5, max: 12, step: 5 }), seedField({ widget: "steps", min: -5, max: 1e9 }), seedField({ widget: "steps", min: 9, max: 2 })));
    expect(steps!.narrowed).toMatchObject({ min: 5, max: 12, step: 5 });
    expect(startOf(steps!), "20 is above the bound").toBe(12);
    expect(wide!.narrowed).toMatchObject({ min: steps!.spec.min, max: steps!.spec.max });
    expect(none!.narrowed.max).toBe(steps!.spec.max);
    const [sampler, gone] = placed(document, withFields(seedField({ widget: "sampler_name", choices: ["dpmpp_2m", "euler", "no_such"] }), seedField({ widget: "sampler_name", choices: ["no_such"] })));
    expect([...sampler!.narrowed.choices!].sort()).toEqual(["dpmpp_2m", "euler"]);
    expect(troubleOf(gone!)).toContain("None of the choices");
    expect(startOf(placed(document, withFields(seedField({ start: 0 })))[0]!)).toBe(0);
  });

  it("says when a link or a muted node takes its effect", () => {
    const document = openDocument();
    const form = withFields(seedField());
    expect(troubleOf(placed(document, form)[0]!)).toBe("");
    document.edit("mute", [{ kind: "field", id: "5", field: "mode", value: 2 }]);
    expect(troubleOf(placed(document, form)[0]!)).toContain("muted");
    document.edit("link", [{ kind: "field", id: "5", field: "mode", value: 0 }, { kind: "addNode", node: createNode(document.graph, "PrimitiveNode", [0, 0], "50") }]);
    document.edit("link", connect(document.graph, { node: "50", slot: 0 }, { node: "5", input: "seed" }));
    expect(troubleOf(placed(document, form)[0]!)).toContain("A link brings");
  });

  it("knows how many nodes share a value inside a subgraph", () => {
    const document = openDocument();
    const id = pack(document, ["5", "6"]);
    const seed = (): PlacedField => placed(document, withFields(seedField()))[0]!;
    expect(sharedBy(document.root, seed())).toBe(1);
    const node = structuredClone(document.root.node(id));
    const [place] = [seed()];
    document.edit("twice", [{ kind: "addNode", node: { ...node, id: "90", inputs: node.inputs.map((socket) => ({ ...socket, link: null })), outputs: [] } }]);
    expect(sharedBy(document.root, place)).toBe(2);
    expect(placed(document, withFields(seedField()))[0], "two could be meant").toBeNull();
  });
});

describe("the suggested form", () => {
  it("has prompts, size, steps, seed, model and the result of the first workflow", () => {
    const document = openDocument();
    const form = suggestForm(document.root);
    const names = placed(document, form).map((field, index) => field?.label ?? (form.items[index] as { title: string }).title);
    expect(names).toEqual(["What to show", "What to avoid", "More settings", "Steps", "Width", "Height", "Seed", "Model"]);
    expect(form.outputs).toMatchObject([{ node: "7", type: "SaveImage" }]);
    const size = placed(document, form).find((field) => field?.spec.name === "width")!;
    expect(size.narrowed).toMatchObject({ min: 64, max: 1024 });
  });

  it("tells the prompts apart by where they lead, whatever stands first", () => {
    const data = copy(DEFAULT_WORKFLOW) as JsonObject & { nodes: JsonObject[] };
    const [positive, negative] = [data.nodes[1]!, data.nodes[2]!];
    delete positive.title;
    delete negative.title;
    data.nodes = [data.nodes[0]!, negative, positive, ...data.nodes.slice(3)];
    const document = openDocument(data);
    expect(placed(document, suggestForm(document.root)).slice(0, 2).map((field) => [field!.key, field!.label])).toEqual([["2", "What to show"], ["3", "What to avoid"]]);
  });

  it("is empty where there is nothing to choose", () => {
    expect(suggestForm(openDocument({ nodes: [], links: [], version: 0.4 }).root)).toMatchObject({ items: [], outputs: [] });
  });
});

describe("what is missing", () => {
  it("is named before a run: files and node types", () => {
    const data = copy(DEFAULT_WORKFLOW) as JsonObject & { nodes: JsonObject[] };
    data.nodes[0]!.widgets_values = ["gone.safetensors"];
    data.nodes.push({ id: 30, type: "TheirNode", properties: { cnr_id: "their-pack" }, widgets_values: [] });
    const document = openDocument(data);
    expect(missingFor(document.root, buildPrompt(document.root))).toEqual([
      { node: "1", input: "ckpt_name", message: expect.stringContaining('Ckpt name "gone.safetensors" is not on this server') as string },
      { node: "30", input: "", message: expect.stringContaining("their-pack") as string },
    ]);
  });

  it("matters only where a result needs it", () => {
    const prompt = buildPrompt(openDocument().root);
    expect(Object.keys(neededBy(prompt, ["6"])).sort()).toEqual(["1", "2", "3", "4", "5", "6"]);
    expect(Object.keys(neededBy(prompt, ["3", "gone"])).sort()).toEqual(["1", "3"]);
    expect(neededBy(prompt, null)).toBe(prompt);
  });

  it("is nothing for the first workflow", () => {
    const document = openDocument();
    const definition = document.root.definition("CheckpointLoaderSimple")!;
    document.edit("t", [{ kind: "value", id: "1", name: "ckpt_name", value: definition.widgets[0]!.choices![0]! }]);
    expect(missingFor(document.root, buildPrompt(document.root))).toEqual([]);
  });
});
