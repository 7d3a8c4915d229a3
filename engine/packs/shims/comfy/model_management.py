"""`comfy.model_management`: devices, memory, cancelling."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from engine.errors import Interrupted as InterruptProcessingException
from engine.packs.current import running_node
from engine.packs.surroundings import surroundings

if TYPE_CHECKING:
    import torch

__all__ = [
    "InterruptProcessingException",
    "get_torch_device",
    "intermediate_device",
    "soft_empty_cache",
    "throw_exception_if_processing_interrupted",
]


def get_torch_device() -> torch.device:
    """Give the device on which networks run."""
    from engine import models

    compute = surroundings().compute
    device: torch.device = models.choose_device(cpu=compute.cpu, cuda_index=compute.device)
    return device


def intermediate_device() -> torch.device:
    """Give the device on which images and latents are passed between nodes: the CPU."""
    import torch

    return torch.device("cpu")


unet_offload_device = vae_offload_device = text_encoder_offload_device = intermediate_device
text_encoder_device = vae_device = get_torch_device


def soft_empty_cache(force: bool = False) -> None:
    """Give memory that nothing uses back to the device."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def throw_exception_if_processing_interrupted() -> None:
    """Raise InterruptProcessingException if the user cancelled the job; let it pass."""
    context = running_node()
    if context is not None:
        context.check_cancelled()


def processing_interrupted() -> bool:
    """Say whether the user cancelled the job."""
    try:
        throw_exception_if_processing_interrupted()
    except InterruptProcessingException:
        return True
    return False


def is_device_cpu(device: torch.device) -> bool:
    return device.type == "cpu"


def is_device_mps(device: torch.device) -> bool:
    return device.type == "mps"
