"""Where in a single file do a network, an autoencoder and text encoders lie, and how large are they? Torch-free."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from engine.errors import BadFile
from engine.files.safetensors_header import CheckpointHeader
from engine.models.layers.diffusers_names import UNET_MARK, VAE_MARK, our_unet_names, our_vae_names
from engine.models.layers.unet_config import UNetConfig, read_unet_config
from engine.models.layers.vae_config import VaeConfig, read_vae_config
from engine.models.text_encoders.clip_config import ClipPart, ClipUse, find_clip
from engine.models.weight_names import Places, file_shapes, names_below

NETWORK_PREFIX = "model.diffusion_model."
VAE_PREFIX = "first_stage_model."
FILM_VISION_PREFIX = "conditioner.embedders.0.open_clip.model.visual."  # Stable Video Diffusion's
VAE_PARTS = ("encoder.", "decoder.", "quant_conv.", "post_quant_conv.")
VAE_IGNORED = ("loss.", "model_ema.")  # left over from training


@dataclass(frozen=True)
class NetworkPart:
    """A U-Net in a file: its sizes, and where its weights lie."""

    config: UNetConfig
    places: Places


@dataclass(frozen=True)
class VaePart:
    """An autoencoder in a file: its sizes, and where its weights lie."""

    config: VaeConfig
    places: Places


@dataclass(frozen=True)
class Parts:
    """What a family found in a file: at least a network.

    Attributes:
        marks: names of the file's tensors that are nobody's weights, by which some trainers tell what they did.
    """

    network: NetworkPart
    vae: VaePart | None = None
    texts: tuple[ClipPart, ...] = ()
    marks: frozenset[str] = field(default_factory=frozenset)


def stored_shapes(header: CheckpointHeader) -> dict[str, tuple[int, ...]]:
    return {name: info.shape for name, info in header.tensors.items()}


@contextmanager
def _naming(header: CheckpointHeader) -> Iterator[None]:
    """Name the file in what is said of its sizes."""
    try:
        yield
    except BadFile as error:
        raise BadFile(f"{header.path.name}: {error}") from error


def find_network(header: CheckpointHeader, prefix: str = NETWORK_PREFIX) -> NetworkPart | None:
    """The U-Net whose weights' names begin with `prefix`; None if there is none.

    Raises:
        BadFile: there is one, but incomplete or damaged.
    """
    places = {own: name for own, name in names_below(header.tensors, prefix).items() if "." in own}  # others are marks
    if any(name.startswith(UNET_MARK) for name in places):
        places = {own: places[theirs] for own, theirs in our_unet_names(places).items()}
    if "input_blocks.0.0.weight" not in places:
        return None
    with _naming(header):
        return NetworkPart(read_unet_config(file_shapes(stored_shapes(header), places)), places)


def find_vae(header: CheckpointHeader, prefix: str = VAE_PREFIX) -> VaePart | None:
    """The autoencoder whose weights' names begin with `prefix`; None if there is none.

    Raises:
        BadFile: there is one, but incomplete or damaged.
    """
    places = names_below(header.tensors, prefix, VAE_IGNORED)
    places = {own: name for own, name in places.items() if prefix or own.startswith(VAE_PARTS)}
    if not any(name.startswith(VAE_PARTS) for name in places):
        return None
    if any(name.startswith(VAE_MARK) for name in places):
        places = {own: places[theirs] for own, theirs in our_vae_names(places).items()}
    with _naming(header):
        return VaePart(read_vae_config(file_shapes(stored_shapes(header), places)), places)


def find_texts(header: CheckpointHeader, uses: Sequence[tuple[str, ClipUse]]) -> tuple[ClipPart, ...]:
    """The text encoders that lie below these prefixes; none at all unless every one is there."""
    stored = stored_shapes(header)
    found = [find_clip(use, stored, prefix) for prefix, use in uses]
    return tuple(part for part in found if part is not None) if all(found) else ()


def check_parts_fit(header: CheckpointHeader, parts: Parts, latent_channels: int, further: Mapping[int, str]) -> None:
    """Check that a network reads what the other parts give.

    Args:
        latent_channels: of the family's latents.
        further: how many channels beside the latent's its networks may read -> what for.

    Raises:
        BadFile: it does not.
    """
    network, file = parts.network.config, header.path.name
    beside = network.in_channels - latent_channels
    if network.out_channels != latent_channels or (beside and beside not in further):
        kinds = ", ".join(f"{latent_channels + count} ({what})" for count, what in further.items())
        raise BadFile(
            f"{file}: its network takes {network.in_channels} and gives {network.out_channels} channels; it should "
            f"give {latent_channels}, and take {latent_channels}{f', or {kinds}' if kinds else ''}."
        )
    if parts.vae is not None and parts.vae.config.latent_channels != latent_channels:
        raise BadFile(
            f"{file}: its VAE has {parts.vae.config.latent_channels} latent channels, its network {latent_channels}."
        )
    width = sum(part.config.width for part in parts.texts)
    if parts.texts and network.context_channels not in (0, width):
        raise BadFile(
            f"{file}: its network attends to prompts of width {network.context_channels}, "
            f"its text encoder's are {width} wide."
        )
