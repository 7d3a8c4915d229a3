/** Is a form being made? Small, so that what makes it is fetched only when it is wanted. */

import { signal, type Signal } from "@preact/signals";
import type { ComponentType } from "preact";
import type { Document } from "../model/document";
import type { GraphNode, WidgetSpec } from "../model/types";

export const showsForm = signal(false);

export interface PinProps {
  readonly document: Document;
  readonly node: GraphNode;
  readonly spec: WidgetSpec;
}

/** What puts a widget on the form, beside the widget; there once the panel is. */
export const formPin: Signal<ComponentType<PinProps> | null> = signal(null);

/** The key of the node whose widgets the panel is to offer. */
export const offeredNode: Signal<string | null> = signal(null);

/** Shows the widgets of a node in the panel, to choose from. */
export function offerForForm(key: string): void {
  offeredNode.value = key;
  showsForm.value = true;
}
