/** Templates for whoever begins, and for changing a picture that is there. */

import { avoid, decode, empty, load, sample, save, say, SETTINGS, SIZE, WEFT } from "./parts";
import type { Template } from "./recipe";

export const HEART = "weft-heart.png";
export const SMALL = "weft-small.png";
export const STAR = "weft-star.png";
export const TWO = "weft-two.png";

export const FIRST_STEPS: readonly Template[] = [
  {
    name: "text_to_image", title: "Text to image", technique: "First steps", tags: ["txt2img", "prompt", "beginner"], models: [WEFT],
    description: "Draw a picture of what a text says.",
    note: "Change the text and the seed, then press **Run**.\n\nThe model that ships knows shapes (circle, square, triangle, star, heart, ring), colours, and places such as *in a meadow*, *at night* and *at sunset*.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const latent = empty(recipe);
      save(recipe, decode(recipe, sample(recipe, { model, positive: say(recipe, clip, "a red heart in a meadow"), negative: avoid(recipe, clip), latent }), vae), "text_to_image");
    },
  },
  {
    name: "several_at_once", title: "Several pictures at once", technique: "First steps", tags: ["batch", "seed", "pick"], models: [WEFT],
    description: "Draw four pictures in one run and go on with one of them.",
    note: "`batch_size` of the empty latent says how many. **Latent From Batch** takes out the one that you like: change `batch_index` (0 to 3) and run again; only what changed is computed.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const samples = sample(recipe, { model, positive: say(recipe, clip, "a yellow star at night"), negative: avoid(recipe, clip), latent: empty(recipe, SIZE, SIZE, 4) });
      save(recipe, decode(recipe, samples, vae), "several", "All four");
      const chosen = recipe.add("LatentFromBatch", { samples, batch_index: 2, length: 1 });
      recipe.add("PreviewImage", { images: decode(recipe, chosen, vae) }, "The chosen one");
    },
  },
  {
    name: "image_to_image", title: "Image to image", technique: "Change a picture", tags: ["img2img", "denoise", "restyle"], models: [WEFT], inputs: [HEART],
    description: "Draw over a picture so that it shows what a text says, and keep its composition.",
    note: "`denoise` of the sampler says how much changes: 0.3 hardly anything, 1 everything. The model that ships wants 0.6 to 0.7.\n\nDrop a picture of your own on **Load Image**.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const latent = recipe.add("VAEEncode", { pixels: recipe.add("LoadImage", { image: HEART }), vae });
      const samples = sample(recipe, { model, positive: say(recipe, clip, "a blue star at sunset"), negative: avoid(recipe, clip), latent }, { denoise: 0.7 });
      save(recipe, decode(recipe, samples, vae), "image_to_image");
    },
  },
  {
    name: "inpainting", title: "Inpainting", technique: "Change a picture", tags: ["mask", "replace", "retouch"], models: [WEFT], inputs: [TWO],
    description: "Paint a part of a picture anew and leave the rest as it is.",
    note: "The transparent part of the picture is what is painted anew. To choose another part, press the brush on **Load Image** (or E) and paint a mask; give it some room around the object.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const picture = recipe.add("LoadImage", { image: TWO });
      const latent = recipe.add("SetLatentNoiseMask", { samples: recipe.add("VAEEncode", { pixels: picture("IMAGE"), vae }), mask: picture("MASK") });
      const samples = sample(recipe, { model, positive: say(recipe, clip, "a blue circle left of a red heart on a white background"), negative: avoid(recipe, clip), latent });
      save(recipe, decode(recipe, samples, vae), "inpainting");
    },
  },
  {
    name: "outpainting", title: "Outpainting", technique: "Change a picture", tags: ["extend", "border", "zoom out"], models: [WEFT], inputs: [HEART],
    description: "Continue a picture beyond its borders.",
    note: "**Pad Image for Outpainting** puts grey around the picture and masks it. Here the picture is made smaller first, so that the whole has the size that the model that ships knows; larger models need no such step.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const smaller = recipe.add("ImageScale", { image: recipe.add("LoadImage", { image: HEART }), upscale_method: "lanczos", width: 80, height: 80, crop: "disabled" });
      const padded = recipe.add("ImagePadForOutpaint", { image: smaller, left: 24, top: 24, right: 24, bottom: 24, feathering: 8 });
      const latent = recipe.add("VAEEncodeForInpaint", { pixels: padded("IMAGE"), mask: padded("MASK"), vae, grow_mask_by: 6 });
      const samples = sample(recipe, { model, positive: say(recipe, clip, "a small red heart in a meadow"), negative: avoid(recipe, clip), latent });
      save(recipe, decode(recipe, samples, vae), "outpainting");
    },
  },
  {
    name: "gradual_change", title: "Gradual change", technique: "Change a picture", tags: ["differential diffusion", "mask", "gradient"], models: [WEFT], inputs: [HEART],
    description: "Change a picture the more, the lighter its mask is: nothing on the left, all on the right.",
    note: "**Differential Diffusion** reads the grey of the mask as the time from which on a place may change. The mask is a white one that fades out to the left; any grey picture can be one.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const faded = recipe.add("FeatherMask", { mask: recipe.add("SolidMask", { value: 1, width: 96, height: SIZE }), left: 64, top: 0, right: 0, bottom: 0 });
      const mask = recipe.add("MaskComposite", { destination: recipe.add("SolidMask", { value: 0, width: SIZE, height: SIZE }), source: faded, x: 32, y: 0, operation: "add" });
      const encoded = recipe.add("VAEEncode", { pixels: recipe.add("LoadImage", { image: HEART }), vae });
      const latent = recipe.add("SetLatentNoiseMask", { samples: encoded, mask });
      const steering = { model: recipe.add("DifferentialDiffusion", { model }), positive: say(recipe, clip, "a purple heart in a meadow"), negative: avoid(recipe, clip), latent };
      save(recipe, decode(recipe, sample(recipe, steering), vae), "gradual_change");
      recipe.add("PreviewImage", { images: recipe.add("MaskToImage", { mask }) }, "The mask");
    },
  },
  {
    name: "compositing", title: "Put two pictures together", technique: "Change a picture", tags: ["composite", "latent", "seams"], models: [WEFT],
    description: "Lay one picture into another and let the model draw over the seams.",
    note: "The two pictures are laid together as latents. The last sampler starts from them with a `denoise` of 0.5, which smooths the border and leaves the rest.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const negative = avoid(recipe, clip);
      const latent = empty(recipe);
      const left = sample(recipe, { model, positive: say(recipe, clip, "a small red circle on a blue background", "On the left"), negative, latent }, { seed: 3 });
      const right = sample(recipe, { model, positive: say(recipe, clip, "a small yellow star on a blue background", "On the right"), negative, latent }, { seed: 4 });
      const half = recipe.add("LatentCrop", { samples: right, width: 64, height: SIZE, x: 32, y: 0 });
      const shifted = recipe.add("LatentCrop", { samples: left, width: 64, height: SIZE, x: 32, y: 0 });
      const both = recipe.add("LatentComposite", { samples_to: recipe.add("LatentComposite", { samples_to: latent, samples_from: shifted, x: 0, y: 0, feather: 0 }), samples_from: half, x: 64, y: 0, feather: 0 });
      const positive = say(recipe, clip, "a red circle left of a yellow star on a blue background", "Both");
      save(recipe, decode(recipe, sample(recipe, { model, positive, negative, latent: both }, { ...SETTINGS, denoise: 0.5 }), vae), "compositing");
    },
  },
];
