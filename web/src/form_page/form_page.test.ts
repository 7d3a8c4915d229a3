import { describe, expect, it } from "vitest";
import type { Job } from "../api/jobs";
import { DEFAULT_WORKFLOW } from "../model/default_workflow";
import { draftAddress, formAddress, keptAs, nameOf, publishedAddress, sourceOf } from "./address";
import { Kept, MOST_RUNS, type Shelf } from "./kept";
import { typesIn } from "./opening";
import { failureOf, firstFile, readResults, resultsOf } from "./results";

/** A store of `room` characters. */
function shelf(room = Infinity): Shelf & { readonly texts: Map<string, string> } {
  const texts = new Map<string, string>();
  return {
    texts, getItem: (key) => texts.get(key) ?? null, removeItem: (key) => void texts.delete(key),
    setItem: (key, value) => {
      if (value.length > room) throw new Error("full");
      texts.set(key, value);
    },
  };
}

describe("an address", () => {
  it.each(["Stars.json", "folder/a b & c?.json", "ä%20.json"])("names a workflow: %s", (file) => {
    const source = sourceOf(new URL(formAddress(file), "http://x/").search)!;
    expect(source).toEqual({ workflow: file });
    expect(nameOf(source)).toBe(file.slice(0, -5));
  });

  it("names what somebody published, and keeps apart what is typed there", () => {
    const source = sourceOf(new URL(publishedAddress("a-_9"), "http://x/").search)!;
    expect(source).toEqual({ published: "a-_9" });
    expect(new Set([source, { draft: "a-_9" }, { workflow: "a-_9.json" }].map(keptAs)).size).toBe(3);
  });

  it("names a draft, or nothing", () => {
    expect(sourceOf(new URL(draftAddress("a-1"), "http://x/").search)).toEqual({ draft: "a-1" });
    expect([sourceOf(""), sourceOf("?workflow="), sourceOf("?other=1")]).toEqual([null, null, null]);
  });
});

describe("what a browser keeps", () => {
  it("is found again, large seeds too, apart for each account and workflow", () => {
    const store = shelf();
    const kept = new Kept(store, "anna", "Stars");
    kept.keepValues([["5", "seed", 2n ** 60n], ["2", "text", "a star"]]);
    kept.keepRuns([{ promptId: "p", at: 7, values: [["2", "text", "x"]] }]);
    const again = new Kept(store, "anna", "Stars");
    expect(again.values()).toEqual([["5", "seed", 2n ** 60n], ["2", "text", "a star"]]);
    expect(again.runs()).toEqual([{ promptId: "p", at: 7, values: [["2", "text", "x"]] }]);
    expect(new Kept(store, "ben", "Stars").runs()).toEqual([]);
    expect(new Kept(store, "anna", "Moons").values()).toEqual([]);
  });

  it("is nothing where something else was written", () => {
    const store = shelf();
    const kept = new Kept(store, "", "Stars");
    for (const text of ["{", "7", '[{"promptId":1}]', "[[1,2,3]]"]) {
      store.setItem("weft.form..Stars.values", text);
      store.setItem("weft.form..Stars.runs", text);
      expect([kept.values(), kept.runs()]).toEqual([[], []]);
    }
  });

  it("gives up the oldest runs where there is no room", () => {
    const store = shelf(900);
    const kept = new Kept(store, "", "Stars");
    kept.keepRuns(Array.from({ length: MOST_RUNS + 5 }, (_, at) => ({ promptId: `p${at}`, at, values: [] })));
    const left = kept.runs();
    expect(left[0]!.promptId).toBe("p0");
    expect(left.length).toBeGreaterThan(3);
    expect(left.length).toBeLessThan(MOST_RUNS);
    kept.keepRuns([]);
    expect(store.texts.size).toBe(0);
  });
});

describe("the types that a page asks for", () => {
  it("are those of all nodes, inside subgraphs and of prompts too", () => {
    expect([...typesIn(DEFAULT_WORKFLOW)].sort()).toEqual(["CLIPTextEncode", "CheckpointLoaderSimple", "EmptyLatentImage", "KSampler", "SaveImage", "VAEDecode"]);
    expect([...typesIn({ nodes: [{ type: "A", properties: { type: "no" } }], definitions: { subgraphs: [{ nodes: [{ type: "B" }], inputs: [{ type: "INT" }] }] } })]).toEqual(["A", "B"]);
    expect([...typesIn({ "1": { class_type: "C", inputs: { nodes: [1] } } })]).toEqual(["C"]);
  });
});

describe("results", () => {
  const outputs = {
    "7": { images: [{ filename: "a.png", subfolder: "x", type: "output" }] }, "8": { audio: [{ filename: "b.flac" }], animated: [true] }, "9": { text: ["one", 2] }, "10": null, "11": { images: [] },
  } as unknown as Job["outputs"];

  it("are files under whatever name, and texts", () => {
    expect(readResults(outputs["8"]!)).toEqual({ files: [{ filename: "b.flac", subfolder: "", type: "output" }], texts: [] });
    expect(readResults(outputs["9"]!).texts).toEqual(["one", "2"]);
  });

  it("are those of the chosen outputs in their order, else of all", () => {
    const shown = resultsOf(outputs, [{ key: "9", label: "Words" }, { key: "7", label: "Picture" }, { key: "99", label: "Gone" }]);
    expect(shown.map(({ label }) => label)).toEqual(["Words", "Picture"]);
    expect(firstFile(shown)?.filename).toBe("a.png");
    expect(resultsOf(outputs, [])).toHaveLength(3);
  });

  it("say why there are none", () => {
    const job = (execution_error: Job["execution_error"]): Job => ({ execution_error } as Job);
    expect(failureOf(job({ node_id: "5", node_type: "KSampler", exception_message: "Out of memory\n" }), (key) => (key === "5" ? "Sampler" : null))).toBe("Sampler: Out of memory");
    expect(failureOf(job({ node_id: "6", node_type: "VAEDecode", exception_type: "ValueError" }), () => null)).toBe("VAEDecode: ValueError");
    expect(failureOf(job(null), () => null)).toBe("");
  });
});
