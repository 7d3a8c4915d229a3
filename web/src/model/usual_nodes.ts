/** Which node is most likely meant? What most workflows put at a socket of a type, for a search in which nothing was typed yet. */

import type { SocketFilter } from "./fuzzy";

/** Types that take a link of a type, and types that give one, the likeliest first. */
const TAKE: Readonly<Record<string, readonly string[]>> = {
  MODEL: ["KSampler", "LoraLoader", "LoraLoaderModelOnly", "CFGGuider", "BasicScheduler"],
  CLIP: ["CLIPTextEncode", "LoraLoader", "CLIPSetLastLayer"],
  VAE: ["VAEDecode", "VAEEncode", "VAEEncodeForInpaint"],
  CONDITIONING: ["KSampler", "ConditioningCombine", "ControlNetApplyAdvanced", "CFGGuider"],
  LATENT: ["VAEDecode", "KSampler", "LatentUpscaleBy", "SetLatentNoiseMask"],
  IMAGE: ["SaveImage", "PreviewImage", "VAEEncode", "ImageScale", "ImageUpscaleWithModel"],
  MASK: ["SetLatentNoiseMask", "VAEEncodeForInpaint", "MaskToImage", "GrowMask"],
  CONTROL_NET: ["ControlNetApplyAdvanced"], UPSCALE_MODEL: ["ImageUpscaleWithModel"], CLIP_VISION: ["CLIPVisionEncode"],
  NOISE: ["SamplerCustomAdvanced"], GUIDER: ["SamplerCustomAdvanced"], SAMPLER: ["SamplerCustomAdvanced", "SamplerCustom"], SIGMAS: ["SamplerCustomAdvanced", "SamplerCustom"],
  AUDIO: ["SaveAudio", "PreviewAudio"], VIDEO: ["SaveVideo", "GetVideoComponents"],
};
const GIVE: Readonly<Record<string, readonly string[]>> = {
  MODEL: ["CheckpointLoaderSimple", "LoraLoader", "UNETLoader", "LoraLoaderModelOnly"],
  CLIP: ["CheckpointLoaderSimple", "LoraLoader", "CLIPLoader", "DualCLIPLoader"],
  VAE: ["CheckpointLoaderSimple", "VAELoader"],
  CONDITIONING: ["CLIPTextEncode", "ConditioningCombine", "ControlNetApplyAdvanced"],
  LATENT: ["EmptyLatentImage", "KSampler", "VAEEncode", "LatentUpscaleBy"],
  IMAGE: ["LoadImage", "VAEDecode", "ImageScale"],
  MASK: ["LoadImage", "LoadImageMask", "SolidMask"],
  CONTROL_NET: ["ControlNetLoader"], UPSCALE_MODEL: ["UpscaleModelLoader"], CLIP_VISION: ["CLIPVisionLoader"], CLIP_VISION_OUTPUT: ["CLIPVisionEncode"],
  NOISE: ["RandomNoise"], GUIDER: ["CFGGuider", "BasicGuider"], SAMPLER: ["KSamplerSelect"], SIGMAS: ["BasicScheduler"],
  AUDIO: ["LoadAudio"], VIDEO: ["CreateVideo", "LoadVideo"],
  INT: ["PrimitiveNode", "PrimitiveInt"], FLOAT: ["PrimitiveNode", "PrimitiveFloat"], STRING: ["PrimitiveNode", "PrimitiveStringMultiline", "PrimitiveString"],
  BOOLEAN: ["PrimitiveNode", "PrimitiveBoolean"], COMBO: ["PrimitiveNode"],
};
/** Where no link is asked for. */
const ANY: readonly string[] = ["CheckpointLoaderSimple", "CLIPTextEncode", "KSampler", "EmptyLatentImage", "VAEDecode", "SaveImage", "LoadImage", "LoraLoader", "PreviewImage", "Note"];

/** 0 for what is not usual there, more for what is likelier. */
export function usualness(type: string, filter: SocketFilter | null): number {
  const usual = filter === null ? ANY : ((filter.side === "input" ? TAKE : GIVE)[filter.type] ?? []);
  const at = usual.indexOf(type);
  return at < 0 ? 0 : 20 - at;
}
