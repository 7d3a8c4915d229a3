"""Which devices are there, and what are they good at? Asked when needed, never on import."""

import torch

from engine.errors import BadOption
from engine.machine import main_memory

LEFT_FREE_BYTES = 2 * 1024**3  # by what is kept only to save time


def choose_device(*, cpu: bool = False, cuda_index: int | None = None) -> torch.device:
    """The device to compute on: the CPU if asked for, else CUDA (or ROCm), else Apple's, else the CPU.

    Raises:
        BadOption: there is no GPU of this number.
    """
    if cpu:
        return torch.device("cpu")
    if torch.cuda.is_available():
        index = cuda_index or 0
        if index >= torch.cuda.device_count():
            raise BadOption(
                f"There is no CUDA device {index}: {torch.cuda.device_count()} are visible, counted from 0."
            )
        return torch.device("cuda", index)
    if cuda_index is not None:
        raise BadOption(f"CUDA device {cuda_index} was asked for, but torch {torch.__version__} sees no CUDA device.")
    return torch.device("mps") if torch.backends.mps.is_available() else torch.device("cpu")


def count_accelerators(*, cpu: bool = False) -> int:
    """How many devices there are beside the CPU; none if only the CPU shall be used."""
    if cpu:
        return 0
    if torch.cuda.is_available():
        return torch.cuda.device_count()
    return 1 if torch.backends.mps.is_available() else 0


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether matrices multiply faster in bfloat16 than in float32: CPUs with AMX or AVX512-BF16, GPUs since Ampere."""
    if device.type == "cpu":
        has_amx = getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
        has_avx512 = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
        return torch.backends.mkldnn.is_available() and bool(has_amx() or has_avx512())
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def free_bytes(device: torch.device) -> int | None:
    """Memory that is free on a GPU, what torch keeps for reuse included; None where it is not limited by the device."""
    if device.type != "cuda":
        return None
    free, _total = torch.cuda.mem_get_info(device)
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)


def room(device: torch.device) -> int | None:
    """Memory that is free for what computes on a device: a GPU's own, else main memory; None where nobody says."""
    free = free_bytes(device)
    return (main_memory()[1] or None) if free is None else free


def can_spare(device: torch.device, nbytes: int) -> bool:
    """Whether a device has room for what is kept only to save time; no where nobody says how much is free."""
    return (room(device) or 0) - nbytes >= LEFT_FREE_BYTES
