"""Stable Diffusion 1.x in its single-file layout: how it is recognised, and what holds for all of its checkpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import BadFile
from engine.files.safetensors_header import CheckpointHeader
from engine.models.family import Part, Run
from engine.models.layers.unet_config import Shapes, UNetConfig, read_unet_config
from engine.models.layers.vae_config import VaeConfig, read_vae_config
from engine.models.text_encoders.clip_config import ClipConfig, read_clip_config

if TYPE_CHECKING:
    from torch import Tensor, nn

    from engine.models.latent import LatentFormat
    from engine.models.memory.precision import Precision
    from engine.models.patch import NetworkCall
    from engine.models.text_encoder import TextEncoder
    from engine.models.vae import Vae
    from engine.models.weight_names import WeightNames
    from engine.models.weights import WeightFile
    from engine.sampling.conditioning import ConditioningItem
    from engine.sampling.noise_levels import NoiseLevels
    from engine.sampling.prediction import Prediction

LATENT_SCALE = 0.18215
LATENT_CHANNELS = 4
NETWORK_PREFIX = "model.diffusion_model."
VAE_PREFIX = "first_stage_model."
TEXT_PREFIX = "cond_stage_model.transformer."
VAE_IGNORED = ("loss.", "model_ema.")  # left over from training
TEXT_IGNORED = ("text_model.embeddings.position_ids", "embeddings.position_ids", "text_projection.weight")
FULL_SIZE_VAE = (128, 512)  # first widths of the encoder and the decoder that every full-size checkpoint shares
ACTIVATIONS_PER_CELL = 64  # measured: peak activations of a call, in units of cells times the first block's channels


@dataclass(frozen=True)
class Sd1Config:
    """Sizes of the three parts, and their weights' names in the file."""

    network: UNetConfig
    vae: VaeConfig
    text: ClipConfig
    network_names: Mapping[str, str]
    vae_names: Mapping[str, str]
    text_names: Mapping[str, str]


class StableDiffusion1:
    """arXiv:2112.10752: a U-Net on latents of a KL autoencoder, steered by CLIP's text encoder."""

    name = "Stable Diffusion 1.x"

    def detect(self, header: CheckpointHeader) -> Sd1Config | None:
        """The sizes of a checkpoint of this layout, of any width and depth; None if it is not of this layout."""
        names = header.tensors
        if NETWORK_PREFIX + "input_blocks.0.0.weight" not in names or NETWORK_PREFIX + "label_emb.0.0.weight" in names:
            return None
        if not any(name.startswith(TEXT_PREFIX) for name in names):
            return None
        network, vae = _names_below(names, NETWORK_PREFIX), _names_below(names, VAE_PREFIX, VAE_IGNORED)
        text = {_bare(own): file for own, file in _names_below(names, TEXT_PREFIX, TEXT_IGNORED).items()}
        if not vae:
            raise BadFile(f"{header.path.name} has a network and a text encoder, but no VAE (first_stage_model.*).")
        config = Sd1Config(
            read_unet_config(_shapes(header, network)),
            read_vae_config(_shapes(header, vae)),
            read_clip_config(_shapes(header, text)),
            network,
            vae,
            text,
        )
        _check_parts_fit(header, config)
        return config

    def prediction(self, config: Sd1Config) -> Prediction:
        from engine.sampling.prediction import EPSILON

        return EPSILON

    def noise_levels(self, config: Sd1Config) -> NoiseLevels:
        from engine.sampling.noise_levels import NoiseLevels

        return NoiseLevels.scaled_linear(beta_start=0.00085, beta_end=0.012, steps=1000)

    def latent_format(self, config: Sd1Config, vae: Vae) -> LatentFormat:
        from engine.models.families.sd1.conditioning import latent_format

        has_common_latents = (config.vae.encoder_channels, config.vae.decoder_channels) == FULL_SIZE_VAE
        return latent_format(vae, LATENT_SCALE, has_common_latents=has_common_latents)

    def weight_names(self, config: Sd1Config) -> WeightNames:
        from engine.models.families.sd1.weight_names import network_weight_names

        return network_weight_names(config.network, config.network_names)

    def network(self, config: Sd1Config) -> Part:
        return Part("network", config.network, config.network_names)

    def build_network(self, config: Sd1Config) -> nn.Module:
        from engine.models.families.sd1.network import build_network

        return build_network(config.network)

    def prepare(self, config: Sd1Config, item: ConditioningItem, run: Run) -> ConditioningItem:
        return item

    def call_network(self, network: nn.Module, call: NetworkCall) -> Tensor:
        from engine.models.families.sd1.conditioning import call_network

        return call_network(network, call)

    def load_vae(self, config: Sd1Config, file: WeightFile, precision: Precision) -> Vae:
        from engine.models.families.sd1.network import load_vae

        return load_vae(config.vae, config.vae_names, file, precision.vae)

    def load_text_encoder(self, config: Sd1Config, file: WeightFile, precision: Precision) -> TextEncoder:
        from engine.models.families.sd1.network import load_text_encoder

        return load_text_encoder(config.text, config.text_names, file, precision.text_encoder)

    def memory_needed(self, config: Sd1Config, shape: tuple[int, ...], itemsize: int) -> int:
        samples, _channels, height, width = shape
        return samples * height * width * config.network.model_channels * ACTIVATIONS_PER_CELL * itemsize


def _names_below(names: Iterable[str], prefix: str, ignored: tuple[str, ...] = ()) -> dict[str, str]:
    """The names with this prefix: without it -> with it."""
    found = {name[len(prefix) :]: name for name in names if name.startswith(prefix)}
    return {own: name for own, name in found.items() if not own.startswith(ignored)} if ignored else found


def _bare(name: str) -> str:
    """CLIP's weights are named with and without `text_model.`, depending on which library saved them."""
    return name.removeprefix("text_model.")


def _shapes(header: CheckpointHeader, names: Mapping[str, str]) -> Shapes:
    return {own: header.tensors[file].shape for own, file in names.items()}


def _check_parts_fit(header: CheckpointHeader, config: Sd1Config) -> None:
    network, file = config.network, header.path.name
    if network.in_channels != LATENT_CHANNELS or network.out_channels != LATENT_CHANNELS:
        raise BadFile(
            f"{file}: its network takes {network.in_channels} and gives {network.out_channels} channels; "
            f"{LATENT_CHANNELS} and {LATENT_CHANNELS} are supported (inpainting and editing checkpoints take more)."
        )
    if config.vae.latent_channels != LATENT_CHANNELS:
        raise BadFile(
            f"{file}: its VAE has {config.vae.latent_channels} latent channels, its network {LATENT_CHANNELS}."
        )
    if network.context_channels not in (0, config.text.width):
        raise BadFile(
            f"{file}: its network attends to prompts of width {network.context_channels}, "
            f"its text encoder's are {config.text.width} wide."
        )
