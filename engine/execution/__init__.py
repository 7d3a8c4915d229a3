"""How a graph is run: result keys, the cache, the plan, one node's evaluation, and the executor's loop.

A facade: names come from the submodules when first used. Everything here is standard library only.
"""

from engine import lazy

__getattr__, __dir__, __all__ = lazy.facade(
    __name__,
    {
        "Event": "events",
        "Executor": "executor",
        "LocalExecutor": "local",
        "NodeContext": "context",
        "NodeError": "outcome",
        "NodeLifecycle": "lifecycle",
        "Outcome": "outcome",
        "PreviewImage": "events",
        "Resources": "context",
        "ResultCache": "cache",
        "RunRequest": "outcome",
    },
)
