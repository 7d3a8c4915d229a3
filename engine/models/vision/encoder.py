"""What does the CLIP_VISION socket carry? A vision encoder that says in numbers what is in a picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from engine.models.memory.hosted_module import HostedModule
from engine.models.memory.precision import Placement
from engine.models.vision.vision_config import VisionConfig, VisionPart
from engine.models.weights import WeightFile, Weights, check_weights

MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)  # of CLIP's training


@dataclass(frozen=True, eq=False)
class VisionOutput:
    """What a vision encoder says of pictures: float32, on the CPU. Packs read its parts by name, too.

    Attributes:
        image_embeds: (B, P) of each picture as a whole; None where the file does not tell how to project it.
        last_hidden_state, penultimate_hidden_states: (B, 1 + patches, D) behind the last layer and the one before it.
    """

    image_embeds: Tensor | None
    last_hidden_state: Tensor
    penultimate_hidden_states: Tensor

    def __getitem__(self, name: str) -> Tensor | None:
        return getattr(self, name)  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False)
class VisionEncoder:
    """CLIP's vision transformer (arXiv:2103.00020), its weights brought in when it is used."""

    hosted: HostedModule
    config: VisionConfig

    weight_patches = ()

    def encode(self, images: Tensor, *, crops: bool = True) -> VisionOutput:
        """Images (B, H, W, 3 or more) in 0..1 -> what is in them.

        Args:
            crops: cut a square from the middle; else squeeze all of it into one.
        """
        pixels = preprocess(images, self.config.image_size, crops=crops)
        placement = self.hosted.placement
        with torch.no_grad(), self.hosted.holding() as encoder:
            output = encoder(pixel_values=pixels.to(placement.device, placement.dtype), output_hidden_states=True)
            projection = getattr(encoder, "visual_projection", None)
            embeds = None if projection is None else projection(output.pooler_output)
        hidden = (t.float().cpu() for t in (output.last_hidden_state, output.hidden_states[-2]))
        return VisionOutput(None if embeds is None else embeds.float().cpu(), *hidden)


def preprocess(images: Tensor, size: int, *, crops: bool) -> Tensor:
    """(B, H, W, C) in 0..1 -> (B, 3, size, size) as CLIP was trained on: in whole steps of 255, normalised."""
    pixels = images[..., :3].float().cpu().movedim(-1, 1)
    height, width = pixels.shape[2:]
    scale = size / min(height, width)
    shape = (round(scale * height), round(scale * width)) if crops else (size, size)
    if (height, width) != (size, size):
        pixels = interpolate(pixels, size=shape, mode="bicubic", antialias=True)
        top, left = (pixels.shape[2] - size) // 2, (pixels.shape[3] - size) // 2
        pixels = pixels[:, :, top : top + size, left : left + size]
    pixels = (pixels * 255).clamp(0, 255).round() / 255
    mean, deviation = (torch.tensor(v).reshape(1, 3, 1, 1) for v in (MEAN, DEVIATION))
    return (pixels - mean) / deviation


def build_vision_encoder(part: VisionPart, file: WeightFile, placement: Placement) -> VisionEncoder:
    """The vision encoder of a file.

    Raises:
        BadFile: its weights are not exactly this layout's.
    """
    placement = replace(placement, storage=None)  # transformers asks its weights for the type to compute in
    module = _build(part.config, placement.device)
    weights = Weights(file, part.places)
    check_weights(module, weights, "vision encoder")
    return VisionEncoder(HostedModule(module, weights, placement), part.config)


def _build(config: VisionConfig, device: torch.device) -> nn.Module:
    """On the meta device; only its table of positions, which no file holds, is on `device`."""
    from transformers import CLIPVisionConfig, CLIPVisionModel  # slow to import: when the first one is loaded

    vision_config = CLIPVisionConfig(
        hidden_size=config.width,
        intermediate_size=config.hidden_width,
        num_hidden_layers=config.layers,
        num_attention_heads=config.width // config.head_width,
        image_size=config.image_size,
        patch_size=config.patch_size,
        hidden_act=config.activation,
        attn_implementation="sdpa",
    )
    with torch.device("meta"):
        model = CLIPVisionModel(vision_config)
    encoder: nn.Module = getattr(model, "vision_model", model)  # transformers 4 has one more module round it
    places = (config.image_size // config.patch_size) ** 2 + 1
    encoder.embeddings.register_buffer("position_ids", torch.arange(places, device=device)[None], persistent=False)
    if config.projection:
        encoder.visual_projection = nn.Linear(config.width, config.projection, bias=False, device="meta")
    return encoder
