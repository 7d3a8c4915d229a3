/** Templates about what is asked for: weights, places, times, and several prompts at once. */

import { avoid, decode, empty, grid, load, sample, save, say, SIZE, WEFT } from "./parts";
import type { Template } from "./recipe";

export const PROMPTS: readonly Template[] = [
  {
    name: "prompt_weights", title: "Prompt weights", technique: "Prompts", tags: ["emphasis", "parentheses", "weight"], models: [WEFT],
    description: "Let single words count more or less, by numbers in parentheses.",
    note: "`(word:1.3)` counts more, `(word:0.7)` less. Put the cursor on a word and press Ctrl+Up or Ctrl+Down. From left to right the weight of *night* rises from 0.4 to 1.6.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const negative = avoid(recipe, clip);
      const latent = empty(recipe);
      const pictures = [0.4, 1, 1.3, 1.6].map((weight) => {
        const positive = say(recipe, clip, `a yellow star (at night:${weight})`, `Weight ${weight}`);
        return decode(recipe, sample(recipe, { model, positive, negative, latent }, { seed: 4 }), vae);
      });
      save(recipe, grid(recipe, pictures, 4), "prompt_weights");
    },
  },
  {
    name: "wildcards", title: "Wildcards", technique: "Prompts", tags: ["random", "choices", "variety"], models: [WEFT],
    description: "Let a new choice be made in each run among words in braces.",
    note: "`{red|green|blue}` stands for one of the three, chosen anew each time that you press **Run**. Set the number beside **Run** to 8 and look at **Results** (G).",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const positive = say(recipe, clip, "a {red|orange|yellow|blue|purple} {circle|star|heart|ring} {on a white background|at night|on a pink background}");
      const samples = sample(recipe, { model, positive, negative: avoid(recipe, clip), latent: empty(recipe) }, { "seed:control_after_generate": "randomize" });
      save(recipe, decode(recipe, samples, vae), "wildcards");
    },
  },
  {
    name: "regional_prompts", title: "Regional prompts", technique: "Prompts", tags: ["areas", "composition", "layout"], models: [WEFT],
    description: "Say for each area of the picture what is to be there.",
    note: "Each prompt counts in its rectangle (numbers are pixels); where the two overlap, both count. Right click on **Conditioning (Set Area)** and choose the regions editor to draw the rectangles on a canvas.\n\nThe model that ships wants areas of 128 pixels, which is all it knows; larger models take smaller ones, too.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const area = { width: SIZE, height: SIZE, y: 0, strength: 1 };
      const left = recipe.add("ConditioningSetArea", { conditioning: say(recipe, clip, "a red heart in a meadow", "On the left"), ...area, x: 0 });
      const right = recipe.add("ConditioningSetArea", { conditioning: say(recipe, clip, "a yellow star in a meadow", "On the right"), ...area, x: 96 });
      const positive = recipe.add("ConditioningCombine", { conditioning_1: left, conditioning_2: right });
      save(recipe, decode(recipe, sample(recipe, { model, positive, negative: avoid(recipe, clip), latent: empty(recipe, 224, SIZE) }), vae), "regional_prompts");
    },
  },
  {
    name: "masked_prompts", title: "Prompts by mask", technique: "Prompts", tags: ["areas", "mask", "shape"], models: [WEFT],
    description: "Let two prompts share a picture, divided by a mask of any shape.",
    note: "The mask says where the first prompt counts, its inverse where the second does. Load a mask of your own by **Load Image (as Mask)** in place of the two that are put together here.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const half = recipe.add("SolidMask", { value: 1, width: 64, height: SIZE });
      const mask = recipe.add("MaskComposite", { destination: recipe.add("SolidMask", { value: 0, width: SIZE, height: SIZE }), source: half, x: 0, y: 0, operation: "add" });
      const first = recipe.add("ConditioningSetMask", { conditioning: say(recipe, clip, "a red heart left of a green star on a white background", "Where the mask is white"), mask });
      const second = recipe.add("ConditioningSetMask", { conditioning: say(recipe, clip, "a blue heart left of a yellow circle on a pink background", "Where it is black"), mask: recipe.add("InvertMask", { mask }) });
      const positive = recipe.add("ConditioningCombine", { conditioning_1: first, conditioning_2: second });
      save(recipe, decode(recipe, sample(recipe, { model, positive, negative: avoid(recipe, clip), latent: empty(recipe) }), vae), "masked_prompts");
    },
  },
  {
    name: "prompt_schedule", title: "Prompt scheduling", technique: "Prompts", tags: ["time", "steps", "switch"], models: [WEFT],
    description: "Let one prompt lay out the picture and another one finish it.",
    note: "Each **ConditioningSetTimestepRange** says in which part of the run its prompt counts: 0 is the first step, 1 the last. Move the border of 0.35 in both nodes: the earlier, the less is left of the first prompt.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const begin = recipe.add("ConditioningSetTimestepRange", { conditioning: say(recipe, clip, "a big yellow circle at sunset", "First"), start: 0, end: 0.35 });
      const end = recipe.add("ConditioningSetTimestepRange", { conditioning: say(recipe, clip, "a big yellow star at night", "Then"), start: 0.35, end: 1 });
      const positive = recipe.add("ConditioningCombine", { conditioning_1: begin, conditioning_2: end });
      save(recipe, decode(recipe, sample(recipe, { model, positive, negative: avoid(recipe, clip), latent: empty(recipe) }), vae), "prompt_schedule");
    },
  },
  {
    name: "interpolation", title: "From one prompt to another", technique: "Prompts", tags: ["morph", "average", "animation"], models: [WEFT],
    description: "Go from one prompt's meaning to another's in six steps, as pictures and as a small film.",
    note: "**ConditioningAverage** mixes the meanings of two prompts. All six pictures begin with the same noise, so that only the meaning differs.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const [from, to] = [say(recipe, clip, "a blue circle at night", "From"), say(recipe, clip, "a pink heart at sunset", "To")];
      const negative = avoid(recipe, clip);
      const latent = empty(recipe);
      const pictures = [0, 0.2, 0.4, 0.6, 0.8, 1].map((share) => {
        const positive = recipe.add("ConditioningAverage", { conditioning_to: to, conditioning_from: from, conditioning_to_strength: share });
        return decode(recipe, sample(recipe, { model, positive, negative, latent }, { seed: 7 }), vae);
      });
      save(recipe, grid(recipe, pictures, 6), "interpolation");
      const film = pictures.reduce((batch, picture) => recipe.add("ImageBatch", { image1: batch, image2: picture }));
      recipe.add("SaveAnimatedWEBP", { images: film, filename_prefix: "interpolation", fps: 4 });
    },
  },
];
