"""What do packs find when they look around them: folders, the node classes, the modules they import?"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from engine.errors import EngineError
from engine.files.places import Places
from engine.graph.registry import Registry
from engine.options import ComputeOptions
from engine.packs.absent import absent, install_finder, surface
from engine.packs.current import places_in_use
from engine.packs.native_classes import node_class_of

SHIMS = Path(__file__).parent / "shims"
LARGEST_SIDE = 16384  # pixels; the ecosystem's MAX_RESOLUTION


@dataclass(frozen=True)
class Surroundings:
    """What the modules in shims/ answer from."""

    places: Places
    compute: ComputeOptions


_surroundings: Surroundings | None = None


def surroundings() -> Surroundings:
    """Give what `install_shims` was told."""
    if _surroundings is None:
        raise EngineError("The packs' modules are not installed in this process: call install_shims first.")
    return _surroundings


def present_places() -> Places:
    """Give the folders of whom the code of a pack works for now; of nobody in particular, the folders of all."""
    return places_in_use() or surroundings().places


def install_shims(places: Places, compute: ComputeOptions, registry: Registry, native: ModuleType) -> None:
    """Make the ecosystem's modules importable, and the native nodes' classes part of the module `nodes`.

    Args:
        native: the package of the native nodes, which packs import as `nodes`.
    """
    global _surroundings  # the packs' interface is global by nature
    _surroundings = Surroundings(places, compute)
    if str(SHIMS) not in sys.path:
        sys.path.insert(0, str(SHIMS))
    install_finder()
    classes = {name: node_class_of(definition, places) for name, definition in registry.items()}
    missing = {name: absent("nodes", name) for name in surface()["nodes"] if not name.isupper()}
    offer(native, {**missing, **classes, "MAX_RESOLUTION": LARGEST_SIDE})
    native.__dict__["NODE_CLASS_MAPPINGS"] = classes
    native.__dict__["NODE_DISPLAY_NAME_MAPPINGS"] = {name: found.display_name for name, found in registry.items()}
    native.__dict__["EXTENSION_WEB_DIRS"] = {}


def offer(module: ModuleType, names: Mapping[str, Any]) -> None:
    """Add names to a module, except those that it has."""
    for name, value in names.items():
        if not hasattr(module, name):
            setattr(module, name, value)
