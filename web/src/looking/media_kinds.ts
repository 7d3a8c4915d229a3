/** What kind of file is a result? By the ending of its name. */

export type Shown = "image" | "video" | "audio" | "latent" | "text" | "other";
const SUFFIXES: readonly (readonly [Shown, RegExp])[] = [
  ["image", /\.(png|apng|jpe?g|webp|gif|avif|bmp|tiff?|jxl|svg)$/i],
  ["video", /\.(mp4|m4v|webm|mov|mkv|avi)$/i],
  ["audio", /\.(mp3|wav|flac|ogg|opus|m4a)$/i],
  ["latent", /\.latent$/i],
  ["text", /\.(txt|json|csv|md)$/i],
];

const CAN_BE_BARE = /\.(a?png|jpe?g|webp|svg|mp4|m4v|m4a|mov|webm|mkv|flac|mp3|ogg|opus|wav|latent)$/i;

/** Whether what a file of this name says of its making can be taken out of it (sharing/strip_metadata.ts). */
export const canBeBare = (filename: string): boolean => CAN_BE_BARE.test(filename);

export const mediaOf = (filename: string): Shown => SUFFIXES.find(([, suffix]) => suffix.test(filename))?.[0] ?? "other";
