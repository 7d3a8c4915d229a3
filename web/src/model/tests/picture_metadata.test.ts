import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readPictureTexts } from "../picture_metadata";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const join = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const uint32 = (value: number, little = false): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, little);
  return bytes;
};
const chunk = (kind: string, data: Uint8Array): Uint8Array => join(uint32(data.length), ascii(kind), data, uint32(0));
const png = (...chunks: Uint8Array[]): Uint8Array => join(new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), ...chunks, chunk("IEND", new Uint8Array()));

function exif(text: string): Uint8Array {
  const value = ascii(`${text}\0`);
  const entry = join(new Uint8Array([0x0f, 0x01, 2, 0]), uint32(value.length, true), uint32(26, true));
  return join(ascii("II"), new Uint8Array([42, 0]), uint32(8, true), new Uint8Array([1, 0]), entry, uint32(0), value);
}

describe("a picture's texts", () => {
  it("are read from tEXt, zTXt and iTXt", async () => {
    const bytes = png(
      chunk("tEXt", ascii('prompt\0{"1":{}}')),
      chunk("iTXt", join(ascii("workflow\0"), new Uint8Array([1, 0, 0, 0]), new Uint8Array(deflateSync('{"nodes":["ü"]}')))),
    );
    expect(await readPictureTexts(bytes)).toEqual({ prompt: '{"1":{}}', workflow: '{"nodes":["ü"]}' });
    expect(await readPictureTexts(png(chunk("zTXt", join(ascii("workflow\0\0"), new Uint8Array(deflateSync("{}"))))))).toEqual({ workflow: "{}" });
  });

  it("are read from the EXIF of WebP and JPEG", async () => {
    const tiff = exif('workflow:{"nodes":[]}');
    const webp = join(ascii("RIFF"), uint32(0), ascii("WEBP"), ascii("EXIF"), uint32(tiff.length, true), tiff);
    const segment = join(ascii("Exif\0\0"), tiff);
    const jpeg = join(new Uint8Array([0xff, 0xd8, 0xff, 0xe1, (segment.length + 2) >> 8, (segment.length + 2) & 255]), segment);
    expect(await readPictureTexts(webp)).toEqual({ workflow: '{"nodes":[]}' });
    expect(await readPictureTexts(jpeg)).toEqual({ workflow: '{"nodes":[]}' });
  });

  it.each([["an empty file", new Uint8Array()], ["text", ascii("hello")], ["a cut PNG", png(chunk("tEXt", ascii("workflow\0{}"))).subarray(0, 20)], ["a lying length", join(png().subarray(0, 8), uint32(0xffffffff), ascii("tEXt"))]])(
    "of %s are none", async (_, bytes) => expect(await readPictureTexts(bytes)).toEqual({}));
});
