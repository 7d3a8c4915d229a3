/** Templates for pictures larger than a model draws at once. */

import { avoid, decode, empty, load, sample, save, say, SIZE, WEFT } from "./parts";
import { HEART, SMALL } from "./first_steps";
import type { Template } from "./recipe";

const UPSCALER = { folder: "upscale_models", name: "RealESRGAN_x4plus.pth", from: "https://github.com/xinntao/Real-ESRGAN/releases" };
const SD1 = { folder: "checkpoints", name: "v1-5-pruned-emaonly.safetensors", from: "https://huggingface.co/stable-diffusion-v1-5/stable-diffusion-v1-5" };
const X4 = { folder: "checkpoints", name: "x4-upscaler-ema.safetensors", from: "https://huggingface.co/stabilityai/stable-diffusion-x4-upscaler" };

/** 64 pixels wide, with the traces of a JPEG file. */
const WORN = "weft-worn.png";
const TWICE = { folder: "diffusion_models", name: "weft-tiny-upscale.safetensors" };
const TINY_VAE = "taesd-weft-tiny";
const TINY_VAE_FILES = ["decoder", "encoder"].map((half) => ({ folder: "vae_approx", name: `${TINY_VAE}_${half}.safetensors` }));

export const LARGER: readonly Template[] = [
  {
    name: "latent_upscale", title: "Upscale the latent and refine", technique: "Larger pictures", tags: ["hires fix", "two passes", "latent"], models: [WEFT],
    description: "Draw a picture, enlarge its latent, and draw the details anew.",
    note: "The first pass decides what is where; the second one draws twice as many pixels in each direction. Its `denoise` says how much it may change. The model that ships knows 128 pixels only, so the first pass draws 64; larger models begin at the size that they know.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const positive = say(recipe, clip, "a big red heart on a white background");
      const negative = avoid(recipe, clip);
      const first = sample(recipe, { model, positive, negative, latent: empty(recipe, SIZE / 2, SIZE / 2) }, {}, "First pass");
      recipe.add("PreviewImage", { images: decode(recipe, first, vae) }, "Before");
      const larger = recipe.add("LatentUpscaleBy", { samples: first, upscale_method: "bislerp", scale_by: 2 });
      save(recipe, decode(recipe, sample(recipe, { model, positive, negative, latent: larger }, { denoise: 0.65 }, "Second pass"), vae), "latent_upscale");
    },
  },
  {
    name: "pixel_upscale", title: "Upscale the picture and refine", technique: "Larger pictures", tags: ["hires fix", "two passes", "pixels"], models: [WEFT], inputs: [SMALL],
    description: "Enlarge a picture's pixels, and let the model sharpen what became soft.",
    note: "Enlarged pixels keep edges better than an enlarged latent, so a lower `denoise` (here 0.35) is enough.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const larger = recipe.add("ImageScaleBy", { image: recipe.add("LoadImage", { image: SMALL }), upscale_method: "lanczos", scale_by: 2 });
      const latent = recipe.add("VAEEncode", { pixels: larger, vae });
      const samples = sample(recipe, { model, positive: say(recipe, clip, "a red heart at night"), negative: avoid(recipe, clip), latent }, { denoise: 0.35 });
      save(recipe, decode(recipe, samples, vae), "pixel_upscale");
    },
  },
  {
    name: "upscale_twice", title: "Upscale 2x by a latent upscaler", technique: "Larger pictures", tags: ["super-resolution", "concatenated latent", "JPEG"], models: [WEFT, TWICE, ...TINY_VAE_FILES], inputs: [WORN],
    description: "Draw a picture anew at twice its size, by a model that sees the small one beside the noise.",
    note: "The small picture is enlarged by its pixels alone (see **Enlarged only**), and its latent goes to the upscaler beside the noise. It learnt pictures of 64 x 64 pixels, most of them with the traces of JPEG files, which it removes. Eight steps are enough, and `cfg` stays at 1, since no text takes part. The tiny VAE at the end keeps more detail than the checkpoint's own.",
    build(recipe) {
      const { clip, vae } = load(recipe);
      const pixels = recipe.add("ImageScaleBy", { image: recipe.add("LoadImage", { image: WORN }), upscale_method: "bicubic", scale_by: 2 });
      recipe.add("PreviewImage", { images: pixels }, "Enlarged only");
      const text = say(recipe, clip, "", "No text");
      const given = recipe.add("InstructPixToPixConditioning", { positive: text, negative: text, vae, pixels });
      const model = recipe.add("UNETLoader", { unet_name: TWICE.name });
      const samples = sample(recipe, { model, positive: given("positive"), negative: given("negative"), latent: given("latent") }, { steps: 8, cfg: 1 });
      save(recipe, decode(recipe, samples, recipe.add("VAELoader", { vae_name: TINY_VAE })), "upscale_twice");
    },
  },
  {
    name: "deep_shrink", title: "A larger picture in one pass", technique: "Larger pictures", tags: ["Deep Shrink", "composition", "Stable Diffusion 1.5"], models: [SD1],
    description: "Draw at twice the size that a model knows without repeated objects, by Deep Shrink.",
    note: "A model alone repeats what it draws in pictures larger than those that it saw. **PatchModelAddDownscale** lets it compute the composition at the size that it knows, during the first part of the run.",
    build(recipe) {
      const { model, clip, vae } = load(recipe, SD1.name);
      const shrunk = recipe.add("PatchModelAddDownscale", { model, block_number: 3, downscale_factor: 2, start_percent: 0, end_percent: 0.35 });
      const steering = { model: shrunk, positive: say(recipe, clip, "a lighthouse on a cliff at sunset, oil painting"), negative: avoid(recipe, clip), latent: empty(recipe, 1024, 1024) };
      save(recipe, decode(recipe, sample(recipe, steering, { cfg: 7 }), vae), "deep_shrink");
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
