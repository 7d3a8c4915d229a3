/** What does every widget get? The same few things, whatever it edits. */

import type { ComponentType } from "preact";
import type { Editor } from "../../../editor";
import type { Document } from "../../../model/document";
import type { GraphNode, Json, WidgetKind, WidgetSpec } from "../../../model/types";

export interface WidgetProps {
  readonly editor: Editor;
  readonly document: Document;
  readonly node: GraphNode;
  readonly spec: WidgetSpec;
  readonly value: Json;
  /** True when a link brings the value: the widget shows itself disabled. */
  readonly linked: boolean;
  /** Sets the value. A gesture (typing, scrubbing) passes `live` and ends with `commit`, which makes it one undo step. */
  readonly set: (value: Json, live?: boolean) => void;
  readonly commit: () => void;
}

export type Widget = ComponentType<WidgetProps>;

const registry = new Map<WidgetKind, Widget>();

/** Makes `widget` the editor of a kind. */
export function registerWidget(kind: WidgetKind, widget: Widget): void {
  registry.set(kind, widget);
}

export const widgetFor = (kind: WidgetKind): Widget | undefined => registry.get(kind);

/** A widget's or socket's name as people read it: `ckpt_name` -> `ckpt name`. */
export const spoken = (name: string): string => name.replaceAll("_", " ");
