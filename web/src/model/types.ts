/** What do the words of the graph mean? Plain data only: nothing here knows a browser. */

import type { InputPart } from "./dynamic_inputs";

/** A BigInt is a whole number that a double can't hold exactly (exact_json.ts). */
export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export type NodeId = string;
export type LinkId = number;
export type Point = readonly [x: number, y: number];
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** How a literal input is edited; the view looks its component up by this name. */
export type WidgetKind = "number" | "choice" | "string" | "text" | "markdown" | "toggle" | "control" | "image" | "readonly" | "own";

export interface WidgetSpec {
  readonly name: string;
  readonly label: string;
  readonly kind: WidgetKind;
  /** The socket type that may be connected in place of the widget; "" where none may. */
  readonly type: string;
  readonly integer: boolean;
  readonly defaultValue: Json;
  readonly min?: number;
  readonly max?: number;
  /** The true bound of a whole number where `max` had to stop at 2^53 - 1. */
  readonly exactMax?: bigint;
  readonly step?: number;
  /** Digits behind the point that are shown and kept. */
  readonly decimals?: number;
  readonly choices?: readonly Json[];
  readonly placeholder?: string;
  /** Whether `{a|b}` in its text stands for a choice that is made when a prompt is queued. */
  readonly hasChoices?: boolean;
  readonly labelOn?: string;
  readonly labelOff?: string;
  readonly tooltip?: string;
  /** The number widget that a `control` widget acts on. */
  readonly controls?: string;
  /** The widget of a node inside the subgraph that this one stands for. */
  readonly promoted?: { readonly node: NodeId; readonly widget: string };
  /** The input of a node type that it edits; a promoted widget says that of the inner node. */
  readonly origin?: { readonly node: string; readonly input: string; readonly type: string };
  /** Folder whose files an `image` widget offers ("input" unless the node says otherwise). */
  readonly folder?: string;
}

export interface InputDefinition {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
  readonly label?: string;
  readonly tooltip?: string;
  /** Null for an input that can only be connected. */
  readonly widget: WidgetSpec | null;
}

export interface OutputDefinition {
  readonly name: string;
  readonly type: string;
  readonly isList: boolean;
  readonly label?: string;
  readonly tooltip?: string;
}

export interface NodeDefinition {
  readonly type: string;
  readonly displayName: string;
  readonly description: string;
  readonly category: string;
  readonly pack: string;
  readonly inputs: readonly InputDefinition[];
  readonly outputs: readonly OutputDefinition[];
  /** Widgets in the order in which `widgets_values` lists them. */
  readonly widgets: readonly WidgetSpec[];
  /** The inputs as they depend on each other, where some do; `inputs` and `widgets` are then those of a new node. */
  readonly parts?: readonly InputPart[];
  readonly isTarget: boolean;
  readonly isVirtual: boolean;
  readonly deprecated: boolean;
  readonly experimental: boolean;
}

export const NodeMode = { always: 0, mute: 2, bypass: 4 } as const;

export interface InputSocket {
  name: string;
  type: string;
  link: LinkId | null;
  /** True when the input also has a widget; its value then yields to the link. */
  widget: boolean;
  label?: string;
  optional?: boolean;
  tooltip?: string;
  /** The slot as the file had it, with fields we do not know; undefined when it was not in the file. */
  raw?: JsonObject;
}

export interface OutputSocket {
  name: string;
  type: string;
  links: LinkId[];
  label?: string;
  tooltip?: string;
  raw?: JsonObject;
}

export interface GraphNode {
  readonly id: NodeId;
  readonly type: string;
  /** Null when the file names no title: the definition's display name is shown. */
  title: string | null;
  pos: Point;
  size: Point;
  mode: number;
  collapsed: boolean;
  pinned: boolean;
  inputs: InputSocket[];
  outputs: OutputSocket[];
  values: Record<string, Json>;
  /** False for a node whose type is not installed: a placeholder that is saved as it came. */
  known: boolean;
  properties: JsonObject;
  /** Place among the nodes of the file; what was read first is written first. */
  rank: number;
  /** The node as it stood in the file; empty for a new one. */
  raw: JsonObject;
}

export interface Link {
  readonly id: LinkId;
  readonly from: NodeId;
  readonly fromSlot: number;
  readonly to: NodeId;
  /** Name of the input socket. */
  readonly toInput: string;
  readonly type: string;
  readonly rank: number;
  readonly raw?: JsonObject;
}

export interface Group {
  readonly id: number;
  title: string;
  bounds: Rect;
  color: string | null;
  raw: JsonObject;
}
