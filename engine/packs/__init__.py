"""What lets packs written for the ecosystem's class contract run here: loading them, and what they import.

A facade: names come from the submodules when first used. Everything runs in the worker; torch is imported
only when a pack asks for something that needs it.
"""

from engine import lazy

__getattr__, __dir__, __all__ = lazy.facade(
    __name__,
    {
        "ExecutionBlocker": "blocking",
        "bring_packs": "loading",
        "Pack": "discovery",
        "find_packs": "discovery",
        "install_shims": "surroundings",
        "load_packs": "discovery",
        "node_class_of": "native_classes",
        "read_class": "node_classes",
        "Supplies": "supplies",
    },
)
