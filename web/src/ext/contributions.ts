/** What have extensions added to the editor? Nothing until one is loaded; the editor's own parts only read this. */

import { signal, type Signal } from "@preact/signals";
import type { ComponentType } from "preact";
import type { Editor } from "../editor";
import type { Document } from "../model/document";
import { ownKeys } from "../model/own_widgets";
import type { WidgetPlace } from "../model/geometry";
import type { GraphNode, LinkId, NodeId, Point, WidgetSpec } from "../model/types";
import type { MenuItem } from "../panels/ui_state";
import type { Widget } from "../view/dom/widgets/widget";

export interface OwnWidget {
  readonly view: Widget;
  /** The stand-in of a value at a size, once it was drawn; null until then, and for widgets without one. */
  readonly standIn: (document: Document, node: GraphNode, place: WidgetPlace, width: number, isDark: boolean) => CanvasImageSource | null;
}

/** What a context menu was opened on. */
export type MenuTarget =
  | { readonly place: "canvas"; readonly at: Point }
  | { readonly place: "node"; readonly nodes: readonly NodeId[] }
  | { readonly place: "link"; readonly link: LinkId }
  | { readonly place: "group"; readonly group: number };

/** By the keys of model/own_widgets.ts. */
export const ownWidgets: Signal<ReadonlyMap<string, OwnWidget>> = signal(new Map());
export const menuItems: Signal<(target: MenuTarget) => readonly MenuItem[]> = signal(() => []);
/** Entries of the top bar's menu of extensions; null as long as there are no extensions. */
export const topBarItems: Signal<(() => readonly (MenuItem | null)[]) | null> = signal(null);
/** Draws the panels and dialogs of extensions. */
export const overlay: Signal<ComponentType<{ editor: Editor }> | null> = signal(null);

/** The extension's widget for what `spec` edits, where there is one. */
export function ownWidget(spec: WidgetSpec): OwnWidget | undefined {
  const found = ownWidgets.value;
  return found.size === 0 ? undefined : ownKeys(spec).map((key) => found.get(key)).find((widget) => widget !== undefined);
}
