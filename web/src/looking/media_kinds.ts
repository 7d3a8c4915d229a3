/** What kind of file is a result? By the ending of its name. */

export type Shown = "image" | "video" | "audio" | "latent" | "text" | "other";
const SUFFIXES: readonly (readonly [Shown, RegExp])[] = [
  ["image", /\.(png|apng|jpe?g|webp|gif|avif|bmp|tiff?|jxl|svg)$/i],
  ["video", /\.(mp4|m4v|webm|mov|mkv|avi)$/i],
  ["audio", /\.(mp3|wav|flac|ogg|opus|m4a)$/i],
  ["latent", /\.latent$/i],
  ["text", /\.(txt|json|csv|md)$/i],
];

export const mediaOf = (filename: string): Shown => SUFFIXES.find(([, suffix]) => suffix.test(filename))?.[0] ?? "other";
