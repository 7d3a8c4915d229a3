/** Templates for pictures larger than a model draws at once. */

import { avoid, decode, empty, grid, load, sample, save, say, SIZE, WEFT } from "./parts";
import { HEART } from "./first_steps";
import type { Template } from "./recipe";

const UPSCALER = { folder: "upscale_models", name: "RealESRGAN_x4plus.pth", from: "https://github.com/xinntao/Real-ESRGAN/releases" };
const X4 = { folder: "checkpoints", name: "x4-upscaler-ema.safetensors", from: "https://huggingface.co/stabilityai/stable-diffusion-x4-upscaler" };

export const LARGER: readonly Template[] = [
  {
    name: "latent_upscale", title: "Upscale the latent and refine", technique: "Larger pictures", tags: ["hires fix", "two passes", "latent"], models: [WEFT],
    description: "Draw a picture, enlarge its latent, and draw the details anew.",
    note: "The first pass decides what is where; the second one, with a `denoise` of 0.5, draws twice as many pixels in each direction. More than 0.6 lets the model repeat objects.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const positive = say(recipe, clip, "a big red heart on a white background");
      const negative = avoid(recipe, clip);
      const first = sample(recipe, { model, positive, negative, latent: empty(recipe) }, {}, "First pass");
      recipe.add("PreviewImage", { images: decode(recipe, first, vae) }, "Before");
      const larger = recipe.add("LatentUpscaleBy", { samples: first, upscale_method: "bislerp", scale_by: 2 });
      save(recipe, decode(recipe, sample(recipe, { model, positive, negative, latent: larger }, { denoise: 0.5 }, "Second pass"), vae), "latent_upscale");
    },
  },
  {
    name: "pixel_upscale", title: "Upscale the picture and refine", technique: "Larger pictures", tags: ["hires fix", "two passes", "pixels"], models: [WEFT], inputs: [HEART],
    description: "Enlarge a picture's pixels, and let the model sharpen what became soft.",
    note: "Enlarged pixels keep edges better than an enlarged latent, so a lower `denoise` (here 0.35) is enough.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const larger = recipe.add("ImageScaleBy", { image: recipe.add("LoadImage", { image: HEART }), upscale_method: "lanczos", scale_by: 2 });
      const latent = recipe.add("VAEEncode", { pixels: larger, vae });
      const samples = sample(recipe, { model, positive: say(recipe, clip, "a red heart in a meadow"), negative: avoid(recipe, clip), latent }, { denoise: 0.35 });
      save(recipe, decode(recipe, samples, vae), "pixel_upscale");
    },
  },
  {
    name: "deep_shrink", title: "A larger picture in one pass", technique: "Larger pictures", tags: ["Deep Shrink", "compare", "composition"], models: [WEFT],
    description: "Draw at twice the size that a model knows without repeated objects, by Deep Shrink.",
    note: "Left: the model alone repeats what it draws, because it never saw pictures this large. Right: **PatchModelAddDownscale** computes the composition at the size that it knows, during the first part of the run.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const positive = say(recipe, clip, "a big blue ring on a yellow background");
      const negative = avoid(recipe, clip);
      const latent = empty(recipe, 2 * SIZE, 2 * SIZE);
      const shrunk = recipe.add("PatchModelAddDownscale", { model, block_number: 1, downscale_factor: 2, start_percent: 0, end_percent: 0.6 });
      const pictures = [model, shrunk].map((each, index) => decode(recipe, sample(recipe, { model: each, positive, negative, latent }, {}, index === 0 ? "Without" : "With"), vae));
      save(recipe, grid(recipe, pictures, 2), "deep_shrink", "Without, with");
    },
  },
  {
    name: "upscale_network", title: "Upscale by a network", technique: "Larger pictures", tags: ["ESRGAN", "super-resolution", "tiles"], models: [UPSCALER], inputs: [HEART],
    description: "Make any picture four times as large by a network that learnt what details look like.",
    note: "Drop a picture of your own on **Load Image**. Networks for drawings, faces or twice the size are used the same way.",
    build(recipe) {
      const upscale_model = recipe.add("UpscaleModelLoader", { model_name: UPSCALER.name });
      save(recipe, recipe.add("ImageUpscaleWithModel", { upscale_model, image: recipe.add("LoadImage", { image: HEART }) }), "upscale_network");
    },
  },
  {
    name: "upscale_diffusion", title: "Upscale by diffusion", technique: "Larger pictures", tags: ["x4 upscaler", "Stable Diffusion 2"], models: [X4], inputs: [HEART],
    description: "Draw a picture anew at four times its size, guided by the small one and a text.",
    note: "`noise_augmentation` lets the upscaler invent more. It draws pictures of up to 128 x 128 pixels well on a common graphics card; cut larger ones into tiles.",
    build(recipe) {
      const { model, clip, vae } = load(recipe, X4.name);
      const images = recipe.add("LoadImage", { image: HEART });
      const given = recipe.add("SD_4XUpscale_Conditioning", { images, positive: say(recipe, clip, "a red heart in a meadow, sharp"), negative: avoid(recipe, clip, "blurry"), scale_ratio: 4, noise_augmentation: 0 });
      const samples = sample(recipe, { model, positive: given("positive"), negative: given("negative"), latent: given("latent") }, { cfg: 7, scheduler: "normal" });
      save(recipe, decode(recipe, samples, vae), "upscale_diffusion");
    },
  },
];
