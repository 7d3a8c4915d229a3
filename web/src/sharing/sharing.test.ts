import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { copy, definitions, openDocument } from "../fixtures/definitions";
import { templatesFolder } from "../fixtures/templates";
import { DEFAULT_WORKFLOW } from "../model/default_workflow";
import { toJson } from "../model/exact_json";
import { findPrivate, leaveOut, PRIVATE_PARTS } from "../model/private_parts";
import { readPictureTexts, svgText } from "../model/picture_metadata";
import type { JsonObject } from "../model/types";
import { readWorkflow } from "../model/workflow_read";
import { writeWorkflow } from "../model/workflow_write";
import { readFile } from "../opening";
import type { Theme } from "../view/theme";
import { pngWith, svgMetadata } from "./embed";
import { graphSvg } from "./graph_svg";
import { joined } from "./bytes";
import { withoutMetadata } from "./strip_metadata";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const long = (value: number): Uint8Array => new Uint8Array([value >>> 24, value >>> 16, value >>> 8, value]);
const chunk = (kind: string, data: Uint8Array): Uint8Array => joined([long(data.length), ascii(kind), data, long(0)]);
const SIGNATURE = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const PIXELS = chunk("IDAT", new Uint8Array(deflateSync(new Uint8Array([0, 1, 2, 3]))));
const HEAD = chunk("IHDR", joined([long(1), long(1), new Uint8Array([8, 2, 0, 0, 0])]));
const PROFILE = chunk("iCCP", ascii("a profile"));
const END = chunk("IEND", new Uint8Array());
const PLAIN = joined([SIGNATURE, HEAD, PROFILE, PIXELS, END]);

describe("a picture without metadata", () => {
  it("PNG: texts, EXIF and date go, all else stays byte by byte", async () => {
    const told = joined([SIGNATURE, HEAD, chunk("tEXt", ascii("prompt\0{}")), PROFILE, chunk("iTXt", ascii("workflow\0\0\0\0\0{}")), PIXELS, chunk("eXIf", ascii("MM")), chunk("tIME", new Uint8Array(7)), END, ascii("after the end")]);
    expect((await readPictureTexts(told)).workflow).toBe("{}");
    expect(withoutMetadata(told)).toEqual(PLAIN);
    expect(withoutMetadata(PLAIN)).toEqual(PLAIN);
  });

  it("JPEG: EXIF, XMP, IPTC and comments go; how it is turned stays", async () => {
    const segment = (kind: number, data: Uint8Array): Uint8Array => joined([new Uint8Array([0xff, kind, (data.length + 2) >> 8, (data.length + 2) & 255]), data]);
    const tables = joined([segment(0xdb, new Uint8Array(65)), segment(0xda, new Uint8Array(10)), new Uint8Array([1, 2, 0xff, 0, 3, 0xff, 0xd9])]);
    const turned = joined([ascii("Exif\0\0"), ascii("II*\0"), new Uint8Array([8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0])]);
    const start = new Uint8Array([0xff, 0xd8]);
    const told = joined([start, segment(0xe0, ascii("JFIF\0")), segment(0xe1, turned), segment(0xed, ascii("IPTC")), segment(0xfe, ascii("a comment")), tables]);
    const bare = withoutMetadata(told);
    expect(Buffer.from(bare).includes("comment")).toBe(false);
    expect(Buffer.from(bare).subarray(-tables.length)).toEqual(Buffer.from(tables));
    expect(withoutMetadata(bare)).toEqual(bare); // the orientation is found again
    expect(bare.length).toBe(2 + 36 + segment(0xe0, ascii("JFIF\0")).length + tables.length);
    expect(withoutMetadata(joined([start, segment(0xe1, ascii("Exif\0\0II*\0")), tables]))).toEqual(joined([start, tables]));
  });

  const folder = templatesFolder();
  const pictures = folder === null ? [] : readdirSync(folder).filter((name) => name.endsWith(".webp")).slice(0, 400);
  it.skipIf(folder === null)("WebP: every picture of the ecosystem's collection that has a workflow loses it, and its pixels stay", async () => {
    let told = 0;
    for (const name of pictures) {
      const bytes = new Uint8Array(readFileSync(path.join(folder!, name)));
      if (Object.keys(await readPictureTexts(bytes)).length === 0) continue;
      told += 1;
      const bare = withoutMetadata(bytes);
      expect(await readPictureTexts(bare)).toEqual({});
      expect(new DataView(bare.buffer).getUint32(4, true)).toBe(bare.length - 8);
      const pixels = (file: Uint8Array): Buffer => {
        const at = Math.max(Buffer.from(file).indexOf("VP8 "), Buffer.from(file).indexOf("VP8L"));
        return Buffer.from(file).subarray(at, at + 8 + Buffer.from(file).readUInt32LE(at + 4));
      };
      expect(pixels(bare).equals(pixels(bytes))).toBe(true);
    }
    expect(told).toBeGreaterThan(3);
  });

  it.each([["another kind", ascii("GIF89a")], ["a PNG that ends early", PLAIN.subarray(0, 60)]])("%s is refused in words", (_, bytes) => expect(() => withoutMetadata(bytes)).toThrow(/expected a/));
});

const THEME: Theme = {
  canvas: "#fff", dot: "#eee", node: "#fafafa", nodeTitle: "#ddd", border: "#ccc", text: "#111", muted: "#777", accent: "#00f", selected: "#00f", error: "#f00", done: "#0f0",
  dark: false, linkWidth: 1, socket: [0.6, 0.1],
};
const file = (name: string, type: string, ...parts: BlobPart[]): File => new File(parts, name, { type });

describe("a picture of a graph", () => {
  const strange = copy(DEFAULT_WORKFLOW);
  (strange.nodes as JsonObject[])[1]!.widgets_values = ["<b> & ]]> \"ü\" 🐈 \u0001"];

  it("PNG: carries the workflow as other editors read it, before anything else", async () => {
    const png = pngWith(PLAIN, strange);
    expect(await readFile(file("graph.png", "image/png", png))).toEqual(strange);
    expect(withoutMetadata(png)).toEqual(PLAIN);
    const end = png.length - PLAIN.length + 8 + 25;
    expect(Buffer.from(png.subarray(33, end)).toString("latin1")).toMatch(/tEXtworkflow\0[ -~]*....$/s); // nothing but ASCII in it
  });

  it("SVG: has real texts and a curve per link, and opens again", async () => {
    const document = openDocument(strange);
    const { svg, width, height } = graphSvg(document, null, THEME, (color) => color, { workflow: document.toWorkflow() });
    expect(await readFile(file("graph.svg", "image/svg+xml", svg))).toEqual(JSON.parse(JSON.stringify(document.toWorkflow())));
    expect(svg).toContain(">KSampler</text>");
    expect(svg).toContain("&lt;b&gt; &amp; ]]&gt; &quot;ü&quot; 🐈 </text>");
    expect(svg.match(/<path d="M[^"]* C/g)).toHaveLength(document.graph.links.size);
    expect(svg.match(/data-node=/g)).toHaveLength(document.graph.nodes.size);
    expect(Math.min(width, height)).toBeGreaterThan(100);
    expect(await readFile(file("graph.svg", "image/svg+xml", graphSvg(document, null, THEME, (color) => color).svg))).toBeNull();
  });

  it("of a selection: those nodes and the links among them", () => {
    const document = openDocument();
    const { svg } = graphSvg(document, ["5", "6"], THEME, (color) => color);
    expect([svg.match(/data-node=/g)!.length, svg.match(/<path d="M[^"]* C/g)!.length]).toEqual([2, 1]);
    expect(() => graphSvg(document, [], THEME, (color) => color)).toThrow("There are no nodes");
  });

  it("a text that would end the metadata does not", () => expect(JSON.parse(svgText(svgMetadata({ a: "]]></metadata>" }))!)).toEqual({ workflow: { a: "]]></metadata>" } }));
});

describe("what a workflow tells", () => {
  const telling = (): JsonObject => {
    const data = copy(DEFAULT_WORKFLOW);
    data.extra = { info: { author_folder: "C:\\Users\\Ann\\work\\graph.json" } };
    (data.nodes as JsonObject[]).push(
      { id: 20, type: "LoadImage", pos: [0, 0], size: [1, 1], flags: {}, order: 9, mode: 0, properties: { shown: "data:image/png;base64,AAAA" }, widgets_values: ["holiday/me.png", "image"] },
      { id: 21, type: "Note", pos: [0, 0], size: [1, 1], flags: {}, order: 9, mode: 0, properties: {}, widgets_values: ["see /home/ann/secret/notes.txt, and https://example.org/home/ann"] },
      { id: 22, type: "Nowhere", pos: [0, 0], size: [1, 1], flags: {}, order: 9, mode: 0, properties: {}, widgets_values: ["clip.mp4", 3, { path: "/mnt/disk/a.safetensors" }] },
    );
    return data;
  };
  const open = () => readWorkflow(telling(), definitions).graph;

  it("is found: names of input files, places on a disk, results", () => {
    const found = findPrivate(open());
    expect(found.inputs).toEqual(["holiday/me.png", "clip.mp4"]);
    expect([...found.paths].sort()).toEqual(["/home/ann/secret/notes.txt,", "/mnt/disk/a.safetensors", "C:\\Users\\Ann\\work\\graph.json"]);
    expect(found.results).toEqual(["data:image/png"]);
    expect(findPrivate(readWorkflow(copy(DEFAULT_WORKFLOW), definitions).graph)).toEqual({ inputs: [], paths: [], results: [] });
  });

  it("is left out where that was chosen, and nothing else changes", () => {
    const untouched = open();
    leaveOut(untouched, new Set());
    expect(toJson(writeWorkflow(untouched))).toBe(toJson(writeWorkflow(open())));
    const graph = open();
    leaveOut(graph, new Set(PRIVATE_PARTS));
    const written = writeWorkflow(graph);
    expect(toJson(written)).not.toMatch(/holiday|\/home\/ann\/secret|Users|base64|clip\.mp4|\/mnt/);
    const values = Object.fromEntries((written.nodes as JsonObject[]).map((node) => [String(node.id), node.widgets_values]));
    expect(values["20"]).toEqual(["", "image"]);
    expect(values["21"]).toEqual(["see notes.txt, and https://example.org/home/ann"]);
    expect(values["22"]).toEqual(["", 3, { path: "a.safetensors" }]);
    expect((written.extra as JsonObject).info).toEqual({ author_folder: "graph.json" });
    expect(findPrivate(readWorkflow(written, definitions).graph)).toEqual({ inputs: [], paths: [], results: [] });
  });
});
