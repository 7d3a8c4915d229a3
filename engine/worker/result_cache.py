"""Which cache do the options ask for?"""

from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

from engine import sampling
from engine.execution.cache import DEFAULT_BUDGET_BYTES, BoundedCache, Part, ResultCache
from engine.execution.tiers import TieredCache
from engine.files.places import Places
from engine.graph.definition import Blocked
from engine.machine import main_memory
from engine.options import ComputeOptions
from engine.worker.code_stamp import code_stamp
from engine.worker.counted_cache import CountedCache
from engine.worker.result_store import DiskStore
from engine.worker.setup import WorkerSetup

CODE = Path(__file__).resolve().parents[2]
# What changes no result: how many are kept, and what is shown meanwhile.
WITHOUT_EFFECT = {"kept_results", "cache_share", "cache_bytes", "disk_cache_bytes", "preview_method", "preview_pixels"}


def result_cache(setup: WorkerSetup, compute: ComputeOptions, device: torch.device) -> ResultCache:
    """Make a worker's cache: in memory by bytes or by number, and on disk for costly results.

    Args:
        compute: the options as this worker carries them out.
    """
    memory = _memory(compute, setup.workers)
    if compute.kept_results == 0 or compute.disk_cache_bytes == 0:
        return memory
    store = DiskStore(
        results_folder(setup.places),
        compute.disk_cache_bytes,
        setup.places,
        _origin(setup, compute, device),
        _classes(),
    )
    return TieredCache(memory, store, tensor_memory)


def results_folder(places: Places) -> Path:
    """Say where costly results are kept; all workers, and all servers with this user folder, share it."""
    return places.user / "cache" / "results"


def tensor_memory(value: Any) -> Part | None:
    """Give (address, bytes) of the memory behind a tensor, which its views share."""
    if not isinstance(value, torch.Tensor) or value.layout is not torch.strided or value.device.type == "meta":
        return None
    storage = value.untyped_storage()
    return storage.data_ptr() or id(value), storage.nbytes()


def _memory(compute: ComputeOptions, workers: int) -> ResultCache:
    if compute.kept_results is not None:
        return CountedCache(compute.kept_results)
    total, _ = main_memory()
    share = int(total * compute.cache_share) or DEFAULT_BUDGET_BYTES
    budget = compute.cache_bytes if compute.cache_bytes is not None else share
    return BoundedCache(budget // workers, tensor_memory)


def _classes() -> tuple[type, ...]:
    return (Blocked, sampling.Area, sampling.Conditioning, sampling.ConditioningItem, sampling.Latent)


def _origin(setup: WorkerSetup, compute: ComputeOptions, device: torch.device) -> str:
    """Say what decides a result beside its key; the number of the device does not."""
    chosen = [
        f"{each.name}={getattr(compute, each.name)}"
        for each in fields(compute)
        if each.name not in WITHOUT_EFFECT and each.name not in ("device", "only_device")
    ]
    code = code_stamp([CODE / "engine", CODE / "nodes", *setup.places.custom_nodes])
    return "\n".join([code, torch.__version__, device.type, *chosen])
