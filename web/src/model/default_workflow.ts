/** What does a newcomer see first? One picture from text on the model that ships; Run works as it stands. */

import type { JsonObject } from "./types";

export const DEFAULT_NAME = "First picture";

/** Prompt and sampler settings that suit the model that ships. */
const text = "a yellow star at night";
const sampler = { seed: 1, steps: 20, cfg: 4, name: "dpmpp_2m", scheduler: "karras" };

export const DEFAULT_WORKFLOW: JsonObject = {
  last_node_id: 7,
  last_link_id: 9,
  nodes: [
    {
      id: 1, type: "CheckpointLoaderSimple", pos: [0, 170], size: [276, 124], flags: {}, order: 0, mode: 0, inputs: [],
      outputs: [
        { name: "MODEL", type: "MODEL", links: [1], slot_index: 0 },
        { name: "CLIP", type: "CLIP", links: [2, 3], slot_index: 1 },
        { name: "VAE", type: "VAE", links: [4], slot_index: 2 },
      ],
      properties: { "Node name for S&R": "CheckpointLoaderSimple" }, widgets_values: ["weft-tiny.safetensors"],
    },
    {
      id: 2, type: "CLIPTextEncode", pos: [330, 34], size: [320, 150], flags: {}, order: 1, mode: 0, title: "What to show",
      inputs: [{ name: "clip", type: "CLIP", link: 2 }],
      outputs: [{ name: "CONDITIONING", type: "CONDITIONING", links: [5], slot_index: 0 }],
      properties: { "Node name for S&R": "CLIPTextEncode" }, widgets_values: [text],
    },
    {
      id: 3, type: "CLIPTextEncode", pos: [330, 242], size: [320, 130], flags: {}, order: 2, mode: 0, title: "What to avoid",
      inputs: [{ name: "clip", type: "CLIP", link: 3 }],
      outputs: [{ name: "CONDITIONING", type: "CONDITIONING", links: [6], slot_index: 0 }],
      properties: { "Node name for S&R": "CLIPTextEncode" }, widgets_values: [""],
    },
    {
      id: 4, type: "EmptyLatentImage", pos: [330, 430], size: [320, 135], flags: {}, order: 3, mode: 0, inputs: [],
      outputs: [{ name: "LATENT", type: "LATENT", links: [7], slot_index: 0 }],
      properties: { "Node name for S&R": "EmptyLatentImage" }, widgets_values: [128, 128, 1],
    },
    {
      id: 5, type: "KSampler", pos: [704, 34], size: [304, 531], flags: {}, order: 4, mode: 0,
      inputs: [
        { name: "model", type: "MODEL", link: 1 },
        { name: "positive", type: "CONDITIONING", link: 5 },
        { name: "negative", type: "CONDITIONING", link: 6 },
        { name: "latent_image", type: "LATENT", link: 7 },
      ],
      outputs: [{ name: "LATENT", type: "LATENT", links: [8], slot_index: 0 }],
      properties: { "Node name for S&R": "KSampler" },
      widgets_values: [sampler.seed, "fixed", sampler.steps, sampler.cfg, sampler.name, sampler.scheduler, 1],
    },
    {
      id: 6, type: "VAEDecode", pos: [1062, 34], size: [170, 68], flags: {}, order: 5, mode: 0,
      inputs: [
        { name: "samples", type: "LATENT", link: 8 },
        { name: "vae", type: "VAE", link: 4 },
      ],
      outputs: [{ name: "IMAGE", type: "IMAGE", links: [9], slot_index: 0 }],
      properties: { "Node name for S&R": "VAEDecode" }, widgets_values: [],
    },
    {
      id: 7, type: "SaveImage", pos: [1286, 34], size: [400, 455], flags: {}, order: 6, mode: 0,
      inputs: [{ name: "images", type: "IMAGE", link: 9 }],
      outputs: [], properties: { "Node name for S&R": "SaveImage" }, widgets_values: ["weft"],
    },
  ],
  links: [
    [1, 1, 0, 5, 0, "MODEL"],
    [2, 1, 1, 2, 0, "CLIP"],
    [3, 1, 1, 3, 0, "CLIP"],
    [4, 1, 2, 6, 1, "VAE"],
    [5, 2, 0, 5, 1, "CONDITIONING"],
    [6, 3, 0, 5, 2, "CONDITIONING"],
    [7, 4, 0, 5, 3, "LATENT"],
    [8, 5, 0, 6, 0, "LATENT"],
    [9, 6, 0, 7, 0, "IMAGE"],
  ],
  groups: [],
  config: {},
  extra: {},
  version: 0.4,
};
