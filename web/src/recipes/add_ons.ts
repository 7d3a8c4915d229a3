/** Templates for files that are added to a model: LoRAs, embeddings, control networks, and models of other kinds. */

import { avoid, decode, empty, grid, load, sample, save, say, SIZE, WEFT } from "./parts";
import { HEART, STAR, TWO } from "./first_steps";
import type { Part, Recipe, Template } from "./recipe";

const STYLE = { folder: "loras", name: "weft-tiny-style.safetensors" };
const OBJECT = { folder: "loras", name: "weft-tiny-object.safetensors" };
const EMBEDDING = { folder: "embeddings", name: "weft-tiny-word.safetensors" };
const EDGES = { folder: "controlnet", name: "weft-tiny-edges.safetensors" };
const SEGMENTS = { folder: "controlnet", name: "weft-tiny-segments.safetensors" };
const INPAINT = { folder: "diffusion_models", name: "weft-tiny-inpaint.safetensors" };
const INSTRUCT = { folder: "diffusion_models", name: "weft-tiny-instruct.safetensors" };
const UNCLIP = { folder: "diffusion_models", name: "weft-tiny-unclip.safetensors" };
const VISION = { folder: "clip_vision", name: "weft-tiny-vision.safetensors" };
const GLIGEN_SD1 = { folder: "checkpoints", name: "v1-5-pruned-emaonly.safetensors", from: "https://huggingface.co/stable-diffusion-v1-5/stable-diffusion-v1-5" };
const GLIGEN = { folder: "gligen", name: "gligen_sd14_textbox_pruned.safetensors", from: "https://huggingface.co/comfyanonymous/GLIGEN_pruned_safetensors" };

export const SEGMENTED = "weft-segments.png";

/** What a vision encoder sees in a picture. */
const look = (recipe: Recipe, clip_vision: Part, image: string, title: string | null = null): Part =>
  recipe.add("CLIPVisionEncode", { clip_vision, image: recipe.add("LoadImage", { image }, title), crop: "center" });

export const ADD_ONS: readonly Template[] = [
  {
    name: "lora", title: "LoRA", technique: "Add-ons", tags: ["style", "fine-tuning", "compare"], models: [WEFT, STYLE],
    description: "Change a model's style by a small file, as much as you like.",
    note: "Left: the model alone. Right: with the LoRA. `strength_model` says how much; several **Load LoRA** nodes in a row add up.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const lora = recipe.add("LoraLoader", { model, clip, lora_name: STYLE.name, strength_model: 1, strength_clip: 1 });
      const latent = empty(recipe);
      const pictures = [{ model, clip }, { model: lora("MODEL"), clip: lora("CLIP") }].map((each, index) => {
        const steering = { model: each.model, positive: say(recipe, each.clip, "a red heart in a meadow"), negative: avoid(recipe, each.clip), latent };
        return decode(recipe, sample(recipe, steering, {}, index === 0 ? "Without" : "With"), vae);
      });
      save(recipe, grid(recipe, pictures, 2), "lora", "Without, with");
    },
  },
  {
    name: "lora_object", title: "LoRA: a new object", technique: "Add-ons", tags: ["concept", "fine-tuning", "few pictures"], models: [WEFT, OBJECT],
    description: "Draw an object that the model never saw, learnt from five pictures of it.",
    note: "The word *moon* means nothing to the model that ships; with this LoRA it does. Change its colour and its place.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const lora = recipe.add("LoraLoader", { model, clip, lora_name: OBJECT.name, strength_model: 1, strength_clip: 1 });
      const steering = { model: lora("MODEL"), positive: say(recipe, lora("CLIP"), "a yellow moon at night"), negative: avoid(recipe, lora("CLIP")), latent: empty(recipe) };
      save(recipe, decode(recipe, sample(recipe, steering), vae), "lora_object");
    },
  },
  {
    name: "lora_schedule", title: "LoRA during a part of the run", technique: "Add-ons", tags: ["hooks", "keyframes", "schedule"], models: [WEFT, STYLE],
    description: "Let a LoRA fade in or out in the course of the run, for one prompt only.",
    note: "A hook gives the LoRA to the prompts it is set on instead of to the whole model; the keyframes say how strong it is when. Swap `strength_start` and `strength_end` and compare.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const keyframes = recipe.add("CreateHookKeyframesInterpolated", { strength_start: 0, strength_end: 1, interpolation: "linear", start_percent: 0, end_percent: 0.8, keyframes_count: 5 });
      const hooks = recipe.add("SetHookKeyframes", { hooks: recipe.add("CreateHookLora", { lora_name: STYLE.name, strength_model: 1, strength_clip: 1 }), hook_kf: keyframes });
      const hooked = recipe.add("SetClipHooks", { clip, hooks, apply_to_conds: true, schedule_clip: false });
      const steering = { model, positive: say(recipe, hooked, "a red heart in a meadow"), negative: avoid(recipe, clip), latent: empty(recipe) };
      save(recipe, decode(recipe, sample(recipe, steering), vae), "lora_schedule");
    },
  },
  {
    name: "embedding", title: "Embedding", technique: "Add-ons", tags: ["textual inversion", "word"], models: [WEFT, EMBEDDING],
    description: "Use a word that was learnt from a few pictures.",
    note: "`embedding:name` in a prompt stands for what the file in `models/embeddings` learnt: here a colour without a name. Type `embedding:` to be offered those that are there.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const positive = say(recipe, clip, "an embedding:weft-tiny-word star at night");
      save(recipe, decode(recipe, sample(recipe, { model, positive, negative: avoid(recipe, clip), latent: empty(recipe) }), vae), "embedding");
    },
  },
  {
    name: "controlnet_edges", title: "ControlNet: edges", technique: "Add-ons", tags: ["canny", "outline", "composition"], models: [WEFT, EDGES], inputs: [TWO],
    description: "Keep the outlines of a picture and draw something else in them.",
    note: "**Canny** finds the edges of the picture; the control network makes the model draw along them. `strength` and `end_percent` say how strictly.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const edges = recipe.add("Canny", { image: recipe.add("LoadImage", { image: TWO }), low_threshold: 0.1, high_threshold: 0.3 });
      const steered = recipe.add("ControlNetApplyAdvanced", {
        positive: say(recipe, clip, "a yellow circle left of a pink star at night"), negative: avoid(recipe, clip), image: edges,
        control_net: recipe.add("ControlNetLoader", { control_net_name: EDGES.name }), strength: 1, start_percent: 0, end_percent: 1,
      });
      const samples = sample(recipe, { model, positive: steered("positive"), negative: steered("negative"), latent: empty(recipe) });
      save(recipe, decode(recipe, samples, vae), "controlnet_edges");
      recipe.add("PreviewImage", { images: edges }, "The edges");
    },
  },
  {
    name: "controlnet_segments", title: "ControlNet: areas in colours", technique: "Add-ons", tags: ["segmentation", "layout", "composition"], models: [WEFT, SEGMENTS], inputs: [SEGMENTED],
    description: "Paint areas in colours that stand for kinds of things, and let the model fill them.",
    note: "Each colour of the loaded picture stands for a shape: red circle, green square, blue triangle, yellow star, pink heart, cyan ring; black for nothing. Paint such a picture in any program and drop it on **Load Image**.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const steered = recipe.add("ControlNetApplyAdvanced", {
        positive: say(recipe, clip, "a red heart and a blue star in a meadow"), negative: avoid(recipe, clip), image: recipe.add("LoadImage", { image: SEGMENTED }),
        control_net: recipe.add("ControlNetLoader", { control_net_name: SEGMENTS.name }), strength: 1, start_percent: 0, end_percent: 1,
      });
      const samples = sample(recipe, { model, positive: steered("positive"), negative: steered("negative"), latent: empty(recipe) });
      save(recipe, decode(recipe, samples, vae), "controlnet_segments");
    },
  },
  {
    name: "edit_by_instruction", title: "Edit by instruction", technique: "Change a picture", tags: ["InstructPix2Pix", "edit", "words"], models: [WEFT, INSTRUCT], inputs: [HEART],
    description: "Say in words what is to change in a picture; the rest stays.",
    note: "The guider has two strengths: `cfg_conds` follows the instruction, `cfg_cond2_negative` keeps to the picture. Raise the one that is obeyed too little.",
    build(recipe) {
      const { clip, vae } = load(recipe);
      const model = recipe.add("UNETLoader", { unet_name: INSTRUCT.name });
      const [positive, negative] = [say(recipe, clip, "make the heart blue", "What to change"), avoid(recipe, clip)];
      const given = recipe.add("InstructPixToPixConditioning", { positive, negative, vae, pixels: recipe.add("LoadImage", { image: HEART }) });
      const guider = recipe.add("DualCFGGuider", { model, cond1: given("positive"), cond2: given("negative"), negative, cfg_conds: 4, cfg_cond2_negative: 1.5 });
      const sampled = recipe.add("SamplerCustomAdvanced", {
        noise: recipe.add("RandomNoise", { noise_seed: 1 }), guider, sampler: recipe.add("KSamplerSelect", { sampler_name: "euler" }),
        sigmas: recipe.add("BasicScheduler", { model, scheduler: "normal", steps: 20, denoise: 1 }), latent_image: given("latent"),
      });
      save(recipe, decode(recipe, sampled("output"), vae), "edit_by_instruction");
    },
  },
  {
    name: "inpainting_model", title: "Inpainting by a model made for it", technique: "Change a picture", tags: ["mask", "replace", "9 channels"], models: [WEFT, INPAINT], inputs: [TWO],
    description: "Paint a part of a picture anew with a model that sees what lies around it.",
    note: "**InpaintModelConditioning** shows the model the picture and the mask in each step, so that what it paints fits in. The mask is the transparent part of the picture; press the brush on **Load Image** for another one.",
    build(recipe) {
      const { clip, vae } = load(recipe);
      const model = recipe.add("UNETLoader", { unet_name: INPAINT.name });
      const picture = recipe.add("LoadImage", { image: TWO });
      const positive = say(recipe, clip, "a blue circle left of a red heart on a white background");
      const given = recipe.add("InpaintModelConditioning", { positive, negative: avoid(recipe, clip), vae, pixels: picture("IMAGE"), mask: picture("MASK") });
      const samples = sample(recipe, { model, positive: given("positive"), negative: given("negative"), latent: given("latent") });
      save(recipe, decode(recipe, samples, vae), "inpainting_model");
    },
  },
  {
    name: "variations", title: "Variations of a picture", technique: "Change a picture", tags: ["unCLIP", "image prompt"], models: [WEFT, UNCLIP, VISION], inputs: [HEART],
    description: "Draw pictures that show the same as a given one, without a word.",
    note: "The model is steered by what the vision encoder sees in the picture; `noise_augmentation` lets more of it change. **unCLIPCheckpointLoader** loads checkpoints that hold all four parts, such as *sd21-unclip-h* (768 x 768, cfg 7).",
    build(recipe) {
      const { clip, vae } = load(recipe);
      const model = recipe.add("UNETLoader", { unet_name: UNCLIP.name });
      const clip_vision_output = look(recipe, recipe.add("CLIPVisionLoader", { clip_name: VISION.name }), HEART);
      const positive = recipe.add("unCLIPConditioning", { conditioning: say(recipe, clip, ""), clip_vision_output, strength: 1, noise_augmentation: 0.1 });
      const steering = { model, positive, negative: avoid(recipe, clip), latent: empty(recipe, SIZE, SIZE, 4) };
      save(recipe, decode(recipe, sample(recipe, steering), vae), "variations");
    },
  },
  {
    name: "picture_interpolation", title: "From one picture to another", technique: "Change a picture", tags: ["unCLIP", "morph", "mix"], models: [WEFT, UNCLIP, VISION], inputs: [HEART, STAR],
    description: "Go from what one picture shows to what another shows, in six steps.",
    note: "Two **unCLIPConditioning** nodes in a row mix what the vision encoder sees in two pictures; their `strength` says how much of each. All six pictures begin with the same noise.",
    build(recipe) {
      const { clip, vae } = load(recipe);
      const model = recipe.add("UNETLoader", { unet_name: UNCLIP.name });
      const encoder = recipe.add("CLIPVisionLoader", { clip_name: VISION.name });
      const [first, last] = [look(recipe, encoder, HEART, "From"), look(recipe, encoder, STAR, "To")];
      const [words, negative, latent] = [say(recipe, clip, ""), avoid(recipe, clip), empty(recipe)];
      const mix = (conditioning: Part, clip_vision_output: Part, strength: number) => recipe.add("unCLIPConditioning", { conditioning, clip_vision_output, strength, noise_augmentation: 0 });
      const pictures = [0, 0.2, 0.4, 0.6, 0.8, 1].map((share) => {
        const positive = mix(mix(words, first, Number((1 - share).toFixed(1))), last, share);
        return decode(recipe, sample(recipe, { model, positive, negative, latent }), vae);
      });
      save(recipe, grid(recipe, pictures, 6), "picture_interpolation");
    },
  },
  {
    name: "boxes", title: "Words in boxes", technique: "Prompts", tags: ["GLIGEN", "layout", "grounding"], models: [GLIGEN_SD1, GLIGEN],
    description: "Say in which box of the picture each thing is to be, by GLIGEN.",
    note: "Each **GLIGENTextBoxApply** names a thing and its box in pixels; further ones in a row add up. The text of the box should stand in the prompt, too.",
    build(recipe) {
      const { model, clip, vae } = load(recipe, GLIGEN_SD1.name);
      const gligen_textbox_model = recipe.add("GLIGENLoader", { gligen_name: GLIGEN.name });
      const prompt = say(recipe, clip, "a photograph of a cat and a bowl of fruit on a wooden table");
      const cat = recipe.add("GLIGENTextBoxApply", { conditioning_to: prompt, clip, gligen_textbox_model, text: "a cat", width: 240, height: 320, x: 16, y: 160 });
      const bowl = recipe.add("GLIGENTextBoxApply", { conditioning_to: cat, clip, gligen_textbox_model, text: "a bowl of fruit", width: 208, height: 176, x: 288, y: 288 });
      save(recipe, decode(recipe, sample(recipe, { model, positive: bowl, negative: avoid(recipe, clip), latent: empty(recipe, 512, 512) }, { cfg: 7 }), vae), "boxes");
    },
  },
];
