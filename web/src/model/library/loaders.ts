/** Which node loads a model of a kind, and which widgets of the nodes that are there would take it? */

import type { Definitions } from "../definitions";
import type { Graph } from "../graph";
import type { GraphNode, NodeDefinition, WidgetSpec } from "../types";

export interface Model {
  /** The model folder, such as `loras`. */
  readonly kind: string;
  /** Path below that folder. */
  readonly name: string;
}
export interface Loader {
  readonly type: string;
  readonly widget: string;
}

export const EMBEDDINGS = "embeddings";
/** What an embedding is added with: the text names it. */
export const PROMPT: Loader = { type: "CLIPTextEncode", widget: "text" };

/** The usual loader of each kind; names of the ecosystem. */
const LOADERS: Readonly<Record<string, Loader>> = {
  checkpoints: { type: "CheckpointLoaderSimple", widget: "ckpt_name" },
  loras: { type: "LoraLoader", widget: "lora_name" },
  vae: { type: "VAELoader", widget: "vae_name" },
  text_encoders: { type: "CLIPLoader", widget: "clip_name" },
  diffusion_models: { type: "UNETLoader", widget: "unet_name" },
  clip_vision: { type: "CLIPVisionLoader", widget: "clip_name" },
  style_models: { type: "StyleModelLoader", widget: "style_model_name" },
  controlnet: { type: "ControlNetLoader", widget: "control_net_name" },
  gligen: { type: "GLIGENLoader", widget: "gligen_name" },
  upscale_models: { type: "UpscaleModelLoader", widget: "model_name" },
  hypernetworks: { type: "HypernetworkLoader", widget: "hypernetwork_name" },
  photomaker: { type: "PhotoMakerLoader", widget: "photomaker_model_name" },
  model_patches: { type: "ModelPatchLoader", widget: "name" },
  audio_encoders: { type: "AudioEncoderLoader", widget: "audio_encoder_name" },
  diffusers: { type: "DiffusersLoader", widget: "model_path" },
};

const offers = (spec: WidgetSpec, names: ReadonlySet<string>): boolean => spec.kind === "choice" && (spec.choices ?? []).some((choice) => typeof choice === "string" && names.has(choice));

const isUsable = (definition: NodeDefinition): boolean => !definition.deprecated && !definition.isVirtual;

/**
 * The node type that loads a model: the usual one of its kind where the server has it, else one that offers files of that kind.
 * `names` are all files of the kind. Null where there is none.
 */
export function loaderOf(definitions: Definitions, { kind, name }: Model, names: ReadonlySet<string>): Loader | null {
  if (kind === EMBEDDINGS) return definitions.has(PROMPT.type) ? PROMPT : null;
  const usual = LOADERS[kind];
  if (usual && definitions.get(usual.type)?.widgets.some((spec) => spec.name === usual.widget)) return usual;
  for (const wanted of [new Set([name]), names])
    for (const definition of definitions.values()) {
      const spec = isUsable(definition) ? definition.widgets.find((entry) => offers(entry, wanted)) : undefined;
      if (spec) return { type: definition.type, widget: spec.name };
    }
  return null;
}

/** The widget of a node that takes a model, where it has one: it offers files of that kind, or is known to. */
export function takerOf(graph: Graph, node: GraphNode, { kind, name }: Model, names: ReadonlySet<string>): WidgetSpec | null {
  const widgets = graph.widgets(node);
  if (kind === EMBEDDINGS) return widgets.find((spec) => spec.kind === "text") ?? null;
  const usual = LOADERS[kind];
  return widgets.find((spec) => offers(spec, new Set([name]))) ?? widgets.find((spec) => offers(spec, names))
    ?? widgets.find((spec) => usual && node.type === usual.type && spec.name === usual.widget) ?? null;
}

/** The names of all files, by kind. */
export type NamesByKind = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * The kinds of model that a node type means by a name: those whose files its list offers most of, or that it is known to load. Null
 * where nothing tells, as of types that are not installed.
 */
export function kindsMeant(definitions: Definitions, type: string, name: string, names: NamesByKind): ReadonlySet<string> | null {
  const usual = Object.entries(LOADERS).filter(([, loader]) => loader.type === type).map(([kind]) => kind);
  if (usual.length > 0) return new Set(usual);
  const kinds = new Set<string>();
  for (const { kind: look, choices } of definitions.get(type)?.widgets ?? []) {
    if (look !== "choice" || !choices?.includes(name)) continue;
    const shares = [...names].map(([kind, files]) => [kind, choices.filter((choice) => files.has(String(choice))).length] as const);
    const most = Math.max(0, ...shares.map(([, share]) => share));
    for (const [kind, share] of shares) if (share === most && most > 0) kinds.add(kind);
  }
  return kinds.size > 0 ? kinds : null;
}

const WEIGHTS = /\.(safetensors|sft|ckpt|pt2?|bin|pth|pkl|gguf)$/i;

/** How a prompt names an embedding. */
export const embeddingText = (name: string): string => `embedding:${name.replace(WEIGHTS, "")}`;

/** What is written where a model is chosen; for an embedding, into the text. */
export const withEmbedding = (text: string, name: string): string => (text.trim() === "" ? embeddingText(name) : `${text.replace(/[\s,]+$/, "")}, ${embeddingText(name)}`);
