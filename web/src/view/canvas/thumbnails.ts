/** Which small picture stands for a node's result when it is drawn on the canvas? Decoded off the main thread, at most 256 wide. */

const WIDTH = 256;
const MOST = 200;

export class Thumbnails {
  private readonly known = new Map<string, ImageBitmap | null>();

  constructor(private readonly onReady: () => void) {}

  /** The picture at an address, or null until it is there. */
  get(address: string): ImageBitmap | null {
    const found = this.known.get(address);
    if (found !== undefined) return found;
    if (this.known.size >= MOST) this.drop();
    this.known.set(address, null);
    void this.load(address);
    return null;
  }

  private async load(address: string): Promise<void> {
    const response = await fetch(address).catch(() => null);
    if (!response?.ok) return; // the node's own picture says what is wrong
    const bitmap = await createImageBitmap(await response.blob(), { resizeWidth: WIDTH, resizeQuality: "medium" }).catch(() => null);
    if (!bitmap) return;
    this.known.set(address, bitmap);
    this.onReady();
  }

  private drop(): void {
    const [oldest] = this.known.keys();
    if (oldest === undefined) return;
    this.known.get(oldest)?.close();
    this.known.delete(oldest);
  }
}
