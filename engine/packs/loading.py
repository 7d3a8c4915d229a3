"""How do the packs of a worker become node types beside the native ones?"""

import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import ModuleType

from engine.files.places import Places
from engine.graph.registry import Registry
from engine.jobs.pack_reports import PackTrouble
from engine.options import ComputeOptions
from engine.packs.discovery import Pack, find_packs, load_packs
from engine.packs.supplies import Supplies
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
) -> Supplies:
    """Load the packs in the folders of `places`, and add their node types to a registry.

    Args:
        native: the package of the native nodes, which packs import as `nodes`.
        only: the names of those that may load; all if None.
        left_out: name -> why a pack is not imported (it ended an earlier process, say).
        importing: told of each pack before it is imported.
    """
    paths = find_packs(places.custom_nodes, only)
    known = _types(registry)
    if not paths:
        return Supplies((), native, places, known)
    install_shims(places, compute, registry, native)

    def loaded(pack: Pack) -> Pack:
        for definition in pack.definitions:
            registry.add(definition)
        native.__dict__["NODE_CLASS_MAPPINGS"].update(pack.classes or {})
        if pack.web is not None:
            native.__dict__["EXTENSION_WEB_DIRS"][pack.name] = str(pack.web)
        return _with_routes(pack)

    packs = load_packs(paths, known, loaded, left_out=left_out or {}, importing=importing)
    made = Supplies(packs, native, places, known)
    made.brought()
    return made


def _with_routes(pack: Pack) -> Pack:
    """Take over the HTTP routes that a pack added while it was imported; those of one that failed are left out."""
    server = sys.modules.get("server")
    if server is None or not hasattr(server, "PromptServer"):
        return pack
    failed = bool(pack.errors) and pack.classes is None
    problems = server.PromptServer.instance.join_routes(leave_out=failed)
    return replace(pack, errors=(*pack.errors, *map(PackTrouble, problems)))


def _types(registry: Registry) -> frozenset[str]:
    specs = [spec for definition in registry.values() for spec in (*definition.inputs, *definition.outputs)]
    return frozenset(spec.type for spec in specs)
