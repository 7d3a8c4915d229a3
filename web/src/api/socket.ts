/** How does the editor stay connected? One websocket per tab, opened again under the same client id when it falls. */

import { signal } from "@preact/signals-core";
import { newId } from "../model/ids";
import type { JsonObject } from "../model/types";
import { readFrame, readMessage, type ServerEvent } from "./events";

export type Connection = "connecting" | "open" | "lost";

const KEY = "weft.client";
const LONGEST_WAIT_MS = 5000;

/** Locks exist on https and on localhost, not on plain http from another machine. */
export const canClaim = (): boolean => "locks" in navigator;

/** How long a page that is being reloaded may take to let go of its locks. */
export const RELOAD_MS = 2000;

/**
 * Takes a lock for as long as this tab lives; false when another tab still has it after `patienceMs`. True where the browser
 * has no locks.
 */
export function holdForTab(name: string, patienceMs = 0): Promise<boolean> {
  if (!canClaim()) return Promise.resolve(true);
  const forever = new Promise<never>(() => undefined);
  return new Promise((resolve) => {
    const options = patienceMs > 0 ? { signal: AbortSignal.timeout(patienceMs) } : { ifAvailable: true };
    navigator.locks
      .request(name, options, (lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : forever;
      })
      .catch(() => resolve(false)); // the patience is at an end
  });
}

/** The id of this tab: kept over a reload, new in a tab that was duplicated. */
export async function clientId(): Promise<string> {
  const kept = sessionStorage.getItem(KEY);
  if (kept && (await holdForTab(`weft.client.${kept}`, RELOAD_MS))) return kept;
  const fresh = newId();
  sessionStorage.setItem(KEY, fresh);
  await holdForTab(`weft.client.${fresh}`);
  return fresh;
}

export class ServerSocket {
  readonly connection = signal<Connection>("connecting");
  private socket: WebSocket | null = null;
  private wait = 250;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly id: string, private readonly onEvent: (event: ServerEvent) => void, private readonly onOpen: () => void) {
    addEventListener("online", () => this.reconnectNow());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.reconnectNow();
    });
  }

  connect(): void {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws?clientId=${encodeURIComponent(this.id)}`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.wait = 250;
      socket.send(JSON.stringify({ type: "feature_flags", data: { supports_preview_metadata: true } }));
      this.connection.value = "open";
      this.onOpen();
    };
    socket.onmessage = (message: MessageEvent<string | ArrayBuffer>) => this.receive(message.data);
    socket.onclose = () => this.lost(socket);
    this.socket = socket;
  }

  private reconnectNow(): void {
    if (this.connection.peek() !== "lost") return;
    clearTimeout(this.timer);
    this.connection.value = "connecting";
    this.connect();
  }

  private lost(socket: WebSocket): void {
    if (this.socket !== socket) return;
    this.connection.value = "lost";
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), this.wait);
    this.wait = Math.min(LONGEST_WAIT_MS, this.wait * 2);
  }

  private receive(data: string | ArrayBuffer): void {
    if (typeof data !== "string") {
      const event = readFrame(data);
      if (event) this.onEvent(event);
      return;
    }
    const message = JSON.parse(data) as { type?: string; data?: JsonObject };
    const event = message.type ? readMessage(message.type, message.data ?? {}) : null;
    if (event) this.onEvent(event);
  }
}
