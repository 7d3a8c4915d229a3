"""In which type and memory layout does each part of a model compute?"""

from dataclasses import dataclass, replace
from typing import Literal

import torch

from engine.errors import BadOption
from engine.models.memory.devices import has_fast_bfloat16

TypeName = Literal["fp32", "fp16", "bf16", "fp8_e4m3fn", "fp8_e5m2"]
TYPES: dict[str, torch.dtype] = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
STORAGE_TYPES: dict[str, torch.dtype] = {"fp8_e4m3fn": torch.float8_e4m3fn, "fp8_e5m2": torch.float8_e5m2}


@dataclass(frozen=True)
class Placement:
    """Where and how one module computes. Its weights in the file are another matter: they stay as they are.

    Attributes:
        storage: the 8-bit type in which large weights are kept on the device, to be widened while they are used; None:
            the type that the module computes in.
    """

    device: torch.device
    dtype: torch.dtype
    channels_last: bool = False
    storage: torch.dtype | None = None


@dataclass(frozen=True)
class Precision:
    """Where and how each part of a checkpoint computes."""

    network: Placement
    vae: Placement
    text_encoder: Placement

    def storing_network(self, name: str) -> "Precision":
        """The same, the network's weights kept in an 8-bit type: fp8_e4m3fn or fp8_e5m2."""
        return replace(self, network=replace(self.network, storage=_storage(name)))

    def with_text_encoder_on_cpu(self) -> "Precision":
        """The same, text encoders computing on the CPU, in the type that suits it."""
        cpu = torch.device("cpu")
        return replace(self, text_encoder=replace(self.text_encoder, device=cpu, dtype=_text_type(cpu)))


def choose_precision(
    device: torch.device | str = "cpu",
    *,
    every: TypeName | None = None,
    network: TypeName | None = None,
    vae: TypeName | None = None,
    text_encoder: TypeName | None = None,
    channels_last: bool | None = None,
    vae_device: torch.device | str | None = None,
) -> Precision:
    """Choose what is fast on a device without harm to the picture; what is given by name overrides the choice.

    CPUs with AMX or AVX512-BF16: network and VAE in bfloat16, channels last (about 6 times the rate of float32);
    other CPUs: float32. GPUs: network in float16, VAE in bfloat16 where the GPU has it (float16 overflows in some).
    Text encoders, cheap and sensitive, are float32 on CPUs.

    Raises:
        BadOption: a name is not one of fp32, fp16, bf16, or, of networks and text encoders, an 8-bit type that
            weights are kept in.
    """
    device = torch.device(device)
    vae_on = torch.device(vae_device) if vae_device is not None else device
    fast = has_fast_bfloat16(device)
    if channels_last is None:
        channels_last = fast
    return Precision(
        network=Placement(
            device, _type(network or every) or _network_type(device), channels_last, _storage(network or every)
        ),
        vae=Placement(vae_on, _type(vae or every) or _vae_type(vae_on), channels_last),
        text_encoder=Placement(
            device, _type(text_encoder or every) or _text_type(device), storage=_storage(text_encoder or every)
        ),
    )


def _type(name: str | None) -> torch.dtype | None:
    """The type to compute in, where one was named; what is stored in 8 bits computes in the usual type."""
    if name is not None and name not in TYPES and name not in STORAGE_TYPES:
        raise BadOption(f"{name!r} is no type to compute in: use one of {', '.join((*TYPES, *STORAGE_TYPES))}.")
    return TYPES.get(name) if name is not None else None


def _storage(name: str | None) -> torch.dtype | None:
    return STORAGE_TYPES.get(name) if name is not None else None


def _network_type(device: torch.device) -> torch.dtype:
    if device.type == "cuda":
        return torch.float16
    return torch.bfloat16 if has_fast_bfloat16(device) else torch.float32


def _vae_type(device: torch.device) -> torch.dtype:
    return torch.bfloat16 if has_fast_bfloat16(device) else torch.float32


def _text_type(device: torch.device) -> torch.dtype:
    return torch.float16 if device.type == "cuda" else torch.float32
