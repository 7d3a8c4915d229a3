/** What do many templates have in common? The model that ships with the settings that suit it, prompts, pictures side by side. */

import type { Json } from "../model/types";
import type { ModelFile, Output, Part, Recipe } from "./recipe";

export const WEFT: ModelFile = { folder: "checkpoints", name: "weft-tiny.safetensors" };
export const SETTINGS = { steps: 20, cfg: 4, sampler_name: "dpmpp_2m", scheduler: "karras", denoise: 1 } as const;
/** Pixels of what the model that ships draws. */
export const SIZE = 128;

type Ends = Part | Output;

export interface Loaded {
  readonly model: Ends;
  readonly clip: Ends;
  readonly vae: Ends;
}

export function load(recipe: Recipe, file = WEFT.name, type = "CheckpointLoaderSimple"): Loaded {
  const loader = recipe.add(type, { ckpt_name: file });
  return { model: loader("MODEL"), clip: loader("CLIP"), vae: loader("VAE") };
}

export const say = (recipe: Recipe, clip: Ends, text: string, title = "What to show"): Part => recipe.add("CLIPTextEncode", { clip, text }, title);
export const avoid = (recipe: Recipe, clip: Ends, text = ""): Part => say(recipe, clip, text, "What to avoid");

export const empty = (recipe: Recipe, width = SIZE, height = SIZE, batch = 1): Part => recipe.add("EmptyLatentImage", { width, height, batch_size: batch });

export interface Steering {
  readonly model: Ends;
  readonly positive: Ends;
  readonly negative: Ends;
  readonly latent: Ends;
}

/** A KSampler with the settings that suit the model that ships. */
export const sample = (recipe: Recipe, { model, positive, negative, latent }: Steering, changed: Readonly<Record<string, Json>> = {}, title: string | null = null): Part =>
  recipe.add("KSampler", { seed: 1, ...SETTINGS, model, positive, negative, latent_image: latent, ...changed }, title);

export const decode = (recipe: Recipe, samples: Ends, vae: Ends): Part => recipe.add("VAEDecode", { samples, vae });
export const save = (recipe: Recipe, images: Ends, name: string, title: string | null = null): Part => recipe.add("SaveImage", { images, filename_prefix: name }, title);

/** Pictures side by side, in rows of `columns`. */
export function grid(recipe: Recipe, pictures: readonly Ends[], columns: number): Ends {
  const beside = (left: Ends, right: Ends, direction: string): Ends => recipe.add("ImageStitch", { image1: left, image2: right, direction, spacing_width: 4 });
  const rows: Ends[] = [];
  for (let first = 0; first < pictures.length; first += columns) rows.push(pictures.slice(first, first + columns).reduce((left, right) => beside(left, right, "right")));
  return rows.reduce((above, below) => beside(above, below, "down"));
}

/** One picture per change of the sampler's widgets, all else alike, in a grid. */
export function compare(recipe: Recipe, steering: Steering, vae: Ends, changes: readonly (readonly [title: string, Readonly<Record<string, Json>>])[], columns: number): Ends {
  return grid(recipe, changes.map(([title, changed]) => decode(recipe, sample(recipe, steering, changed, title), vae)), columns);
}
