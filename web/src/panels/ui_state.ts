/** What lies above the canvas? The one popup, dialog or search that is open, and the toasts. */

import { signal } from "@preact/signals";
import type { Conflict, DraftInfo } from "../api/workflows";
import type { MaskRequest } from "../interaction/masks";
import type { Document } from "../model/document";
import type { FileRef } from "../model/run_state";
import type { SocketFilter } from "../model/fuzzy";
import type { Json, NodeId, Point } from "../model/types";

export interface Toast {
  readonly id: number;
  readonly tone: "info" | "error";
  readonly text: string;
  readonly node?: NodeId;
  /** What can be done about it. */
  readonly action?: { readonly label: string; readonly act: () => void };
}
export interface ChoicePopup {
  readonly label: string;
  readonly anchor: DOMRect;
  readonly choices: readonly Json[];
  readonly value: Json;
  readonly pick: (value: Json) => void;
}
export interface SearchRequest {
  readonly screen: Point;
  readonly filter: SocketFilter | null;
  /** What the empty field says, where it is not about adding a node. */
  readonly says?: string;
  readonly pick: (type: string) => void;
}
export interface MenuItem {
  readonly label: string;
  readonly keys?: string;
  readonly disabled?: boolean;
  /** Whether it is on, for what can be switched. */
  readonly checked?: boolean;
  readonly act: () => void;
}
export interface Menu {
  readonly at: Point;
  readonly items: readonly (MenuItem | null)[];
}
export interface Picture {
  readonly refs: readonly FileRef[];
  readonly index: number;
  /** The workflow that made it, where it is known. */
  readonly workflow: Json;
  /** For each of `refs` where its workflow can be asked for. */
  readonly workflowsAt?: readonly (string | null)[];
  /** Which of `refs` it is compared with. */
  readonly against?: number | null;
}

export interface RefusedSave {
  readonly document: Document;
  /** Path below `workflows/`. */
  readonly file: string;
  readonly conflict: Conflict;
}

export class UiState {
  readonly choice = signal<ChoicePopup | null>(null);
  readonly search = signal<SearchRequest | null>(null);
  readonly menu = signal<Menu | null>(null);
  readonly picture = signal<Picture | null>(null);
  /** The picture whose mask is painted. */
  readonly mask = signal<MaskRequest | null>(null);
  /** The workflow whose areas of prompts are drawn, and the node from which it was asked. */
  readonly regions = signal<{ readonly document: Document; readonly first: NodeId } | null>(null);
  readonly dialog = signal<"account" | "conflict" | "extension" | "extensions" | "help" | "open" | "packs" | "palette" | "recovered" | "save" | "settings" | "share" | "templates" | "trash" | "versions" | null>(null);
  /** The save that was refused, while its dialog is open. */
  readonly conflict = signal<RefusedSave | null>(null);
  /** Unsaved work that the server has and this browser has not. */
  readonly recovered = signal<readonly DraftInfo[]>([]);
  readonly renaming = signal<NodeId | null>(null);
  readonly renamingGroup = signal<number | null>(null);
  readonly toasts = signal<readonly Toast[]>([]);
  /** Dragging the void draws a box, and each tap selects one more. */
  readonly selectsBoxes = signal(false);
  readonly showsGallery = signal(false);
  readonly showsOutline = signal(false);
  private count = 0;

  tell(text: string, tone: Toast["tone"] = "info", node?: NodeId, action?: Toast["action"]): void {
    const toast: Toast = { id: ++this.count, tone, text, node, action };
    this.toasts.value = [...this.toasts.value.filter((other) => other.text !== text).slice(-3), toast];
    setTimeout(() => this.dismiss(toast.id), tone === "error" || action ? 12_000 : 5_000);
  }

  dismiss(id: number): void {
    this.toasts.value = this.toasts.value.filter((toast) => toast.id !== id);
  }

  /** Closes the topmost layer; false when none was open. */
  closeTop(): boolean {
    for (const layer of [this.choice, this.menu, this.search, this.renaming, this.renamingGroup, this.regions, this.mask, this.picture, this.dialog])
      if (layer.value !== null) {
        layer.value = null;
        return true;
      }
    return false;
  }
}
