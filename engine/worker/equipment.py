"""What do the nodes that ship need: registry, devices, precision, memory, inference mode?

Imported in the worker only; torch is imported when `equip` is called.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import nodes
from engine import models, packs
from engine.execution.context import Resources
from engine.graph.registry import Registry
from engine.jobs.worker import DeviceStats
from engine.options import ComputeOptions
from engine.worker.setup import WorkerSetup
from engine.worker.workshop import Equipment

if TYPE_CHECKING:
    import torch


def equip(setup: WorkerSetup, importing: Callable[[str], None] = lambda pack: None) -> Equipment:
    """Import torch and every node, and choose device and types as the options say.

    Args:
        importing: told of each pack before it is imported.
    """
    import torch

    from engine.worker.result_cache import result_cache
    from engine.worker.torch_lifecycle import TorchLifecycle, device_stats

    accelerators = models.count_accelerators(cpu=setup.compute.cpu)
    compute = _own_device(setup, accelerators)
    if compute.deterministic:
        torch.use_deterministic_algorithms(True, warn_only=True)
    device = models.choose_device(cpu=compute.cpu, cuda_index=compute.device)
    _share(setup.workers, device)
    memory = _memory(compute)
    resources = Resources()
    resources.provide(ComputeOptions, lambda: compute)
    resources.provide(models.DeviceMemory, lambda: memory)
    resources.provide(models.Precision, _precision(compute, device))
    resources.get(models.Precision)  # a wrong option is said now, not in the first job

    registry = Registry(nodes.definitions())
    supplies = packs.bring_packs(
        setup.places, compute, registry, nodes, setup.only_packs, left_out=setup.left_out, importing=importing
    )
    supplies.open()

    def stats() -> Sequence[DeviceStats]:
        return [device_stats(device)]

    return Equipment(
        registry=registry,
        added=supplies.definitions,
        read_again=supplies.read_again,
        brought=supplies.brought,
        said_by_packs=supplies.pass_on,
        begins=supplies.begins,
        resources=resources,
        lifecycles=(TorchLifecycle(memory.release),),
        cache=result_cache(setup, compute, device),
        devices=stats,
        release_models=memory.release,
        prepare=models.prepare_libraries,
        torch_version=torch.__version__,
        accelerators=accelerators,
    )


def _own_device(setup: WorkerSetup, accelerators: int) -> ComputeOptions:
    """Give each worker an accelerator of its own, beginning with the one that comes first."""
    compute = setup.compute
    if compute.only_device or accelerators < 2:
        return compute
    return replace(compute, device=((compute.device or 0) + setup.number - 1) % accelerators)


def _share(workers: int, device: "torch.device") -> None:
    """Compute on this worker's device where a node does not say which; share the cores among workers on the CPU."""
    import torch

    if device.type == "cuda":
        torch.cuda.set_device(device)
    elif device.type == "cpu" and workers > 1:
        torch.set_num_threads(max(1, torch.get_num_threads() // workers))


def _memory(compute: ComputeOptions) -> models.DeviceMemory:
    if compute.reserve_gb is None:
        return models.DeviceMemory()
    return models.DeviceMemory(reserve_bytes=int(compute.reserve_gb * 2**30))


def _precision(compute: ComputeOptions, device: object) -> Callable[[], models.Precision]:
    def choose() -> models.Precision:
        return models.choose_precision(
            device,
            every=compute.all_type,
            network=compute.network_type,
            vae=compute.vae_type,
            text_encoder=compute.text_encoder_type,
            channels_last=compute.channels_last or None,
            vae_device="cpu" if compute.vae_on_cpu else None,
        )

    return choose
