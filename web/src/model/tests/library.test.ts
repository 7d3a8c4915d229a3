import { describe, expect, it } from "vitest";
import { definitions, openDocument } from "../../fixtures/definitions";
import { readDefinition } from "../definitions";
import { createNode, Graph } from "../graph";
import { filesIn, foldersIn, freeName, mayMoveFolder, movedTo, nameTrouble, pathOf, sorted } from "../library/folders";
import { inView, layOut, moved, placeOf } from "../library/layout";
import { embeddingText, kindsMeant, loaderOf, takerOf, withEmbedding } from "../library/loaders";
import { usersOf, usesModel, usesOf } from "../library/uses";

const file = (name: string, modified_ms = 0, nodes = 0) => ({ name, modified_ms, nodes });

describe("folders of saved workflows", () => {
  const files = [file("b.json", 1, 9), file("a 10.json", 3, 2), file("a 2.json", 2, 5), file("cats/x.json"), file("cats/small/y.json")];
  it("hold what is directly in them; counts include what lies deeper", () => {
    expect(filesIn(files, "").map(({ name }) => name)).toEqual(["b.json", "a 10.json", "a 2.json"]);
    expect(foldersIn(["empty", "cats", "cats/small"], files, "")).toEqual([{ name: "cats", count: 2 }, { name: "empty", count: 0 }]);
    expect(foldersIn(["cats", "cats/small"], files, "cats")).toEqual([{ name: "cats/small", count: 1 }]);
    expect(pathOf("cats/small")).toEqual(["cats", "cats/small"]);
  });
  it("are sorted by name as people count, by time and by size", () => {
    const top = filesIn(files, "");
    expect(sorted(top, "name").map(({ name }) => name)).toEqual(["a 2.json", "a 10.json", "b.json"]);
    expect(sorted(top, "newest").map(({ name }) => name)).toEqual(["a 10.json", "a 2.json", "b.json"]);
    expect(sorted(top, "largest").map(({ name }) => name)).toEqual(["b.json", "a 2.json", "a 10.json"]);
  });
  it("are not moved into themselves, nor where they are", () => {
    expect(movedTo("cats/x.json", "dogs")).toBe("dogs/x.json");
    expect(movedTo("cats/x.json", "")).toBe("x.json");
    expect(movedTo("cats/x.json", "cats")).toBeNull();
    expect(["", "cats", "cats/small", "cats/small/er", "dogs", "catsuit"].filter((into) => mayMoveFolder("cats/small", into))).toEqual(["", "dogs", "catsuit"]);
  });
  it.each([["a.json", "a 3.json"], ["A.JSON", "A 3.JSON"], ["new", "new"], ["b.json", "b.json"]])("a name that is free: %s", (wanted, free) => {
    expect(freeName(wanted, ["a.json", "a 2.json"])).toBe(free);
  });
  it.each([["", "empty"], ["a//b", "empty"], [" ", "empty"], ["a/.b", "hidden"], ["a:b", "odd"], ["a\\b", "odd"], ["a.", "odd"], ["a /b", "odd"], ["cats/Tabby & co", ""]])("what is wrong with the name %j", (name, trouble) => {
    expect(nameTrouble(name)).toBe(trouble);
  });
});

describe("rows and tiles", () => {
  const layout = layOut(3, 100, 320, { rowHeight: 40, smallestTile: 150, tileHeight: (width) => width });
  it("lie below each other without gaps or overlap", () => {
    expect([layout.columns, layout.tileWidth, layout.height]).toEqual([2, 160, 3 * 40 + 50 * 160]);
    expect(placeOf(layout, 2)).toEqual({ x: 0, y: 80, width: 320, height: 40 });
    expect(placeOf(layout, 3)).toEqual({ x: 0, y: 120, width: 160, height: 160 });
    expect(placeOf(layout, 6)).toEqual({ x: 160, y: 280, width: 160, height: 160 });
  });
  it("are mounted where they are seen, and few beside", () => {
    for (let top = 0; top < layout.height; top += 37) {
      const [first, end] = inView(layout, top, 600);
      for (let index = 0; index < 103; index++) {
        const { y, height } = placeOf(layout, index);
        if (y + height > top && y < top + 600) expect(index >= first && index < end, `${index} at ${top}`).toBe(true);
      }
      expect(end - first).toBeLessThan(24);
    }
    expect(inView(layOut(0, 0, 320, { rowHeight: 40, smallestTile: 150, tileHeight: (width) => width }), 0, 600)).toEqual([0, 0]);
  });
  it("are gone through with the arrow keys", () => {
    const walk = (from: number, ...keys: string[]): number => keys.reduce((index, key) => moved(layout, index, key), from);
    expect(walk(0, "ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowDown")).toBe(6);
    expect(walk(6, "ArrowUp", "ArrowUp")).toBe(2);
    expect(walk(3, "ArrowLeft")).toBe(3);
    expect(walk(1, "ArrowRight")).toBe(1);
    expect(walk(0, "ArrowUp", "End", "ArrowDown", "ArrowRight")).toBe(102);
    expect(walk(102, "Home")).toBe(0);
  });
});

describe("loaders", () => {
  const none = new Set<string>();
  const loader = (type: string, widget: string, choices: string[]) => [type, readDefinition(type, { input: { required: { [widget]: [choices, {}] } }, output: ["MODEL"], category: "loaders" })] as const;
  const known = new Map([...definitions, loader("LoraLoader", "lora_name", ["old.safetensors"]), loader("VAELoader", "vae_name", []), loader("OddLoader", "odd_name", ["None", "other.pt"])]);
  it.each([["checkpoints", "CheckpointLoaderSimple", "ckpt_name"], ["loras", "LoraLoader", "lora_name"], ["vae", "VAELoader", "vae_name"], ["embeddings", "CLIPTextEncode", "text"]])("of %s", (kind, type, widget) => {
    expect(loaderOf(known, { kind, name: "x.safetensors" }, none)).toEqual({ type, widget });
  });
  it("of kinds that packs bring are those that offer their files; of others there is none", () => {
    expect(loaderOf(known, { kind: "oddities", name: "new.pt" }, new Set(["new.pt", "other.pt"]))).toEqual({ type: "OddLoader", widget: "odd_name" });
    expect(loaderOf(known, { kind: "oddities", name: "new.pt" }, new Set(["new.pt"]))).toBeNull();
  });
  it("take what is dropped on them, and nothing of another kind", () => {
    const graph = new Graph(known);
    const lora = createNode(graph, "LoraLoader", [0, 0]);
    const text = createNode(graph, "CLIPTextEncode", [0, 0]);
    expect(takerOf(graph, lora, { kind: "loras", name: "new.safetensors" }, none)?.name).toBe("lora_name");
    expect(takerOf(graph, lora, { kind: "vae", name: "new.safetensors" }, none)).toBeNull();
    expect(takerOf(graph, text, { kind: "embeddings", name: "a/b.pt" }, none)?.name).toBe("text");
    expect([withEmbedding("", "a/b.pt"), withEmbedding("a cat, ", "b.safetensors")]).toEqual(["embedding:a/b", "a cat, embedding:b"]);
    expect(embeddingText("no.suffix")).toBe("embedding:no.suffix");
  });
});

describe("what uses a model", () => {
  const anything = () => true;
  const uses = usesOf([
    { name: "one.json", named_by: { "SD/Base.safetensors": ["CheckpointLoaderSimple"], "embedding:film": ["CLIPTextEncode"], "embedding:film.pt": ["CLIPTextEncode"] } },
    { name: "two.json", named_by: { "sd/base.safetensors": ["LoraLoader", "CheckpointLoaderSimple"] } },
  ]);
  it("is found by the names in saved workflows, whatever the slashes and case", () => {
    expect(usersOf(uses, { kind: "checkpoints", name: "sd\\base.safetensors" }, anything)).toEqual(["one.json", "two.json"]);
    expect(usersOf(uses, { kind: "embeddings", name: "film.pt" }, anything)).toEqual(["one.json"]);
    expect(usersOf(uses, { kind: "loras", name: "film.pt" }, anything)).toEqual([]);
  });
  it("is told by the kind that a node means, where two kinds have a file of one name", () => {
    const names = new Map([["checkpoints", new Set(["sd/base.safetensors"])], ["loras", new Set(["sd/base.safetensors", "style.safetensors"])], ["vae", new Set(["x.pt"])]]);
    const own = new Map([...definitions, ["OnlyLora", readDefinition("OnlyLora", { input: { required: { lora: [["None", "sd/base.safetensors", "style.safetensors"]] } } })] as const]);
    const means = (type: string, { kind, name }: { kind: string; name: string }): boolean => kindsMeant(own, type, name, names)?.has(kind) ?? true;
    expect(usersOf(uses, { kind: "loras", name: "sd/base.safetensors" }, means)).toEqual(["two.json"]);
    expect(usersOf(uses, { kind: "checkpoints", name: "sd/base.safetensors" }, means)).toEqual(["one.json", "two.json"]);
    expect([...kindsMeant(own, "OnlyLora", "sd/base.safetensors", names)!]).toEqual(["loras"]);
    expect(kindsMeant(own, "NotInstalled", "sd/base.safetensors", names)).toBeNull();
    expect(kindsMeant(own, "OnlyLora", "gone.safetensors", names)).toBeNull();
  });
  it("is found in open workflows as they are now, in subgraphs and prompts too", () => {
    const document = openDocument();
    const checkpoint = [...document.graph.nodes.values()].find((node) => node.type === "CheckpointLoaderSimple")!;
    document.edit("test", [{ kind: "value", id: checkpoint.id, name: "ckpt_name", value: "deep\\new.safetensors" }]);
    expect(usesModel(document, { kind: "checkpoints", name: "deep/new.safetensors" }, anything)).toBe(true);
    expect(usesModel(document, { kind: "loras", name: "deep/new.safetensors" }, (type) => type !== "CheckpointLoaderSimple")).toBe(false);
    expect(usesModel(document, { kind: "embeddings", name: "old.pt" }, anything)).toBe(false);
    const prompt = [...document.graph.nodes.values()].find((node) => node.type === "CLIPTextEncode")!;
    document.edit("test", [{ kind: "value", id: prompt.id, name: "text", value: "a cat, (embedding:old:1.2)" }]);
    expect(usesModel(document, { kind: "embeddings", name: "old.pt" }, anything)).toBe(true);
    document.undo();
    expect(usesModel(document, { kind: "embeddings", name: "old.pt" }, anything)).toBe(false);
  });
});
