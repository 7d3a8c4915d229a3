"""How do the parts of a checkpoint become modules, on the meta device and joined with their weights?"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from engine.models.layers.autoencoder import Autoencoder
from engine.models.layers.unet import UNet
from engine.models.layers.unet_config import UNetConfig
from engine.models.layers.vae_config import VaeConfig
from engine.models.layers.video_unet import VideoUNet
from engine.models.memory.hosted_module import HostedModule
from engine.models.memory.precision import Placement
from engine.models.text_encoder import TextEncoder
from engine.models.text_encoders.clip import build_clip
from engine.models.text_encoders.clip_config import ClipPart, ClipUse
from engine.models.vae import Vae
from engine.models.weight_names import Places, WeightNames, kohya_name
from engine.models.weights import WeightFile, Weights, check_weights


def build_network(config: UNetConfig) -> nn.Module:
    """The U-Net, on the meta device."""
    with torch.device("meta"):
        return VideoUNet(config) if config.is_temporal else UNet(config)


def build_vae(config: VaeConfig, places: Places, file: WeightFile, placement: Placement) -> Vae:
    """The autoencoder of a file.

    Raises:
        BadFile: its weights are not exactly this layout's.
    """
    with torch.device("meta"):
        module = Autoencoder(config)
    weights = Weights(file, places)
    check_weights(module, weights, "VAE")
    return Vae(HostedModule(module, weights, placement), config)


def build_text_encoder(parts: Sequence[tuple[WeightFile, ClipPart]], placement: Placement) -> TextEncoder:
    """The text encoders of one file or of several, in the order in which their outputs are joined.

    Raises:
        BadFile: their weights are not exactly this layout's.
    """
    modules, weights, aliases = nn.ModuleDict(), {}, {}
    for file, part in parts:
        name, module = part.use.name, build_clip(part.config, placement.device)
        weights[name] = Weights(file, part.places)
        check_weights(module, weights[name], f"text encoder {name}")
        modules[name] = module
        aliases.update(text_aliases(part.use, list(part.places)))
    hosted = HostedModule(modules, Weights.joined(weights), placement)
    uses = tuple((part.use, part.config) for _, part in parts)
    return TextEncoder(hosted, uses, WeightNames("text encoder", aliases))


def text_aliases(use: ClipUse, weights: Sequence[str]) -> dict[str, str]:
    """CLIP's layers under kohya's and diffusers' names -> the names in a TextEncoder's module."""
    aliases: dict[str, str] = {}
    for weight in weights:
        if weight.endswith(".weight"):
            layer = weight.removesuffix(".weight")
            foreign = [kohya_name(prefix, layer) for prefix in use.lora_names]
            foreign += [prefix + layer for prefix in use.layer_names]
            aliases.update(dict.fromkeys(foreign, f"{use.name}.{layer}"))
    return aliases
