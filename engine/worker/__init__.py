"""Who runs graphs for the server: a supervised process, or a thread of this process.

A facade: names come from the submodules when first used. The server's side imports no torch.
"""

from engine import lazy

__getattr__, __dir__, __all__ = lazy.facade(
    __name__,
    {
        "InProcessWorker": "in_process",
        "ProcessWorker": "process",
        "WorkerSetup": "setup",
    },
)
