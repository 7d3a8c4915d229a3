"""The modules of a Stable Diffusion 1.x checkpoint, built on the meta device and joined with their weights."""

from collections.abc import Mapping

import torch
from torch import nn

from engine.models.families.sd1.weight_names import text_weight_names
from engine.models.layers.autoencoder import Autoencoder
from engine.models.layers.unet import UNet
from engine.models.layers.unet_config import UNetConfig
from engine.models.layers.vae_config import VaeConfig
from engine.models.memory.hosted_module import HostedModule
from engine.models.memory.precision import Placement
from engine.models.text_encoder import TextEncoder
from engine.models.text_encoders.clip import build_clip
from engine.models.text_encoders.clip_config import ClipConfig
from engine.models.vae import Vae
from engine.models.weights import WeightFile, Weights, check_weights


def build_network(config: UNetConfig) -> nn.Module:
    """The U-Net, on the meta device."""
    with torch.device("meta"):
        return UNet(config)


def load_vae(config: VaeConfig, names: Mapping[str, str], file: WeightFile, placement: Placement) -> Vae:
    """The autoencoder of a file.

    Raises:
        BadFile: its weights are not exactly this layout's.
    """
    with torch.device("meta"):
        module = Autoencoder(config)
    weights = Weights(file, names)
    check_weights(module, weights, "VAE")
    return Vae(HostedModule(module, weights, placement), config)


def load_text_encoder(
    config: ClipConfig, names: Mapping[str, str], file: WeightFile, placement: Placement
) -> TextEncoder:
    """The text encoder of a file.

    Raises:
        BadFile: its weights are not exactly this layout's.
    """
    module = build_clip(config, placement.device)
    weights = Weights(file, names)
    check_weights(module, weights, "text encoder")
    return TextEncoder(HostedModule(module, weights, placement), config, text_weight_names(names))
