/** The few things that every reader of a container does with its bytes. */

import { t } from "../words";

const latin1 = new TextDecoder("latin1");
export const letters = (bytes: Uint8Array, at: number, count = 4): string => latin1.decode(bytes.subarray(at, at + count));
export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
export const damaged = (kind: string): Error => new Error(t("sharing.cutShort", { kind }));

export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
