"""Which family is a checkpoint of, and how large are its parts? Answered from the header alone, without torch."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.errors import UnknownModel
from engine.files.safetensors_header import CheckpointHeader
from engine.models.checkpoint_parts import NETWORK_PREFIX, find_network
from engine.models.families.sd1.family import StableDiffusion1
from engine.models.families.sd2.family import StableDiffusion2
from engine.models.families.sdxl.family import StableDiffusionXL, StableDiffusionXLRefiner
from engine.models.families.svd.family import StableVideoDiffusion
from engine.models.families.unclip.family import StableDiffusionUnClip
from engine.models.families.upscaler.family import StableDiffusionUpscaler
from engine.models.family import ModelFamily

FAMILIES: tuple[ModelFamily, ...] = (
    StableVideoDiffusion(),
    StableDiffusion1(),
    StableDiffusion2(),
    StableDiffusionUpscaler(),
    StableDiffusionUnClip(),
    StableDiffusionXLRefiner(),
    StableDiffusionXL(),
)


@dataclass(frozen=True)
class Detected:
    """A family and the sizes it read off a header."""

    family: ModelFamily
    config: Any


def detect_family(header: CheckpointHeader) -> Detected:
    """Find the family of a checkpoint; where it has no text encoders, its network's sizes tell.

    Raises:
        UnknownModel: none recognises it.
        BadFile: one does, but weights are missing or contradict each other.
    """
    for family in FAMILIES:
        config = family.detect(header)
        if config is not None:
            return Detected(family, config)
    detected = detect_network(header, (NETWORK_PREFIX,))
    if detected is not None:
        return detected
    names = sorted(header.tensors)
    raise UnknownModel(
        f"{header.path.name} is no checkpoint of a family that is known: {', '.join(f.name for f in FAMILIES)}. "
        f"It holds {len(names)} weights, such as {', '.join(name[:80] for name in names[:3])}. "
        "Is it a LoRA, a VAE or a control network? Those have their own loaders."
    )


def detect_network(header: CheckpointHeader, prefixes: Iterable[str]) -> Detected | None:
    """Find the family of the first network whose weights' names begin with one of these prefixes; None if none does.

    Raises:
        BadFile: there is one, but weights are missing or contradict each other.
    """
    network = next(filter(None, (find_network(header, prefix) for prefix in prefixes)), None)
    for family in FAMILIES if network is not None else ():
        config = family.detect_network(header, network)
        if config is not None:
            return Detected(family, config)
    return None
