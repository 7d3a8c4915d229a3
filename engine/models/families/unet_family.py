"""What do all families of latent diffusion with a U-Net have in common? A family states where it differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.files.safetensors_header import CheckpointHeader
from engine.models.checkpoint_parts import (
    NetworkPart,
    Parts,
    check_parts_fit,
    find_network,
    find_texts,
    find_vae,
)
from engine.models.family import Part, Run
from engine.models.layers.unet_config import UNetConfig
from engine.models.text_encoders.clip_config import ClipUse

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

LATENT_CHANNELS = 4
FULL_SIZE_VAE = (128, 512)  # first widths of the encoder and the decoder that every full-size checkpoint shares
ACTIVATIONS_PER_CELL = 64  # measured: peak activations of a call, in units of cells times the first block's channels

# How many channels a network may read beside the latent's four -> what for.
INPAINTING, EDITING, DEPTH = 5, 4, 1
FURTHER_CHANNELS: Mapping[int, str] = {INPAINTING: "inpainting", EDITING: "editing", DEPTH: "depth"}


class UNetFamily:
    """arXiv:2112.10752: a U-Net on latents of a KL autoencoder, steered by text encoders. Satisfies ModelFamily.

    Attributes:
        latent_scale: brings the VAE's latents to about unit variance.
        downscale: pixels per cell of the latent, where no VAE is at hand to tell.
        texts: where in a single file its text encoders lie, and how they are used.
    """

    name: str
    latent_scale: float = 0.18215
    downscale: int = 8
    texts: tuple[tuple[str, ClipUse], ...]
    further_channels: Mapping[int, str] = FURTHER_CHANNELS

    def owns_network(self, config: UNetConfig) -> bool:
        """Whether a network of these sizes, found without its text encoder, is one of this family's."""
        raise NotImplementedError

    def owns_checkpoint(self, config: UNetConfig) -> bool:
        """Whether a network of these sizes, found with this family's text encoders, is one of this family's."""
        return self.owns_network(config)

    def detect(self, header: CheckpointHeader) -> Parts | None:
        """The parts of a checkpoint of this layout, of any width and depth; None if it is not of this layout.

        Raises:
            BadFile: it is, but incomplete or damaged.
        """
        texts = find_texts(header, self.texts)
        network = find_network(header) if texts else None
        if network is None or not self.owns_checkpoint(network.config):
            return None
        parts = Parts(network, find_vae(header), texts, _marks(header))
        check_parts_fit(header, parts, LATENT_CHANNELS, self.further_channels)
        return parts

    def detect_network(self, header: CheckpointHeader, network: NetworkPart) -> Parts | None:
        """A network without text encoders, maybe with a VAE, as one of this family's; None if it is not.

        Raises:
            BadFile: it is, but gives or takes other channels than this family's.
        """
        if not self.owns_network(network.config):
            return None
        parts = Parts(network, find_vae(header), marks=_marks(header))
        check_parts_fit(header, parts, LATENT_CHANNELS, self.further_channels)
        return parts

    def prediction(self, config: Parts, file: WeightFile) -> Prediction:
        from engine.sampling.prediction import EPSILON

        return EPSILON

    def noise_levels(self, config: Parts, file: WeightFile) -> NoiseLevels:
        from engine.sampling.noise_levels import NoiseLevels

        return NoiseLevels.scaled_linear(beta_start=0.00085, beta_end=0.012, steps=1000)

    def latent_format(self, config: Parts, file: WeightFile, vae: Vae | None) -> LatentFormat:
        from engine.models.families.unet_calls import latent_format

        has_usual_vae = config.vae is None or (
            (config.vae.config.encoder_channels, config.vae.config.decoder_channels) == FULL_SIZE_VAE
        )
        colours = self.colours if has_usual_vae else None
        return latent_format(LATENT_CHANNELS, vae, self.latent_scale, colours, self.downscale)

    @property
    def colours(self) -> Mapping[str, tuple[tuple[float, ...], ...]]:
        from engine.models.families.unet_calls import SD1_COLOURS

        return SD1_COLOURS

    def weight_names(self, config: Parts) -> WeightNames:
        from engine.models.layers.unet_names import network_weight_names

        return network_weight_names(config.network.config, config.network.places)

    def network(self, config: Parts) -> Part:
        return Part("network", config.network.config, config.network.places)

    def build_network(self, config: Parts) -> nn.Module:
        from engine.models.building import build_network

        return build_network(config.network.config)

    def prepare(self, config: Parts, file: WeightFile, item: ConditioningItem, run: Run) -> ConditioningItem:
        from engine.models.families import further_channels as channels

        makers = {
            INPAINTING: channels.inpainting_channels,
            EDITING: channels.scaled_editing_channels if self.scales_edited(file) else channels.editing_channels,
            DEPTH: channels.depth_channels,
        }
        make = makers.get(config.network.config.in_channels - LATENT_CHANNELS)
        return item if make is None else channels.with_further_channels(item, run, make)

    def scales_edited(self, file: WeightFile) -> bool:
        """Whether networks that edit read the picture's latent as networks see latents, not as the VAE gives them."""
        return False

    def call_network(self, network: nn.Module, call: NetworkCall) -> Tensor:
        from engine.models.families.unet_calls import call_network

        return call_network(network, call)

    def load_vae(self, config: Parts, file: WeightFile, precision: Precision) -> Vae | None:
        from engine.models.building import build_vae

        return None if config.vae is None else build_vae(config.vae.config, config.vae.places, file, precision.vae)

    def load_text_encoder(self, config: Parts, file: WeightFile, precision: Precision) -> TextEncoder | None:
        from engine.models.building import build_text_encoder

        if not config.texts:
            return None
        return build_text_encoder([(file, part) for part in config.texts], precision.text_encoder)

    def memory_needed(self, config: Parts, shape: tuple[int, ...], itemsize: int) -> int:
        samples, _channels, height, width = shape
        return samples * height * width * config.network.config.model_channels * ACTIVATIONS_PER_CELL * itemsize


def _marks(header: CheckpointHeader) -> frozenset[str]:
    return frozenset(name for name in header.tensors if "." not in name)
