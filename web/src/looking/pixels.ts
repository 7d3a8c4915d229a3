/** What do the pixels of a picture say? Counted for the histogram, read under the pointer. */

export interface Histogram {
  /** Per channel red, green, blue: how many pixels have each value 0..255. */
  readonly counts: readonly [Uint32Array, Uint32Array, Uint32Array];
  readonly means: readonly [number, number, number];
}

/** `data` is RGBA, 4 bytes a pixel; pixels that are wholly transparent don't count. */
export function histogram(data: Uint8ClampedArray): Histogram {
  const counts = [new Uint32Array(256), new Uint32Array(256), new Uint32Array(256)] as const;
  const sums: [number, number, number] = [0, 0, 0];
  let pixels = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] === 0) continue;
    pixels += 1;
    for (const channel of [0, 1, 2] as const) {
      const value = data[at + channel]!;
      counts[channel][value]! += 1;
      sums[channel] += value;
    }
  }
  const mean = (sum: number): number => (pixels === 0 ? 0 : sum / pixels);
  return { counts, means: [mean(sums[0]), mean(sums[1]), mean(sums[2])] };
}

/** Points of a line over 256 x `height`; the largest count of the inner values is the top, so that plain black or white hides nothing. */
export function outline(counts: Uint32Array, top: number, height: number): string {
  const points = Array.from(counts, (count, value) => `${value},${(height - Math.min(1, count / Math.max(1, top)) * height).toFixed(1)}`);
  return `0,${height} ${points.join(" ")} 255,${height}`;
}

export const topOf = ({ counts }: Histogram): number => Math.max(...counts.map((channel) => channel.subarray(1, 255).reduce((most, count) => Math.max(most, count), 1)));

const LARGEST_READ = 64 * 2 ** 20;
const LARGEST_COUNTED_SIDE = 512;

/** A picture whose pixels can be asked for; null where it is too large for this page's memory. */
export class Pixels {
  private constructor(private readonly context: CanvasRenderingContext2D, readonly width: number, readonly height: number) {}

  static of(image: HTMLImageElement): Pixels | null {
    const { naturalWidth: width, naturalHeight: height } = image;
    if (width * height === 0 || width * height > LARGEST_READ) return null;
    const context = Pixels.draw(image, width, height);
    return context && new Pixels(context, width, height);
  }

  private static draw(image: CanvasImageSource, width: number, height: number): CanvasRenderingContext2D | null {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context?.drawImage(image, 0, 0, width, height);
    return context;
  }

  at(x: number, y: number): readonly [number, number, number, number] {
    const [red, green, blue, alpha] = this.context.getImageData(x, y, 1, 1).data;
    return [red!, green!, blue!, alpha!];
  }

  histogram(): Histogram {
    const share = Math.min(1, LARGEST_COUNTED_SIDE / Math.max(this.width, this.height));
    const width = Math.max(1, Math.round(this.width * share));
    const height = Math.max(1, Math.round(this.height * share));
    const context = share === 1 ? this.context : (Pixels.draw(this.context.canvas, width, height) ?? this.context);
    return histogram(context.getImageData(0, 0, width, height).data);
  }
}
