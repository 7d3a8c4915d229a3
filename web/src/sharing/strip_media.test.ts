/** The files in fixtures/media are what the engine itself writes (files/video.py, files/sound.py), with "secret" in every text that it puts in. */

import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { canBeBare } from "../looking/media_kinds";
import { joined } from "./bytes";
import { withoutMetadata } from "./strip_metadata";
import { pageCheck } from "./strip_sound";

const file = (name: string): Uint8Array => new Uint8Array(readFileSync(path.resolve(import.meta.dirname, "../fixtures/media", name)));
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const isTold = (bytes: Uint8Array): boolean => Buffer.from(bytes).includes("secret");
const little = (value: number): Uint8Array => new Uint8Array([value, value >> 8, value >> 16, value >>> 24]);

/** The Ogg pages of a file. */
function pages(bytes: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += found.at(-1)!.length) {
    const count = bytes[at + 26]!;
    found.push(bytes.subarray(at, at + 27 + count + bytes.subarray(at + 27, at + 27 + count).reduce((sum, lacing) => sum + lacing, 0)));
  }
  return found;
}
const checkIn = (page: Uint8Array): number => new DataView(page.buffer, page.byteOffset).getUint32(22, true);

describe("a film or sound without metadata", () => {
  it.each(["film.mp4", "film.webm", "sound.flac", "sound.mp3", "sound.opus"])("%s tells nothing any more, and twice is once", (name) => {
    const told = file(name);
    const bare = withoutMetadata(told, name);
    expect([isTold(told), isTold(bare), canBeBare(name)]).toEqual([true, false, true]);
    expect(withoutMetadata(bare, name)).toEqual(bare);
  });

  it("MP4: nothing moves, what is played stays byte by byte, and no track is lost", () => {
    const [told, bare] = [file("film.mp4"), withoutMetadata(file("film.mp4"), "a.mp4")];
    const box = (bytes: Uint8Array, kind: string): number => Buffer.from(bytes).indexOf(kind);
    expect(bare.length).toBe(told.length);
    expect(bare.subarray(box(bare, "mdat"))).toEqual(told.subarray(box(told, "mdat")));
    expect(bare.subarray(box(bare, "stbl"), box(bare, "stbl") + 300)).toEqual(told.subarray(box(told, "stbl"), box(told, "stbl") + 300));
    expect(Buffer.from(bare).includes("udta")).toBe(false);
  });

  it("WebM: nothing moves, and the index of the file no longer leads to the tags", () => {
    const [told, bare] = [file("film.webm"), withoutMetadata(file("film.webm"))];
    const cluster = (bytes: Uint8Array): number => Buffer.from(bytes).indexOf(Buffer.from([0x1f, 0x43, 0xb6, 0x75]), 300);
    const tags = Buffer.from([0x12, 0x54, 0xc3, 0x67]);
    expect(bare.length).toBe(told.length);
    expect(bare.subarray(cluster(bare), cluster(bare) + 200)).toEqual(told.subarray(cluster(told), cluster(told) + 200));
    expect([Buffer.from(told).includes(tags), Buffer.from(bare).includes(tags)]).toEqual([true, false]);
  });

  it("Opus: the packets of sound stay, and the checksums hold, also of texts that go over many pages", () => {
    const told = file("sound.opus");
    const [head, texts, ...sound] = pages(told);
    expect(pages(told).map(checkIn)).toEqual(pages(told).map(pageCheck));
    const bare = pages(withoutMetadata(told));
    expect(bare.map(checkIn)).toEqual(bare.map(pageCheck));
    expect([bare[0], ...bare.slice(2)]).toEqual([head, ...sound]);
    const vendor = texts!.subarray(28 + texts![26]! - 1 + 8, 28 + texts![26]! - 1 + 8 + 4 + 13);
    const long = joined([ascii("OpusTags"), vendor, little(1), little(99_993), ascii("workflow="), ascii("secret ".repeat(14_283)), ascii("end")]);
    const cut = [long.subarray(0, 255 * 255), long.subarray(255 * 255)];
    const laced = cut.map((piece, index) => {
      const lacing = [...new Array<number>(Math.floor(piece.length / 255)).fill(255), ...(index === 1 ? [piece.length % 255] : [])];
      const page = joined([texts!.subarray(0, 26), new Uint8Array([lacing.length, ...lacing]), piece]);
      new DataView(page.buffer).setUint32(22, pageCheck(page), true);
      return page;
    });
    const longBare = withoutMetadata(joined([head!, ...laced, ...sound]));
    expect(isTold(longBare)).toBe(false);
    expect(pages(longBare).map(checkIn)).toEqual(pages(longBare).map(pageCheck));
    expect(pages(longBare).slice(3)).toEqual(sound);
  });

  it("FLAC and MP3: the frames of sound stay byte by byte", () => {
    const frame = (bytes: Uint8Array, begin: readonly number[]): Uint8Array => bytes.subarray(Buffer.from(bytes).indexOf(Buffer.from(begin)));
    expect(frame(withoutMetadata(file("sound.flac")), [0xff, 0xf8])).toEqual(frame(file("sound.flac"), [0xff, 0xf8]));
    const mp3 = withoutMetadata(file("sound.mp3"), "sound.mp3");
    expect([mp3[0], mp3[1]! & 0xe0]).toEqual([0xff, 0xe0]);
    expect(mp3).toEqual(file("sound.mp3").subarray(-mp3.length));
    const tagged = joined([mp3, ascii("TAG"), ascii("secret"), new Uint8Array(119)]);
    expect(withoutMetadata(tagged, "a.mp3")).toEqual(mp3);
  });

  it("WAV, SVG and latents lose theirs as well", () => {
    const chunk = (kind: string, data: Uint8Array): Uint8Array => joined([ascii(kind), little(data.length), data, new Uint8Array(data.length % 2)]);
    const wav = (...parts: Uint8Array[]): Uint8Array => chunk("RIFF", joined([ascii("WAVE"), ...parts]));
    const [format, data] = [chunk("fmt ", new Uint8Array(16)), chunk("data", new Uint8Array([1, 2, 3]))];
    expect(withoutMetadata(wav(format, chunk("LIST", ascii("INFO secret")), data))).toEqual(wav(format, data));
    const drawing = '<svg><metadata><![CDATA[{"prompt": "a secret </metadata> of mine"}]]></metadata><path d="M0 0"/></svg>';
    expect(Buffer.from(withoutMetadata(ascii(drawing), "a.svg")).toString()).toBe('<svg><path d="M0 0"/></svg>');
    const header = ascii('{"__metadata__":{"prompt":"secret"},"latent":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}');
    const latent = joined([little(header.length), little(0), header, new Uint8Array([1, 2, 3, 4])]);
    const bare = withoutMetadata(latent, "a.latent");
    expect([bare.length, isTold(bare), [...bare.subarray(-4)]]).toEqual([latent.length, false, [1, 2, 3, 4]]);
    expect(JSON.parse(Buffer.from(bare.subarray(8, 8 + header.length)).toString())).toEqual({ latent: { dtype: "F32", shape: [1], data_offsets: [0, 4] } });
  });

  it.each(["film.mp4", "film.webm", "sound.flac", "sound.opus"])("%s that ends early is refused in words", (name) => {
    expect(() => withoutMetadata(file(name).slice(0, 90), name)).toThrow(/ends early/);
  });
  it("refuses what it does not know", () => {
    expect(() => withoutMetadata(ascii("GIF89a"), "a.gif")).toThrow(/found another kind/);
  });
});
