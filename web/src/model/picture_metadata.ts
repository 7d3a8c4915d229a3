/** Which workflow lies in a picture? PNG text chunks; EXIF of WebP and JPEG. Bytes only, nothing is decoded as an image. */

import { t } from "../words";

export interface EmbeddedTexts {
  workflow?: string;
  prompt?: string;
}

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const LONGEST_TEXT = 64 * 1024 * 1024;
const latin1 = new TextDecoder("latin1");
const utf8 = new TextDecoder("utf-8");

const startsWith = (bytes: Uint8Array, signature: readonly number[], at = 0): boolean => signature.every((byte, index) => bytes[at + index] === byte);
const fourLetters = (bytes: Uint8Array, at: number): string => latin1.decode(bytes.subarray(at, at + 4));

async function inflate(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes.slice()]).stream().pipeThrough(new DecompressionStream("deflate"));
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  let total = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    total += read.value.length;
    if (total > LONGEST_TEXT) throw new Error(t("notices.textTooLong"));
    parts.push(read.value);
  }
  const whole = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Keyword and text of a tEXt, zTXt or iTXt chunk. */
async function chunkText(kind: string, data: Uint8Array): Promise<[string, string] | null> {
  const end = data.indexOf(0);
  if (end < 0) return null;
  const keyword = latin1.decode(data.subarray(0, end));
  if (kind === "tEXt") return [keyword, utf8.decode(data.subarray(end + 1))];
  if (kind === "zTXt") return [keyword, utf8.decode(await inflate(data.subarray(end + 2)))];
  const compressed = data[end + 1] === 1;
  const language = data.indexOf(0, end + 3);
  const translated = data.indexOf(0, language + 1);
  if (language < 0 || translated < 0) return null;
  const body = data.subarray(translated + 1);
  return [keyword, utf8.decode(compressed ? await inflate(body) : body)];
}

async function fromPng(bytes: Uint8Array): Promise<EmbeddedTexts> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: EmbeddedTexts = {};
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const kind = fourLetters(bytes, at + 4);
    if (at + 12 + length > bytes.length) break;
    if (kind === "tEXt" || kind === "zTXt" || kind === "iTXt") {
      const entry = await chunkText(kind, bytes.subarray(at + 8, at + 8 + length));
      if (entry?.[0] === "workflow" || entry?.[0] === "prompt") found[entry[0]] = entry[1];
    }
    at += 12 + length;
  }
  return found;
}

/** The ASCII entries of the first directory of a TIFF block. */
function tiffTexts(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = fourLetters(bytes, 0).startsWith("II");
  if (bytes.length < 8) return [];
  const texts: string[] = [];
  const start = view.getUint32(4, little);
  if (start + 2 > bytes.length) return [];
  const count = view.getUint16(start, little);
  for (let index = 0; index < count; index++) {
    const entry = start + 2 + index * 12;
    if (entry + 12 > bytes.length) break;
    if (view.getUint16(entry + 2, little) !== 2) continue;
    const length = view.getUint32(entry + 4, little);
    const offset = length <= 4 ? entry + 8 : view.getUint32(entry + 8, little);
    if (offset + length <= bytes.length) texts.push(utf8.decode(bytes.subarray(offset, offset + length)).replace(/\0+$/, ""));
  }
  return texts;
}

function fromExif(bytes: Uint8Array): EmbeddedTexts {
  const tiff = startsWith(bytes, [0x45, 0x78, 0x69, 0x66, 0, 0]) ? bytes.subarray(6) : bytes;
  const found: EmbeddedTexts = {};
  for (const text of tiffTexts(tiff))
    for (const name of ["workflow", "prompt"] as const) if (text.toLowerCase().startsWith(`${name}:`)) found[name] = text.slice(name.length + 1);
  return found;
}

function fromWebp(bytes: Uint8Array): EmbeddedTexts {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4, true);
    if (fourLetters(bytes, at) === "EXIF") return fromExif(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length + (length % 2);
  }
  return {};
}

function fromJpeg(bytes: Uint8Array): EmbeddedTexts {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff; ) {
    const length = view.getUint16(at + 2);
    if (bytes[at + 1] === 0xe1 && fourLetters(bytes, at + 4) === "Exif") return fromExif(bytes.subarray(at + 4, at + 2 + length));
    if (bytes[at + 1] === 0xda) break;
    at += 2 + length;
  }
  return {};
}

/** The texts of a PNG, WebP or JPEG file; empty for any other file or a picture without them. */
export async function readPictureTexts(bytes: Uint8Array): Promise<EmbeddedTexts> {
  if (startsWith(bytes, PNG_SIGNATURE)) return fromPng(bytes);
  if (startsWith(bytes, [0x52, 0x49, 0x46, 0x46]) && fourLetters(bytes, 8) === "WEBP") return fromWebp(bytes);
  if (startsWith(bytes, [0xff, 0xd8])) return fromJpeg(bytes);
  return {};
}

/** The JSON in the metadata of an SVG; null where there is none. */
export const svgText = (svg: string): string | null => /<metadata>\s*<!\[CDATA\[([\s\S]*?)\]\]>\s*<\/metadata>/.exec(svg)?.[1] ?? null;
