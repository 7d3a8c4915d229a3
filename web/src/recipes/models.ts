/** Templates for other models, for films, and for graphs that are put together well. */

import { applyEdit } from "../model/edits";
import { Document } from "../model/document";
import { layoutNode, nodeBounds } from "../model/geometry";
import { promote } from "../model/promoted";
import { createSubgraph } from "../model/subgraphs";
import { avoid, decode, empty, load, sample, save, say, SIZE, WEFT } from "./parts";
import { HEART } from "./first_steps";
import type { Recipe, Template } from "./recipe";

const STABILITY = "https://huggingface.co/stabilityai/";
const BASE = { folder: "checkpoints", name: "sd_xl_base_1.0.safetensors", from: `${STABILITY}stable-diffusion-xl-base-1.0` };
const REFINER = { folder: "checkpoints", name: "sd_xl_refiner_1.0.safetensors", from: `${STABILITY}stable-diffusion-xl-refiner-1.0` };
const SVD = { folder: "checkpoints", name: "svd_xt.safetensors", from: `${STABILITY}stable-video-diffusion-img2vid-xt` };
const STYLE = { folder: "loras", name: "weft-tiny-style.safetensors" };

/** Makes a subgraph of the parts, and shows the named widgets of some of them on its node. */
function pack(recipe: Recipe, ids: readonly string[], name: string, shown: readonly (readonly [id: string, widget: string])[]): void {
  const { graph } = recipe;
  const bounds = (id: string) => nodeBounds(graph.node(id), layoutNode(graph, graph.node(id), Document.isMediaType(graph.node(id).type)));
  const made = createSubgraph(graph, ids, name, bounds);
  for (const edit of made.edits) applyEdit(graph, edit);
  for (const widget of shown) for (const edit of promote(graph, graph.node(made.id).type, widget, true)) applyEdit(graph, edit);
}

export const MODELS: readonly Template[] = [
  {
    name: "subgraph", title: "A subgraph", technique: "Models and graphs", tags: ["reuse", "tidy", "promote"], models: [WEFT],
    description: "Put nodes that belong together into one, which shows only what is changed often.",
    note: "Double click on **Draw** to open it; Escape leads back. Select nodes and press Ctrl+Shift+G to make a subgraph of your own; save it to the library to use it in other workflows.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const positive = say(recipe, clip, "a purple star in a meadow");
      const negative = avoid(recipe, clip);
      const latent = empty(recipe);
      const samples = sample(recipe, { model, positive, negative, latent });
      const pictures = decode(recipe, samples, vae);
      save(recipe, pictures, "subgraph");
      recipe.arrange();
      pack(recipe, [positive, negative, latent, samples, pictures].map((part) => part.id), "Draw", [[positive.id, "text"], [samples.id, "seed"], [samples.id, "steps"]]);
    },
  },
  {
    name: "model_merging", title: "Merge models", technique: "Models and graphs", tags: ["merge", "bake", "checkpoint"], models: [WEFT, STYLE],
    description: "Mix two models of one kind and save the result as a checkpoint.",
    note: "Here the second model is the first one with a LoRA, so that the merge keeps half of its style. Load any other checkpoint of the same kind in its place. The file is saved in `output/checkpoints`.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const other = recipe.add("LoraLoaderModelOnly", { model, lora_name: STYLE.name, strength_model: 1 });
      const merged = recipe.add("ModelMergeSimple", { model1: model, model2: other, ratio: 0.5 });
      const steering = { model: merged, positive: say(recipe, clip, "a red heart in a meadow"), negative: avoid(recipe, clip), latent: empty(recipe) };
      save(recipe, decode(recipe, sample(recipe, steering), vae), "model_merging");
      recipe.add("CheckpointSave", { model: merged, clip, vae, filename_prefix: "checkpoints/weft-merged" });
    },
  },
  {
    name: "sdxl_base_refiner", title: "SDXL: base and refiner", technique: "Models and graphs", tags: ["Stable Diffusion XL", "1024", "refiner"], models: [BASE, REFINER],
    description: "Draw with SDXL's base model and let its refiner do the last fifth of the steps.",
    note: "Both samplers count 25 steps; the first one stops at 20. Without a refiner, set `end_at_step` of the first to 25 and decode its result.",
    build(recipe) {
      const base = load(recipe, BASE.name);
      const refiner = load(recipe, REFINER.name);
      const text = "a lighthouse on a cliff at sunset, oil painting";
      const size = { width: 1024, height: 1024 };
      const sdxl = (words: string, title: string) => recipe.add("CLIPTextEncodeSDXL", { clip: base.clip, ...size, target_width: 1024, target_height: 1024, text_g: words, text_l: words }, title);
      const fine = (words: string, ascore: number, title: string) => recipe.add("CLIPTextEncodeSDXLRefiner", { clip: refiner.clip, ...size, ascore, text: words }, title);
      const shared = { steps: 25, cfg: 7, sampler_name: "dpmpp_2m", scheduler: "karras", noise_seed: 1 };
      const first = recipe.add("KSamplerAdvanced", { ...shared, model: base.model, positive: sdxl(text, "What to show"), negative: sdxl("", "What to avoid"), latent_image: empty(recipe, 1024, 1024), add_noise: "enable", start_at_step: 0, end_at_step: 20, return_with_leftover_noise: "enable" }, "Base");
      const second = recipe.add("KSamplerAdvanced", { ...shared, model: refiner.model, positive: fine(text, 6, "What to show"), negative: fine("", 2.5, "What to avoid"), latent_image: first, add_noise: "disable", start_at_step: 20, end_at_step: 10000, return_with_leftover_noise: "disable" }, "Refiner");
      save(recipe, decode(recipe, second, base.vae), "sdxl");
    },
  },
  {
    name: "image_to_video", title: "Picture to film", technique: "Video", tags: ["Stable Video Diffusion", "animation", "img2vid"], models: [SVD], inputs: [HEART],
    description: "Let a picture come to life for 25 frames, by Stable Video Diffusion.",
    note: "Load a photograph in landscape format. `motion_bucket_id` says how much moves; **VideoLinearCFGGuidance** guides the first frames less, because they are known.",
    build(recipe) {
      const loader = recipe.add("ImageOnlyCheckpointLoader", { ckpt_name: SVD.name });
      const given = recipe.add("SVD_img2vid_Conditioning", {
        clip_vision: loader("CLIP_VISION"), init_image: recipe.add("LoadImage", { image: HEART }), vae: loader("VAE"),
        width: 1024, height: 576, video_frames: 25, motion_bucket_id: 127, fps: 6, augmentation_level: 0,
      });
      const steering = { model: recipe.add("VideoLinearCFGGuidance", { model: loader("MODEL"), min_cfg: 1 }), positive: given("positive"), negative: given("negative"), latent: given("latent") };
      const frames = decode(recipe, sample(recipe, steering, { cfg: 2.5, sampler_name: "euler" }), loader("VAE"));
      recipe.add("SaveVideo", { video: recipe.add("CreateVideo", { images: frames, fps: 6 }), filename_prefix: "video/weft" });
    },
  },
  {
    name: "film_of_latents", title: "A film between two pictures", technique: "Video", tags: ["latent", "interpolation", "animation"], models: [WEFT],
    description: "Draw two pictures, go from one to the other, and save the way as an animation.",
    note: "**LatentInterpolate** mixes the two drawn latents; a short pass with a `denoise` of 0.45 makes a clean picture of each mixture.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const negative = avoid(recipe, clip);
      const latent = empty(recipe, SIZE, SIZE);
      const [first, last] = ["a yellow circle at sunset", "a yellow star at night"].map((text, index) =>
        sample(recipe, { model, positive: say(recipe, clip, text, index === 0 ? "First" : "Last"), negative, latent }, { seed: 21 }));
      const both = say(recipe, clip, "", "On the way");
      const way = [0.25, 0.5, 0.75].map((ratio) => recipe.add("LatentInterpolate", { samples1: last!, samples2: first!, ratio }));
      const clean = way.map((mixed) => sample(recipe, { model, positive: both, negative, latent: mixed }, { denoise: 0.45, cfg: 1, seed: 21 }));
      const film = [first!, ...clean, last!].map((samples) => decode(recipe, samples, vae)).reduce((batch, picture) => recipe.add("ImageBatch", { image1: batch, image2: picture }));
      recipe.add("SaveAnimatedWEBP", { images: film, filename_prefix: "film_of_latents", fps: 4 });
      recipe.add("PreviewImage", { images: film }, "Its pictures");
    },
  },
];
