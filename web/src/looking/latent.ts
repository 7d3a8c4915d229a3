/** What does a saved latent hold? Its tensors' names and shapes, and each channel as a grey picture. */

import { t } from "../words";

export interface TensorInfo {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}
export interface Channel {
  readonly width: number;
  readonly height: number;
  readonly lowest: number;
  readonly highest: number;
  /** One byte a pixel: 0 at the lowest value, 255 at the highest. */
  readonly grey: Uint8ClampedArray;
}
export interface LatentFile {
  readonly tensors: readonly TensorInfo[];
  readonly channels: readonly Channel[];
}

const LONGEST_HEADER = 2 ** 20;
const MOST_CHANNELS = 16;

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function reader(view: DataView, dtype: string): { size: number; at: (offset: number) => number } | null {
  if (dtype === "F32") return { size: 4, at: (offset) => view.getFloat32(offset, true) };
  if (dtype === "F16") return { size: 2, at: (offset) => half(view.getUint16(offset, true)) };
  if (dtype === "BF16") {
    const word = new DataView(new ArrayBuffer(4));
    return { size: 2, at: (offset) => (word.setUint32(0, view.getUint16(offset, true) << 16), word.getFloat32(0)) };
  }
  return null;
}

/** Reads a safetensors file. Raises Error where it is none. */
export function readLatent(buffer: ArrayBuffer): LatentFile {
  const view = new DataView(buffer);
  const length = buffer.byteLength < 8 ? 0 : Number(view.getBigUint64(0, true));
  if (length < 2 || length > LONGEST_HEADER || 8 + length > buffer.byteLength) throw new Error(t("looking.noLatent"));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length))) as Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;
  const entries = Object.entries(header).filter(([name]) => name !== "__metadata__");
  const tensors = entries.map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const main = header.latent_tensor;
  const read = main && reader(view, main.dtype);
  if (!main || !read || main.shape.length < 4) return { tensors, channels: [] };
  const [width, height, count] = [main.shape.at(-1)!, main.shape.at(-2)!, main.shape[1]!];
  const begin = 8 + length + main.data_offsets[0];
  if (begin + count * width * height * read.size > buffer.byteLength) throw new Error(t("looking.latentCut"));
  const plane = width * height * (main.shape.length === 5 ? main.shape[2]! : 1);
  return { tensors, channels: Array.from({ length: Math.min(count, MOST_CHANNELS) }, (_, channel) => channelOf(width, height, (pixel) => read.at(begin + (channel * plane + pixel) * read.size))) };
}

function channelOf(width: number, height: number, value: (pixel: number) => number): Channel {
  const values = Float32Array.from({ length: width * height }, (_, pixel) => value(pixel));
  let lowest = Infinity;
  let highest = -Infinity;
  for (const each of values) {
    if (each < lowest) lowest = each;
    if (each > highest) highest = each;
  }
  const range = highest - lowest || 1;
  return { width, height, lowest, highest, grey: Uint8ClampedArray.from(values, (each) => ((each - lowest) / range) * 255) };
}
