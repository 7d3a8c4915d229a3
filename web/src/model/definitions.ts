/** What does the server say a node type is? Reads `/object_info` into NodeDefinitions. */

import { NOTHING_SET, shownInputs, type InputPart } from "./dynamic_inputs";
import type { InputDefinition, Json, JsonObject, NodeDefinition, OutputDefinition, WidgetSpec } from "./types";

export type Definitions = ReadonlyMap<string, NodeDefinition>;

export const CONTROL_MODES = ["fixed", "increment", "decrement", "randomize"] as const;
/** Numbers above 2^53 - 1 are not exact in a double; a widget that may go beyond holds BigInt there. */
const LARGEST = Number.MAX_SAFE_INTEGER;

export const controlName = (name: string): string => `${name}:control_after_generate`;
const isObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);
const asNumber = (value: Json | undefined): number | undefined => (typeof value === "number" ? value : typeof value === "bigint" ? Number(value) : undefined);
const asText = (value: Json | undefined): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

function decimalsOf(options: JsonObject, step: number): number {
  const unit = asNumber(options.round) ?? step;
  const digits = String(unit).includes("e-") ? Number(String(unit).split("e-")[1]) : (String(unit).split(".")[1] ?? "").length;
  return Math.min(6, Math.max(1, digits));
}

function numberWidget(name: string, type: string, options: JsonObject): WidgetSpec {
  const integer = type === "INT";
  const step = asNumber(options.step) ?? (integer ? 1 : 0.1);
  const min = Math.max(asNumber(options.min) ?? (integer ? 0 : -LARGEST), -LARGEST);
  return {
    name, label: name, kind: "number", type, integer, step, min,
    max: Math.min(asNumber(options.max) ?? LARGEST, LARGEST),
    exactMax: integer && typeof options.max === "bigint" ? options.max : undefined,
    decimals: integer ? 0 : decimalsOf(options, step),
    defaultValue: asNumber(options.default) ?? Math.max(0, min),
    tooltip: asText(options.tooltip),
  };
}

function choiceWidget(name: string, choices: Json[], options: JsonObject): WidgetSpec {
  const upload = options.image_upload === true;
  return {
    name, label: name, kind: upload ? "image" : "choice", type: "COMBO", integer: false, choices,
    defaultValue: options.default ?? choices[0] ?? "",
    folder: upload ? (asText(options.image_folder) ?? "input") : undefined,
    tooltip: asText(options.tooltip),
  };
}

function widgetFor(name: string, type: Json, options: JsonObject): WidgetSpec | null {
  if (options.forceInput === true || options.rawLink === true) return null;
  if (Array.isArray(type)) return choiceWidget(name, type, options);
  const common = { name, label: name, integer: false, tooltip: asText(options.tooltip) };
  switch (type) {
    case "INT":
    case "FLOAT":
      return numberWidget(name, type, options);
    case "STRING":
      return {
        ...common, kind: options.multiline === true ? "text" : "string", type,
        defaultValue: typeof options.default === "string" ? options.default : "", placeholder: asText(options.placeholder),
        hasChoices: options.dynamicPrompts === true,
      };
    case "BOOLEAN":
      return { ...common, kind: "toggle", type, defaultValue: options.default === true, labelOn: asText(options.label_on), labelOff: asText(options.label_off) };
    case "COMBO":
      return choiceWidget(name, Array.isArray(options.options) ? options.options : [], options);
    default:
      // a type of a pack's own that a widget edits: an extension's, and as long as that is off its JSON
      return typeof options.widgetType === "string" ? { ...common, kind: "own", type: String(type), defaultValue: options.default ?? null } : null;
  }
}

/** The control widget that follows a seed. */
export function controlWidget(name: string): WidgetSpec {
  return {
    name: controlName(name), label: "after a run", kind: "control", type: "", integer: false, controls: name,
    defaultValue: "fixed", choices: CONTROL_MODES, tooltip: `What happens to ${name} after a run was queued`,
  };
}

const isSeed = (input: InputDefinition, options: JsonObject): boolean =>
  input.widget?.kind === "number" && input.type === "INT" &&
  (Boolean(options.control_after_generate) || input.name === "seed" || input.name === "noise_seed");

function orderedNames(section: JsonObject, order: Json | undefined): string[] {
  const names = Object.keys(section);
  if (!Array.isArray(order)) return names;
  const listed = order.filter((name): name is string => typeof name === "string" && name in section);
  return [...listed, ...names.filter((name) => !listed.includes(name))];
}

/** Kinds that are edited here, also where they are but the look of an input that takes several types. */
const EDITED = ["INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"];

function plainPart(nodeType: string, name: string, type: Json, options: JsonObject, optional: boolean): InputPart {
  const typeName = Array.isArray(type) ? "COMBO" : String(type);
  const look = asText(options.widgetType);
  const found = widgetFor(name, look && EDITED.includes(look) ? look : type, options);
  const widget: WidgetSpec | null = found && { ...found, type: found.type && typeName, origin: { node: nodeType, input: name, type: look ?? typeName } };
  const input: InputDefinition = { name, type: typeName, optional, tooltip: asText(options.tooltip), widget };
  return { kind: "plain", input, widgets: [...(widget ? [widget] : []), ...(isSeed(input, options) ? [controlWidget(name)] : [])] };
}

/** An input whose options say that others belong to it; null for any other. */
function owningPart(nodeType: string, name: string, type: Json, options: JsonObject, optional: boolean): InputPart | null {
  const { template } = options;
  if (type === "COMFY_AUTOGROW_V3" && isObject(template)) {
    const [like] = readParts(nodeType, template.input, undefined);
    const most = asNumber(template.max) ?? 10;
    const isNumbered = !Array.isArray(template.names);
    const names = Array.isArray(template.names) ? template.names.map(String) : Array.from({ length: most }, (_, index) => `${asText(template.prefix) ?? name}${index}`);
    return like ? { kind: "grown", input: { name, type, optional, widget: null }, like, names, isNumbered, least: asNumber(template.min) ?? 0 } : null;
  }
  if (type === "COMFY_DYNAMICCOMBO_V3" && Array.isArray(options.options)) {
    const brought = new Map(options.options.filter(isObject).map((option) => [String(option.key), readParts(nodeType, option.inputs, undefined)]));
    const widget: WidgetSpec = { ...choiceWidget(name, [...brought.keys()], options), type };
    return { kind: "chosen", input: { name, type, optional, tooltip: widget.tooltip, widget }, widgets: [widget], options: brought };
  }
  if (type !== "COMFY_DYNAMICSLOT_V3") return null;
  const { input } = plainPart(nodeType, name, asText(options.slotType) ?? "*", { ...options, forceInput: true }, optional);
  return { kind: "attached", input, widgets: [], brought: readParts(nodeType, options.inputs, undefined) };
}

function readParts(nodeType: string, declaredInputs: Json | undefined, declaredOrder: Json | undefined): InputPart[] {
  const sections = isObject(declaredInputs) ? declaredInputs : {};
  const order = isObject(declaredOrder) ? declaredOrder : {};
  return (["required", "optional"] as const).flatMap((section) => {
    const declared = sections[section];
    if (!isObject(declared)) return [];
    return orderedNames(declared, order[section]).flatMap((name) => {
      const entry = declared[name];
      if (!Array.isArray(entry) || entry.length === 0) return [];
      const options = isObject(entry[1]) ? entry[1] : {};
      const type = entry[0] ?? "*";
      const optional = section === "optional";
      return [owningPart(nodeType, name, type, options, optional) ?? plainPart(nodeType, name, type, options, optional)];
    });
  });
}

function readInputs(nodeType: string, info: JsonObject): Pick<NodeDefinition, "inputs" | "widgets" | "parts"> {
  const parts = readParts(nodeType, info.input, info.input_order);
  const isDynamic = parts.some((part) => part.kind !== "plain");
  return { ...shownInputs(parts, NOTHING_SET), ...(isDynamic ? { parts } : {}) };
}

function readOutputs(info: JsonObject): OutputDefinition[] {
  const types = Array.isArray(info.output) ? info.output : [];
  const names = Array.isArray(info.output_name) ? info.output_name : [];
  const lists = Array.isArray(info.output_is_list) ? info.output_is_list : [];
  const tooltips = Array.isArray(info.output_tooltips) ? info.output_tooltips : [];
  return types.map((type, index) => {
    const typeName = Array.isArray(type) ? "COMBO" : String(type);
    return { name: asText(names[index]) ?? typeName, type: typeName, isList: lists[index] === true, tooltip: asText(tooltips[index]) };
  });
}

/** One entry of `/object_info` -> NodeDefinition. Fields that are missing take their neutral value. */
export function readDefinition(type: string, info: JsonObject): NodeDefinition {
  return {
    type,
    displayName: asText(info.display_name) ?? type,
    description: asText(info.description) ?? "",
    category: asText(info.category) ?? "",
    pack: asText(info.python_module) ?? "",
    ...readInputs(type, info),
    outputs: readOutputs(info),
    isTarget: info.output_node === true,
    isVirtual: false,
    deprecated: info.deprecated === true,
    experimental: info.experimental === true,
  };
}

function virtual(type: string, displayName: string, description: string, part: Partial<NodeDefinition>): NodeDefinition {
  return {
    type, displayName, description, category: "editor", pack: "editor", inputs: [], outputs: [], widgets: [], isTarget: false, isVirtual: true,
    deprecated: false, experimental: false, ...part,
  };
}

const noteText: WidgetSpec = {
  name: "text", label: "text", kind: "text", type: "", integer: false, defaultValue: "", placeholder: "A note for whoever opens this workflow",
};

/** Node types that live in the editor alone and never reach the prompt. */
export const VIRTUAL_DEFINITIONS: readonly NodeDefinition[] = [
  virtual("Note", "Note", "Text for the reader of the workflow.", { widgets: [noteText] }),
  virtual("MarkdownNote", "Markdown Note", "Text for the reader of the workflow, with headings, lists and links.", { widgets: [{ ...noteText, kind: "markdown" }] }),
  virtual("Reroute", "Reroute", "Passes a link on, to lay it out more clearly.", {
    inputs: [{ name: "", type: "*", optional: true, widget: null }],
    outputs: [{ name: "", type: "*", isList: false }],
  }),
  virtual("PrimitiveNode", "Primitive", "One value for several widgets.", { outputs: [{ name: "connect to widget input", type: "*", isList: false }] }),
];

/** The whole of `/object_info`, with the editor's own node types. */
export function readDefinitions(objectInfo: JsonObject): Definitions {
  const all = new Map<string, NodeDefinition>(VIRTUAL_DEFINITIONS.map((definition) => [definition.type, definition]));
  for (const [type, info] of Object.entries(objectInfo)) if (isObject(info)) all.set(type, readDefinition(type, info));
  return all;
}
