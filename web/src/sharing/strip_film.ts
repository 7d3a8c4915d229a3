/** How does a film lose what it says of its making? Its texts become empty space of the same length, so that no offset in the file moves. */

import { damaged, letters, viewOf } from "./bytes";

// --- MP4 and MOV (ISO 14496-12): boxes of size, type, content ---------------------------------------------------------

const HOLDERS = new Set(["moov", "trak", "mdia", "moof", "traf"]);
/** Texts, XMP and the like; nothing that a player needs. */
const BOX_NOTES = new Set(["udta", "meta", "uuid"]);

function blankBoxes(bytes: Uint8Array, start: number, end: number): void {
  const view = viewOf(bytes);
  for (let at = start; at + 8 <= end; ) {
    const short = view.getUint32(at);
    const head = short === 1 ? 16 : 8;
    const size = short === 1 && at + 16 <= end ? Number(view.getBigUint64(at + 8)) : short === 0 ? end - at : short;
    if (size < head || at + size > end) throw damaged("MP4");
    const kind = letters(bytes, at + 4);
    if (HOLDERS.has(kind)) blankBoxes(bytes, at + head, at + size);
    if (BOX_NOTES.has(kind)) {
      bytes.set([0x66, 0x72, 0x65, 0x65], at + 4); // "free"
      bytes.fill(0, at + head, at + size);
    }
    at += size;
  }
}

export function strippedMp4(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  blankBoxes(copy, 0, copy.length);
  return copy;
}

// --- WebM and Matroska (RFC 8794, RFC 9559): elements of id, size, content ---------------------------------------------

const [SEGMENT, INFO, SEEK_HEAD, SEEK, SEEK_ID] = [0x18538067, 0x1549a966, 0x114d9b74, 0x4dbb, 0x53ab];
const [TAGS, ATTACHMENTS, TITLE, CRC, VOID] = [0x1254c367, 0x1941a469, 0x7ba9, 0xbf, 0xec];

interface Element {
  readonly id: number;
  readonly at: number;
  readonly inside: number;
  readonly end: number;
}

/** The length of a number of variable size by its first byte. */
const lengthOf = (first: number): number => Math.clz32(first) - 23;

function elementAt(bytes: Uint8Array, at: number, end: number): Element {
  const idLength = lengthOf(bytes[at]!);
  const sizeAt = at + idLength;
  const sizeLength = lengthOf(bytes[sizeAt] ?? 0);
  const inside = sizeAt + sizeLength;
  if (idLength > 4 || sizeLength > 8 || inside > end) throw damaged("WebM");
  const id = bytes.subarray(at, sizeAt).reduce((value, byte) => value * 256 + byte, 0);
  const size = bytes.subarray(sizeAt + 1, inside).reduce((value, byte) => value * 256 + byte, bytes[sizeAt]! & (0xff >> sizeLength));
  const isUnknown = size === 2 ** (7 * sizeLength) - 1; // of what was written while it was still going on
  if (isUnknown ? id !== SEGMENT : inside + size > end) throw damaged("WebM");
  return { id, at, inside, end: isUnknown ? end : inside + size };
}

function elements(bytes: Uint8Array, start: number, end: number): Element[] {
  const found: Element[] = [];
  for (let at = start; at < end; at = found.at(-1)!.end) found.push(elementAt(bytes, at, end));
  return found;
}

function toVoid(bytes: Uint8Array, { at, end }: Element): void {
  const sizeLength = Math.min(8, end - at - 1);
  bytes.fill(0, at, end);
  bytes[at] = VOID;
  let size = end - at - 1 - sizeLength;
  for (let place = at + sizeLength; place > at; place--, size = Math.floor(size / 256)) bytes[place] = size % 256;
  bytes[at + 1]! |= 0x80 >> (sizeLength - 1);
}

/** Blanks some of the children; the checksum over them, where there is one, no longer holds then. */
function blankChildren(bytes: Uint8Array, parent: Element, isNote: (child: Element) => boolean): void {
  const children = elements(bytes, parent.inside, parent.end);
  const notes = children.filter(isNote);
  for (const child of notes.length > 0 ? [...notes, ...children.filter(({ id }) => id === CRC)] : []) toVoid(bytes, child);
}

export function strippedWebm(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  const leadsToNotes = (seek: Element): boolean => elements(copy, seek.inside, seek.end).some(({ id, inside }) => id === SEEK_ID && [TAGS, ATTACHMENTS].includes(viewOf(copy).getUint32(inside)));
  for (const segment of elements(copy, 0, copy.length).filter(({ id }) => id === SEGMENT))
    for (const element of elements(copy, segment.inside, segment.end)) {
      if (element.id === TAGS || element.id === ATTACHMENTS) toVoid(copy, element);
      if (element.id === INFO) blankChildren(copy, element, ({ id }) => id === TITLE);
      if (element.id === SEEK_HEAD) blankChildren(copy, element, (child) => child.id === SEEK && leadsToNotes(child));
    }
  return copy;
}
