"""How do the packs of a worker become node types beside the native ones?"""

from collections.abc import Callable, Collection, Mapping
from types import ModuleType

from engine.files.places import Places
from engine.graph.definition import NodeDefinition
from engine.graph.registry import Registry
from engine.options import ComputeOptions
from engine.packs.discovery import Pack, find_packs, load_packs
from engine.packs.surroundings import install_shims


def bring_packs(
    places: Places,
    compute: ComputeOptions,
    registry: Registry,
    native: ModuleType,
    only: Collection[str] | None = None,
    *,
    left_out: Mapping[str, str] | None = None,
    importing: Callable[[str], None] = lambda pack: None,
) -> list[Pack]:
    """Load the packs in the folders of `places`, and add their node types to a registry.

    Args:
        native: the package of the native nodes, which packs import as `nodes`.
        only: the names of those that may load; all if None.
        left_out: name -> why a pack is not imported (it ended an earlier process, say).
        importing: told of each pack before it is imported.
    """
    paths = find_packs(places.custom_nodes, only)
    if not paths:
        return []
    install_shims(places, compute, registry, native)
    known = _types(registry)

    def loaded(pack: Pack) -> None:
        for definition in pack.definitions:
            registry.add(definition)
        native.__dict__["NODE_CLASS_MAPPINGS"].update(pack.classes or {})
        if pack.web is not None:
            native.__dict__["EXTENSION_WEB_DIRS"][pack.name] = str(pack.web)

    return load_packs(paths, known, loaded, left_out=left_out or {}, importing=importing)


def definitions_of(packs: Collection[Pack]) -> tuple[NodeDefinition, ...]:
    """Give what packs brought, in the order in which they were loaded."""
    return tuple(definition for pack in packs for definition in pack.definitions)


def _types(registry: Registry) -> frozenset[str]:
    specs = [spec for definition in registry.values() for spec in (*definition.inputs, *definition.outputs)]
    return frozenset(spec.type for spec in specs)
