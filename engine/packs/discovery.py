"""Which packs are there, and what does each bring?

A pack is a folder with an `__init__.py`, or a single `.py` file, in one of the folders of packs. One that fails to
import is reported with its traceback; the others load.
"""

import importlib.util
import logging
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from engine.errors import EngineError
from engine.graph.definition import NodeDefinition
from engine.jobs.pack_reports import PackReport, PackTrouble
from engine.packs.node_classes import read_class
from engine.packs.schema_extension import extension_classes
from engine.packs.troubles import trouble_of

log = logging.getLogger(__name__)
PACKAGE = "custom_nodes"


@dataclass(frozen=True)
class Pack:
    """A pack that was loaded, or failed to.

    Attributes:
        classes: node type -> class, for packs that use each other's.
        web: the folder of its files for the editor.
        errors: why it, or some of its nodes, did not load.
    """

    name: str
    path: Path
    definitions: tuple[NodeDefinition, ...] = ()
    classes: Mapping[str, type[Any]] | None = None
    web: Path | None = None
    seconds: float = 0.0
    errors: tuple[PackTrouble, ...] = ()

    def report(self) -> PackReport:
        """Say of it what the server is to know."""
        types = tuple(definition.type for definition in self.definitions)
        return PackReport(self.name, self.path, types, self.seconds, self.errors, self.classes is not None)


def find_packs(roots: Iterable[Path], only: Collection[str] | None = None) -> list[Path]:
    """List the packs in these folders, in order of their names.

    Args:
        only: the names of those that may load; all if None.
    """
    found: list[Path] = []
    for root in roots:
        entries = sorted(root.iterdir(), key=lambda path: path.name.lower()) if root.is_dir() else []
        found += [path for path in entries if _is_pack(path) and (only is None or _is_among(path, only))]
    return found


def load_packs(
    paths: Sequence[Path],
    known_types: Collection[str],
    loaded: Callable[[Pack], Pack] = lambda pack: pack,
    *,
    left_out: Mapping[str, str] | None = None,
    importing: Callable[[str], None] = lambda pack: None,
) -> list[Pack]:
    """Import packs, one after the other, and read the node classes of each.

    Args:
        known_types: the native nodes' types.
        loaded: told of each pack before the next one is imported; gives what is to be kept of it.
        left_out: name -> why a pack is not imported.
        importing: told of each pack's name before it is imported.
    """
    _make_package(paths)
    packs = []
    for path in paths:
        name = _name(path)
        why = (left_out or {}).get(name)
        if why is None:
            importing(name)
        pack = _load(path, known_types) if why is None else Pack(name, path, errors=(PackTrouble(f"It {why}"),))
        pack = loaded(pack)
        packs.append(pack)
        state = "failed" if pack.report().state == "failed" else f"{len(pack.definitions)} node types"
        log.info("%6.2f s  %s: %s", pack.seconds, pack.name, state)
        for error in pack.errors:
            log.error("The pack %s: %s", pack.name, "\n".join(filter(None, vars(error).values())))
    return packs


def _is_pack(path: Path) -> bool:
    name = path.name
    if name.startswith(".") or name.endswith(".disabled") or name == "__pycache__":
        return False
    return (path / "__init__.py").is_file() if path.is_dir() else path.suffix == ".py" and name != "__init__.py"


def _name(path: Path) -> str:
    return path.stem if path.is_file() else path.name


def _is_among(path: Path, names: Collection[str]) -> bool:
    return path.name in names or path.stem in names


def _make_package(paths: Sequence[Path]) -> None:
    """Let `import custom_nodes.other_pack` find what is in the folders of packs."""
    package = sys.modules.setdefault(PACKAGE, ModuleType(PACKAGE))
    package.__path__ = list(dict.fromkeys(str(path.parent) for path in paths))


def _load(path: Path, known_types: Collection[str]) -> Pack:
    began = time.perf_counter()
    pack = Pack(_name(path), path)
    try:
        module = _imported(path)
    except (Exception, SystemExit) as error:  # noqa: BLE001 (a pack may raise anything; it becomes a report)
        pack = replace(pack, errors=(trouble_of(error, path),))
    else:
        pack = _with_nodes(pack, module, known_types)
    return replace(pack, seconds=time.perf_counter() - began)


def _imported(path: Path) -> ModuleType:
    """Import a pack under a name of its own; what it left behind is removed if it fails."""
    is_folder = path.is_dir()
    name = f"{PACKAGE}.{(path.name if is_folder else path.stem).replace('.', '_')}"
    file = path / "__init__.py" if is_folder else path
    spec = importlib.util.spec_from_file_location(
        name, file, submodule_search_locations=[str(path)] if is_folder else None
    )
    if spec is None or spec.loader is None:
        raise EngineError(f"{file} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        for left in [loaded for loaded in sys.modules if loaded == name or loaded.startswith(f"{name}.")]:
            del sys.modules[left]
        raise
    return module


def _with_nodes(pack: Pack, module: ModuleType, known_types: Collection[str]) -> Pack:
    listed = getattr(module, "NODE_CLASS_MAPPINGS", None)
    entrypoint = getattr(module, "comfy_entrypoint", None)
    if listed is None and entrypoint is None:
        brings_scripts = getattr(module, "WEB_DIRECTORY", None) is not None
        trouble = PackTrouble("It has neither NODE_CLASS_MAPPINGS nor comfy_entrypoint, so that it brings no nodes.")
        return replace(pack, web=_web(pack, module), errors=() if brings_scripts else (trouble,))
    classes: dict[str, type[Any]] = {str(name): cls for name, cls in dict(listed or {}).items()}
    errors: list[PackTrouble] = []
    if entrypoint is not None:
        try:
            brought, faults = extension_classes(entrypoint)
            classes = {**brought, **classes}
        except Exception as error:  # noqa: BLE001 (a pack may raise anything; it becomes a report)
            faults = [error]
        errors += [trouble_of(fault, pack.path) for fault in faults]
    names = getattr(module, "NODE_DISPLAY_NAME_MAPPINGS", None) or {}
    definitions: list[NodeDefinition] = []
    for node_type, cls in classes.items():
        try:
            definitions.append(
                read_class(
                    node_type,
                    cls,
                    display_name=names.get(node_type),
                    module=f"{PACKAGE}.{pack.name}",
                    known_types=known_types,
                )
            )
        except EngineError as error:
            errors.append(trouble_of(error, pack.path))
    return replace(pack, definitions=tuple(definitions), classes=classes, web=_web(pack, module), errors=tuple(errors))


def _web(pack: Pack, module: ModuleType) -> Path | None:
    folder = getattr(module, "WEB_DIRECTORY", None)
    if not isinstance(folder, str):
        return None
    root = pack.path if pack.path.is_dir() else pack.path.parent
    found = (root / folder).resolve()
    if not found.is_dir():
        log.warning("The pack %s names WEB_DIRECTORY %r, which is not there.", pack.name, folder)
        return None
    if not found.is_relative_to(root.resolve()) or (pack.path.is_file() and found == root.resolve()):
        log.warning("The pack %s names WEB_DIRECTORY %r, which is not a folder of its own.", pack.name, folder)
        return None
    return found
