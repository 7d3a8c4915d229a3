/** Which inputs does a node have whose type lets some depend on others? Those that apply to what is set and linked now. */

import type { GraphNode, InputDefinition, InputSocket, Json, WidgetSpec } from "./types";

/** An input with its widgets: its own, and the control after a seed. */
interface PlainPart {
  readonly kind: "plain";
  readonly input: InputDefinition;
  readonly widgets: readonly WidgetSpec[];
}
/** As many inputs like `like` as are linked, and a free one; called `owner.name` each. */
interface GrownPart {
  readonly kind: "grown";
  readonly input: InputDefinition;
  readonly like: InputPart;
  readonly names: readonly string[];
  /** The names are numbers only: an input may move up to another's. */
  readonly isNumbered: boolean;
  readonly least: number;
}
/** A choice whose values bring inputs, called `owner.name` each. */
interface ChosenPart extends Omit<PlainPart, "kind"> {
  readonly kind: "chosen";
  readonly options: ReadonlyMap<string, readonly InputPart[]>;
}
/** Inputs that come once the owner is linked, called `owner.name` each. */
interface AttachedPart extends Omit<PlainPart, "kind"> {
  readonly kind: "attached";
  readonly brought: readonly InputPart[];
}
export type InputPart = PlainPart | GrownPart | ChosenPart | AttachedPart;

/** What decides which inputs apply. */
export interface Facts {
  readonly value: (name: string) => Json | undefined;
  readonly isLinked: (name: string) => boolean;
}
export interface Shown {
  readonly inputs: InputDefinition[];
  readonly widgets: WidgetSpec[];
  /** Full names of the inputs of each list of numbered ones that grows, in their order. */
  readonly numbered: (readonly string[])[];
}

export const NOTHING_SET: Facts = { value: () => undefined, isLinked: () => false };

function named({ input, widgets }: Omit<PlainPart, "kind">, name: string, isOptional: boolean): Omit<PlainPart, "kind"> {
  if (input.name === name && (input.optional || !isOptional)) return { input, widgets };
  const moved = (text: string): string => name + text.slice(input.name.length);
  const label = input.label ?? name.slice(name.lastIndexOf(".") + 1);
  const specs = widgets.map((spec): WidgetSpec => ({ ...spec, name: moved(spec.name), label: spec.kind === "control" ? spec.label : label, controls: spec.controls === undefined ? undefined : name }));
  return { input: { ...input, name, label, optional: input.optional || isOptional, widget: input.widget && specs[0]! }, widgets: specs };
}

/** A socket grows by itself as it is linked; what has widgets of its own is shown as often as it may come. */
const growsBySockets = ({ like }: GrownPart): boolean => like.kind === "plain" && like.input.widget === null;

function grownNames(part: GrownPart, owner: string, facts: Facts): readonly string[] {
  if (!growsBySockets(part)) return part.names;
  const last = part.names.findLastIndex((name) => facts.isLinked(`${owner}.${name}`));
  return part.names.slice(0, Math.max(part.least, last + 1) + 1);
}

function add(part: InputPart, name: string, isOptional: boolean, facts: Facts, shown: Shown): void {
  if (part.kind === "grown") {
    const slots = grownNames(part, name, facts);
    if (part.isNumbered && growsBySockets(part)) shown.numbered.push(slots.map((slot) => `${name}.${slot}`));
    slots.forEach((slot, index) => add(part.like, `${name}.${slot}`, isOptional || part.input.optional || index >= part.least, facts, shown));
    return;
  }
  const { input, widgets } = named(part, name, isOptional);
  shown.inputs.push(input);
  shown.widgets.push(...widgets);
  const chosen = part.kind === "chosen" ? part.options.get(String(facts.value(name) ?? input.widget?.defaultValue)) : undefined;
  const brought = part.kind === "attached" && facts.isLinked(name) ? part.brought : chosen;
  for (const inner of brought ?? []) add(inner, `${name}.${inner.input.name}`, isOptional, facts, shown);
}

/** The inputs and widgets that apply, in their order. */
export function shownInputs(parts: readonly InputPart[], facts: Facts): Shown {
  const shown: Shown = { inputs: [], widgets: [], numbered: [] };
  for (const part of parts) add(part, part.input.name, false, facts, shown);
  return shown;
}

export const factsOf = (node: GraphNode): Facts => ({
  value: (name) => node.values[name],
  isLinked: (name) => node.inputs.some((socket) => socket.name === name && socket.link !== null),
});

export const socketOf = (input: InputDefinition): InputSocket => ({
  name: input.name, type: input.type, link: null, widget: input.widget !== null, label: input.label, optional: input.optional, tooltip: input.tooltip,
});
