/** Templates about how a picture is drawn: samplers, schedules, guidance. */

import { avoid, compare, decode, empty, grid, load, sample, save, say, WEFT, type Loaded } from "./parts";
import type { Part, Recipe, Template } from "./recipe";

const PROMPT = "two pink hearts at night";

/** The same prompt and noise for each model: as it is, and as a patch changes it. */
function beforeAndAfter(recipe: Recipe, loaded: Loaded, patched: Part, name: string, seed: number): void {
  const positive = say(recipe, loaded.clip, PROMPT);
  const negative = avoid(recipe, loaded.clip);
  const latent = empty(recipe);
  const pictures = [loaded.model, patched].map((model, index) => decode(recipe, sample(recipe, { model, positive, negative, latent }, { seed }, index === 0 ? "Without" : "With"), loaded.vae));
  save(recipe, grid(recipe, pictures, 2), name, "Without, with");
}

export const GUIDANCE: readonly Template[] = [
  {
    name: "sampler_comparison", title: "Samplers side by side", technique: "Guidance and samplers", tags: ["grid", "compare", "sampler"], models: [WEFT],
    description: "Draw one picture by six samplers, all else alike.",
    note: "From left to right: euler, euler_ancestral, heun; below: dpmpp_2m, dpmpp_2m_sde, uni_pc. To compare other values of any widget, use **Sweep values** in the menu beside **Run**.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const steering = { model, positive: say(recipe, clip, "a purple ring on a yellow background"), negative: avoid(recipe, clip), latent: empty(recipe) };
      const names = ["euler", "euler_ancestral", "heun", "dpmpp_2m", "dpmpp_2m_sde", "uni_pc"];
      save(recipe, compare(recipe, steering, vae, names.map((name) => [name, { sampler_name: name }]), 3), "sampler_comparison");
    },
  },
  {
    name: "cfg_comparison", title: "Guidance strengths side by side", technique: "Guidance and samplers", tags: ["grid", "compare", "cfg"], models: [WEFT],
    description: "See what cfg does: one picture with six strengths of guidance.",
    note: "From left to right: 1, 2, 4; below: 8, 15, 30. At 1 there is no guidance; high values follow the prompt more closely and burn colours.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const steering = { model, positive: say(recipe, clip, "a green triangle right of a white circle at sunset"), negative: avoid(recipe, clip), latent: empty(recipe) };
      save(recipe, compare(recipe, steering, vae, [1, 2, 4, 8, 15, 30].map((cfg) => [`cfg ${cfg}`, { cfg, seed: 11 }]), 3), "cfg_comparison");
    },
  },
  {
    name: "step_comparison", title: "Schedules and steps side by side", technique: "Guidance and samplers", tags: ["grid", "compare", "scheduler", "steps"], models: [WEFT],
    description: "See how few steps are enough, for two ways to space the noise levels.",
    note: "From left to right: 4, 8 and 20 steps; above by *karras*, below by *normal*.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const steering = { model, positive: say(recipe, clip, "an orange star in a meadow"), negative: avoid(recipe, clip), latent: empty(recipe) };
      const changes = ["karras", "normal"].flatMap((scheduler) => [4, 8, 20].map((steps) => [`${scheduler}, ${steps} steps`, { scheduler, steps, seed: 2 }] as const));
      save(recipe, compare(recipe, steering, vae, changes, 3), "step_comparison");
    },
  },
  {
    name: "perturbed_attention", title: "Perturbed-attention guidance", technique: "Guidance and samplers", tags: ["PAG", "compare", "structure"], models: [WEFT],
    description: "Guide away from what the model paints without seeing the whole picture.",
    note: "Left: plain guidance. Right: with **PerturbedAttentionGuidance** (arXiv:2403.17377), which takes one more evaluation a step. Lower `cfg` of the second sampler when you raise `scale`.",
    build(recipe) {
      const loaded = load(recipe);
      beforeAndAfter(recipe, loaded, recipe.add("PerturbedAttentionGuidance", { model: loaded.model, scale: 2 }), "perturbed_attention", 1);
    },
  },
  {
    name: "freeu", title: "FreeU", technique: "Guidance and samplers", tags: ["backbone", "compare", "patch"], models: [WEFT],
    description: "Let the decoder listen more to its depths and less to what skips them.",
    note: "Left: the model as it is. Right: with **FreeU_V2** (arXiv:2309.11497). It costs no time; the best factors differ from model to model.",
    build(recipe) {
      const loaded = load(recipe);
      beforeAndAfter(recipe, loaded, recipe.add("FreeU_V2", { model: loaded.model, b1: 1.15, b2: 1.2, s1: 0.95, s2: 0.8 }), "freeu", 2);
    },
  },
  {
    name: "projected_guidance", title: "Strong guidance without burnt colours", technique: "Guidance and samplers", tags: ["APG", "compare", "cfg"], models: [WEFT],
    description: "Use a high cfg and keep natural colours, by adaptive projected guidance.",
    note: "Both pictures use a `cfg` of 12. Right: with **APG** (arXiv:2410.02416), which leaves out the part of guidance that only strengthens the picture.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const positive = say(recipe, clip, "a red circle on a pink background");
      const negative = avoid(recipe, clip);
      const latent = empty(recipe);
      const patched = recipe.add("APG", { model, eta: 0, norm_threshold: 5, momentum: -0.5 });
      const pictures = [model, patched].map((each) => decode(recipe, sample(recipe, { model: each, positive, negative, latent }, { cfg: 12, seed: 3 }), vae));
      save(recipe, grid(recipe, pictures, 2), "projected_guidance", "Without, with");
    },
  },
  {
    name: "custom_sampling", title: "Sampling put together of parts", technique: "Guidance and samplers", tags: ["advanced", "noise", "sigmas", "guider"], models: [WEFT],
    description: "Choose noise, guider, sampler and noise levels each by a node of its own.",
    note: "This draws what **KSampler** draws with the same settings. Put another scheduler, guider or sampler node in the place of any of the four.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const guider = recipe.add("CFGGuider", { model, positive: say(recipe, clip, "a white star at night"), negative: avoid(recipe, clip), cfg: 4 });
      const sampled = recipe.add("SamplerCustomAdvanced", {
        noise: recipe.add("RandomNoise", { noise_seed: 1 }), guider, sampler: recipe.add("KSamplerSelect", { sampler_name: "dpmpp_2m" }),
        sigmas: recipe.add("BasicScheduler", { model, scheduler: "karras", steps: 20, denoise: 1 }), latent_image: empty(recipe),
      });
      save(recipe, decode(recipe, sampled("output"), vae), "custom_sampling");
    },
  },
  {
    name: "shared_run", title: "Two samplers share a run", technique: "Guidance and samplers", tags: ["advanced", "steps", "hand over"], models: [WEFT],
    description: "Let one sampler do the first steps and hand its noisy picture to another one.",
    note: "The first **KSampler (Advanced)** ends at step 8 and returns what is still noisy; the second one begins there and adds no noise. Each may have a prompt, a cfg and a model of its own.",
    build(recipe) {
      const { model, clip, vae } = load(recipe);
      const negative = avoid(recipe, clip);
      const shared = { model, negative, steps: 20, cfg: 4, sampler_name: "euler", scheduler: "normal", noise_seed: 6 };
      const first = recipe.add("KSamplerAdvanced", { ...shared, positive: say(recipe, clip, "a big orange circle at sunset", "Steps 0 to 8"), latent_image: empty(recipe), add_noise: "enable", start_at_step: 0, end_at_step: 8, return_with_leftover_noise: "enable" });
      const second = recipe.add("KSamplerAdvanced", { ...shared, positive: say(recipe, clip, "a big orange star at sunset", "Steps 8 to 20"), latent_image: first, add_noise: "disable", start_at_step: 8, end_at_step: 10000, return_with_leftover_noise: "disable" });
      save(recipe, decode(recipe, second, vae), "shared_run");
    },
  },
];
