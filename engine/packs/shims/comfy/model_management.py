"""`comfy.model_management`: devices, memory, cancelling."""

from __future__ import annotations

import gc
from enum import Enum
from typing import TYPE_CHECKING

from engine.errors import Interrupted as InterruptProcessingException
from engine.packs.absent import complete
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


class VRAMState(Enum):
    """How much of a device's memory there is for models."""

    DISABLED = 0
    NO_VRAM = 1
    LOW_VRAM = 2
    NORMAL_VRAM = 3
    HIGH_VRAM = 4
    SHARED = 5


# What Weft computes with: torch's own attention, and none of the libraries that may replace it.
XFORMERS_IS_AVAILABLE = False
vram_state = VRAMState.NORMAL_VRAM


def xformers_enabled() -> bool:
    return False


sage_attention_enabled = flash_attention_enabled = is_directml_enabled = xformers_enabled


def pytorch_attention_enabled() -> bool:
    return True


def force_upcast_attention_dtype() -> None:
    """No type: attention is computed in the type of its inputs."""


def is_nvidia() -> bool:
    import torch

    return get_torch_device().type == "cuda" and torch.version.hip is None


def is_intel_xpu() -> bool:
    return get_torch_device().type == "xpu"


def get_torch_device_name(device: torch.device) -> str:
    import torch

    return f"{device} {torch.cuda.get_device_name(device)}" if device.type == "cuda" else device.type


def get_autocast_device(device: torch.device) -> str:
    return device.type


def dtype_size(dtype: torch.dtype) -> int:
    """Give the bytes of one number."""
    return dtype.itemsize


def module_size(module: torch.nn.Module) -> int:
    """Give the bytes of a module's weights."""
    return sum(tensor.numel() * tensor.element_size() for tensor in module.state_dict().values())


def get_free_memory(dev: torch.device | None = None, torch_free_too: bool = False) -> int | tuple[int, int]:
    """Give the free bytes of a device; with `torch_free_too` also what torch holds without using it."""
    import torch

    from engine.machine import main_memory

    device = get_torch_device() if dev is None else dev
    if device.type != "cuda":
        free = main_memory()[1]
        return (free, free) if torch_free_too else free
    held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    free = torch.cuda.mem_get_info(device)[0] + held
    return (free, held) if torch_free_too else free


def cast_to_device(tensor: torch.Tensor, device: torch.device, dtype: torch.dtype, copy: bool = False) -> torch.Tensor:
    """Give a tensor on a device in a type."""
    return tensor.to(device=device, dtype=dtype, copy=copy)


def is_device_cpu(device: torch.device) -> bool:
    return device.type == "cpu"


def is_device_mps(device: torch.device) -> bool:
    return device.type == "mps"


complete(__name__)
