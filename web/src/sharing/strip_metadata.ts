/** How does a picture lose what it says of its making? Its pieces without texts and EXIF; the compressed pixels are copied byte by byte. */

import { t } from "../words";

const latin1 = new TextDecoder("latin1");
const letters = (bytes: Uint8Array, at: number, count = 4): string => latin1.decode(bytes.subarray(at, at + count));
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const damaged = (kind: string): Error => new Error(t("sharing.cutShort", { kind }));
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

/** The picture without texts, EXIF, XMP and dates; how it is turned stays. Raises for other files and for damaged ones. */
export function withoutMetadata(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (letters(bytes, 1, 3) === "PNG") return strippedPng(bytes);
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return strippedJpeg(bytes);
  if (letters(bytes, 0) === "RIFF" && letters(bytes, 8) === "WEBP") return strippedWebp(bytes);
  throw new Error(t("sharing.noPicture"));
}
