"""What does torch need round every node: inference mode, and a clear word when memory runs out?"""

import gc
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import torch

from engine.errors import OutOfMemory
from engine.graph.definition import NodeDefinition
from engine.jobs.worker import DeviceStats

CPU_ALLOCATOR = "DefaultCPUAllocator"  # begins the text of torch's RuntimeError for lack of main memory


class TorchLifecycle:
    """Runs nodes in inference mode. When memory runs out, releases what it can, and says which node asked."""

    def __init__(self, release: Callable[[], None]) -> None:
        self._release = release

    def around(self, definition: NodeDefinition, node_id: str) -> AbstractContextManager[None]:
        return self._around(definition, node_id)

    @contextmanager
    def _around(self, definition: NodeDefinition, node_id: str) -> Iterator[None]:
        with torch.inference_mode():
            try:
                yield
            except (MemoryError, RuntimeError) as error:
                if not _is_lack_of_memory(error):
                    raise
                traceback.clear_frames(error.__traceback__)  # the node's own tensors
                self._free()
                raise OutOfMemory(
                    f"Memory ran out in {definition.display_name} (node {node_id}): {error} "
                    "Models were released; try a smaller image or batch, or --lowvram."
                ) from error

    def _free(self) -> None:
        self._release()
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def device_stats(device: torch.device) -> DeviceStats:
    """Ask a device how much memory it has; for the CPU that is the machine's, which the server knows."""
    if device.type != "cuda":
        return DeviceStats(device.type, device.type, None, 0, 0, 0, 0)
    free, total = torch.cuda.mem_get_info(device)
    reserved = torch.cuda.memory_reserved(device)
    unused = reserved - torch.cuda.memory_allocated(device)
    name = f"{device} {torch.cuda.get_device_name(device)}"
    return DeviceStats(name, "cuda", device.index or 0, total, free + unused, reserved, unused)


def _is_lack_of_memory(error: BaseException) -> bool:
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or CPU_ALLOCATOR in str(error)
