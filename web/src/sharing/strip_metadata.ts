/** How does a result lose what it says of its making? Its pieces without texts and EXIF; what is seen and heard is copied byte by byte. */

import { t } from "../words";
import { damaged, joined, letters, viewOf } from "./bytes";
import { strippedMp4, strippedWebm } from "./strip_film";
import { strippedFlac, strippedMp3, strippedOgg, strippedWav } from "./strip_sound";

const PNG_NOTES = new Set(["tEXt", "zTXt", "iTXt", "eXIf", "tIME"]);

function strippedPng(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const parts = [bytes.subarray(0, 8)];
  for (let at = 8; at < bytes.length; ) {
    const end = at + 12 <= bytes.length ? at + 12 + viewOf(bytes).getUint32(at) : Infinity;
    if (end > bytes.length) throw damaged("PNG");
    const kind = letters(bytes, at + 4);
    if (!PNG_NOTES.has(kind)) parts.push(bytes.subarray(at, end));
    if (kind === "IEND") break; // what may follow is no picture
    at = end;
  }
  return joined(parts);
}

/** The orientation that an EXIF block tells; 1 (upright) where it tells none. */
function orientation(tiff: Uint8Array): number {
  if (tiff.length < 8) return 1;
  const view = viewOf(tiff);
  const little = letters(tiff, 0, 2) === "II";
  const start = view.getUint32(4, little);
  const count = start + 2 <= tiff.length ? view.getUint16(start, little) : 0;
  for (let entry = start + 2; entry + 12 <= Math.min(tiff.length, start + 2 + 12 * count); entry += 12)
    if (view.getUint16(entry, little) === 0x0112) return view.getUint16(entry + 8, little);
  return 1;
}

/** An EXIF block that tells nothing but the orientation (tag 0x0112, one SHORT). */
const onlyOrientation = (value: number): Uint8Array => new Uint8Array([
  0xff, 0xe1, 0, 34, ...new TextEncoder().encode("Exif\0\0MM"), 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, value, 0, 0, 0, 0, 0, 0,
]);

function strippedJpeg(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const parts = [bytes.subarray(0, 2)];
  let at = 2;
  let turned = 1;
  while (at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda) {
    const kind = bytes[at + 1]!;
    const end = at + 2 + viewOf(bytes).getUint16(at + 2);
    if (end > bytes.length) throw damaged("JPEG");
    if (kind === 0xe1 && letters(bytes, at + 4) === "Exif") turned = orientation(bytes.subarray(at + 10, end));
    const isNote = kind === 0xe1 || kind === 0xed || kind === 0xfe; // EXIF and XMP, IPTC, comments
    if (!isNote) parts.push(bytes.subarray(at, end));
    at = end;
  }
  if (turned > 1 && turned <= 8) parts.splice(1, 0, onlyOrientation(turned));
  return joined([...parts, bytes.subarray(at)]);
}

/** Bits of VP8X that say that there are EXIF and XMP chunks. */
const WEBP_NOTES = 0x08 | 0x04;

function strippedWebp(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [bytes.slice(0, 12)];
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = viewOf(bytes).getUint32(at + 4, true);
    const end = at + 8 + length + (length % 2);
    if (at + 8 + length > bytes.length) throw damaged("WebP");
    const kind = letters(bytes, at);
    const chunk = bytes.slice(at, end);
    if (kind === "VP8X") chunk[8]! &= ~WEBP_NOTES;
    if (kind !== "EXIF" && kind !== "XMP ") parts.push(chunk);
    at = end;
  }
  const whole = joined(parts);
  viewOf(whole).setUint32(4, whole.length - 8, true);
  return whole;
}

/** A drawing without its <metadata>, whatever stands in there as character data. */
function strippedSvg(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const element = /<metadata\b[^>]*?(?:\/>|>(?:<!\[CDATA\[[\s\S]*?\]\]>|(?!<!\[CDATA\[)[\s\S])*?<\/metadata\s*>)/g;
  return new TextEncoder().encode(new TextDecoder().decode(bytes).replace(element, ""));
}

/** A safetensors file (a latent) whose header no longer has `__metadata__`; spaces keep its length, so that all tensors stay in place. */
function strippedTensors(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  const length = copy.length >= 8 ? Number(viewOf(copy).getBigUint64(0, true)) : Infinity;
  if (8 + length > copy.length) throw damaged("safetensors");
  const tensors = JSON.parse(new TextDecoder().decode(copy.subarray(8, 8 + length))) as Record<string, unknown>;
  Reflect.deleteProperty(tensors, "__metadata__");
  const header = new TextEncoder().encode(JSON.stringify(tensors));
  if (header.length > length) throw damaged("safetensors");
  copy.fill(0x20, 8, 8 + length).set(header, 8);
  return copy;
}

const starts = (begin: string, at = 0) => (bytes: Uint8Array): boolean => letters(bytes, at, begin.length) === begin;
const isRiff = (kind: string) => (bytes: Uint8Array): boolean => starts("RIFF")(bytes) && starts(kind, 8)(bytes);

/** Each kind by how its files begin. */
const KINDS: readonly (readonly [(bytes: Uint8Array) => boolean, (bytes: Uint8Array) => Uint8Array<ArrayBuffer>])[] = [
  [starts("PNG", 1), strippedPng], [(bytes) => bytes[0] === 0xff && bytes[1] === 0xd8, strippedJpeg], [isRiff("WEBP"), strippedWebp], [isRiff("WAVE"), strippedWav],
  [starts("fLaC"), strippedFlac], [starts("OggS"), strippedOgg], [starts("\x1aE\xdf\xa3"), strippedWebm],
];
/** Those that begin with nothing of their own, by their names' endings. */
const BY_NAME: readonly (readonly [RegExp, (bytes: Uint8Array) => Uint8Array<ArrayBuffer>])[] = [
  [/\.(mp4|m4v|m4a|mov)$/i, strippedMp4], [/\.flac$/i, strippedFlac], [/\.mp3$/i, strippedMp3], [/\.svg$/i, strippedSvg], [/\.latent$/i, strippedTensors],
];

/** The file without texts, EXIF, XMP and dates; how a picture is turned stays. Raises for other files and for damaged ones. */
export function withoutMetadata(bytes: Uint8Array, name = ""): Uint8Array<ArrayBuffer> {
  const strip = KINDS.find(([is]) => is(bytes))?.[1] ?? BY_NAME.find(([ending]) => ending.test(name))?.[1];
  if (!strip) throw new Error(t("sharing.noPicture"));
  return strip(bytes);
}
