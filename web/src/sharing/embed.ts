/** How does a workflow travel in a picture of its graph? As a PNG text, or in the metadata of an SVG; both as other editors read them. */

import { toJson } from "../model/exact_json";
import { joined } from "./bytes";

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** CRC-32 as PNG counts it (ISO 3309). */
function crc(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 0xff]! ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** JSON in plain ASCII, so that every reader of PNG texts and of XML takes it alike. */
export const asciiJson = (value: unknown): string =>
  toJson(value).replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

function textChunk(keyword: string, text: string): Uint8Array {
  const body = new TextEncoder().encode(`tEXt${keyword}\0${text}`);
  const chunk = new Uint8Array(body.length + 8);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, body.length - 4);
  chunk.set(body, 4);
  view.setUint32(body.length + 4, crc(body));
  return chunk;
}

const HEADER = 8 + 25; // signature and IHDR, which must come first

/** The PNG with a workflow in it. */
export const pngWith = (png: Uint8Array, workflow: unknown): Uint8Array<ArrayBuffer> =>
  joined([png.subarray(0, HEADER), textChunk("workflow", asciiJson(workflow)), png.subarray(HEADER)]);

/** What an SVG's first element holds to carry a workflow. */
export const svgMetadata = (workflow: unknown): string => `<metadata><![CDATA[${asciiJson({ workflow }).replaceAll("]]>", "]]\\u003e")}]]></metadata>`;
