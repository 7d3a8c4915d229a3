/** How is a large picture kept small in a node? Decoded once off the main thread, then held at a size that a node can show. */

/** Pictures wider or higher than this are shrunk; the viewer shows the original. */
export const LARGEST_SIDE = 1400;

/** Address of a smaller copy (to be revoked by the caller), or null where the picture can't be read. */
export async function shrink(address: string): Promise<string | null> {
  const response = await fetch(address);
  if (!response.ok) return null;
  const whole = await createImageBitmap(await response.blob());
  const scale = LARGEST_SIDE / Math.max(whole.width, whole.height);
  const sheet = new OffscreenCanvas(Math.round(whole.width * scale), Math.round(whole.height * scale));
  const context = sheet.getContext("2d");
  if (!context) return null;
  context.imageSmoothingQuality = "high";
  context.drawImage(whole, 0, 0, sheet.width, sheet.height);
  whole.close();
  return URL.createObjectURL(await sheet.convertToBlob({ type: "image/webp", quality: 0.9 }));
}
