/** How does a sound lose what it says of its making? What is heard is copied byte by byte. */

import { t } from "../words";
import { damaged, joined, letters, viewOf } from "./bytes";

/** Where an ID3v2 tag ends that begins at `at`; `at` where there is none. */
function afterId3(bytes: Uint8Array, at: number): number {
  if (letters(bytes, at, 3) !== "ID3" || at + 10 > bytes.length) return at;
  const size = bytes.subarray(at + 6, at + 10).reduce((value, byte) => value * 128 + (byte & 0x7f), 0);
  return afterId3(bytes, at + 10 + size + (bytes[at + 5]! & 0x10 ? 10 : 0));
}

/** Without ID3v2 before the sound, ID3v1 and APE tags after it. */
export function strippedMp3(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const start = afterId3(bytes, 0);
  let end = bytes.length;
  if (letters(bytes, end - 128, 3) === "TAG") end -= 128;
  const ape = end - 32;
  if (ape > start && letters(bytes, ape, 8) === "APETAGEX") {
    const view = viewOf(bytes);
    end -= view.getUint32(ape + 12, true) + (view.getUint32(ape + 20, true) & 0x80000000 ? 32 : 0);
  }
  if (start >= end) throw damaged("MP3");
  return bytes.slice(start, end);
}

/** Blocks of texts, pictures and what programs add. */
const FLAC_NOTES = new Set([2, 4, 6]);

/** RFC 9639: the block of texts and pictures go; the places of the seek table count from the first frame. */
export function strippedFlac(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const begin = afterId3(bytes, 0);
  const blocks: Uint8Array[] = [];
  let at = begin + 4;
  for (let isLast = false; !isLast; ) {
    const end = at + 4 + (at + 4 <= bytes.length ? viewOf(bytes).getUint32(at) & 0xffffff : Infinity);
    if (end > bytes.length) throw damaged("FLAC");
    isLast = bytes[at]! >= 0x80;
    if (!FLAC_NOTES.has(bytes[at]! & 0x7f)) blocks.push(bytes.slice(at, end));
    at = end;
  }
  blocks.forEach((block, index) => (block[0] = (block[0]! & 0x7f) | (index === blocks.length - 1 ? 0x80 : 0)));
  return joined([bytes.subarray(begin, begin + 4), ...blocks, bytes.subarray(at)]);
}

const WAV_NOTES = new Set(["LIST", "id3 ", "ID3 ", "bext", "iXML", "_PMX", "axml"]);

export function strippedWav(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [bytes.slice(0, 12)];
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = viewOf(bytes).getUint32(at + 4, true);
    if (at + 8 + size > bytes.length) throw damaged("WAV");
    const end = at + 8 + size + (size % 2);
    if (!WAV_NOTES.has(letters(bytes, at))) parts.push(bytes.subarray(at, end));
    at = end;
  }
  const whole = joined(parts);
  viewOf(whole).setUint32(4, whole.length - 8, true);
  return whole;
}

// --- Ogg (RFC 3533): pages with a checksum, packets that go over several of them ---------------------------------------

const CRC_TABLE = Array.from({ length: 256 }, (_, index) => {
  let value = index << 24;
  for (let bit = 0; bit < 8; bit++) value = (value << 1) ^ (value < 0 ? 0x04c11db7 : 0);
  return value >>> 0;
});
const CRC_AT = 22;

/** The checksum of a page, its own field taken as zero. */
export function pageCheck(page: Uint8Array): number {
  return page.reduce((crc, byte, at) => ((crc << 8) ^ CRC_TABLE[(crc >>> 24) ^ (at >= CRC_AT && at < CRC_AT + 4 ? 0 : byte)]!) >>> 0, 0);
}

interface Page {
  readonly bytes: Uint8Array;
  readonly serial: number;
  /** Where its packets' pieces lie in it, and whether the packet ends there. */
  readonly pieces: readonly { readonly start: number; readonly end: number; readonly isLast: boolean }[];
}

function pagesOf(bytes: Uint8Array): Page[] {
  const pages: Page[] = [];
  for (let at = 0; at < bytes.length; ) {
    const count = bytes[at + 26] ?? NaN;
    if (letters(bytes, at) !== "OggS" || !(at + 27 + count <= bytes.length)) throw damaged("Ogg");
    const pieces: { start: number; end: number; isLast: boolean }[] = [];
    let [start, place] = [27 + count, 27 + count];
    for (const lacing of bytes.subarray(at + 27, at + 27 + count)) {
      place += lacing;
      if (lacing === 255) continue;
      pieces.push({ start, end: place, isLast: true });
      start = place;
    }
    if (place > start) pieces.push({ start, end: place, isLast: false });
    if (at + place > bytes.length) throw damaged("Ogg");
    pages.push({ bytes: bytes.subarray(at, at + place), serial: viewOf(bytes).getUint32(at + 14, true), pieces });
    at += place;
  }
  return pages;
}

/** How the packet of texts begins, and what ends its list (the framing bit of Vorbis). */
const COMMENTS: readonly (readonly [string, readonly number[]])[] = [["OpusTags", []], ["\x03vorbis", [1]]];

/** The packet with no texts: the writer's name, a count of zero, and zeros up to its old length. */
function emptied(packet: Uint8Array): Uint8Array {
  const [magic, ending] = COMMENTS.find(([begin]) => letters(packet, 0, begin.length) === begin) ?? [];
  if (magic === undefined || packet.length < magic.length + 8) throw new Error(t("sharing.noTexts", { kind: "Ogg" }));
  const kept = magic.length + 4 + viewOf(packet).getUint32(magic.length, true);
  if (kept + 4 > packet.length) throw damaged("Ogg");
  const empty = new Uint8Array(packet.length);
  empty.set(packet.subarray(0, kept));
  empty.set(ending!, kept + 4);
  return empty;
}

/** Opus and Vorbis in Ogg: the second packet of each stream holds the texts. */
export function strippedOgg(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  const pages = pagesOf(copy);
  for (const serial of new Set(pages.map((page) => page.serial))) {
    let packet = 0;
    const own = pages.filter((page) => page.serial === serial).flatMap((page) => page.pieces.map((piece) => ({ page, ...piece, packet: piece.isLast ? packet++ : packet })));
    const second = own.filter((piece) => piece.packet === 1);
    const empty = emptied(joined(second.map(({ page, start, end }) => page.bytes.subarray(start, end))));
    let at = 0;
    for (const { page, start, end } of second) {
      page.bytes.set(empty.subarray(at, (at += end - start)), start);
      viewOf(page.bytes).setUint32(CRC_AT, pageCheck(page.bytes), true);
    }
  }
  return copy;
}
