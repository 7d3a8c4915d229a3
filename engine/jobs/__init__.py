"""When and where a graph is run: jobs, their queue and history, and the workers they are given to.

A facade: names come from the submodules when first used. Everything here is standard library only.
"""

from engine import lazy

__getattr__, __dir__, __all__ = lazy.facade(
    __name__,
    {
        "AlreadyQueued": "queue",
        "Dispatcher": "dispatch",
        "EventBus": "bus",
        "History": "history",
        "HistoryItem": "history",
        "Job": "job",
        "JobHappened": "bus",
        "JobLeft": "bus",
        "JobQueue": "queue",
        "JobStore": "store",
        "QueueChanged": "bus",
        "QueueFull": "queue",
        "Worker": "worker",
        "WorkerDescription": "worker",
    },
)
