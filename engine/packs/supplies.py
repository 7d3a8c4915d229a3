"""What did the packs of a worker bring beside node types, as the server is to know it now?"""

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from engine.errors import EngineError
from engine.execution.outcome import RunRequest
from engine.files.places import Places
from engine.graph.definition import NodeDefinition
from engine.graph.widgets import ChoiceWidget
from engine.jobs.pack_reports import BroughtByPacks, PackSite, Said
from engine.packs.current import note_run
from engine.packs.discovery import Pack
from engine.packs.node_classes import read_class

log = logging.getLogger(__name__)


@dataclass
class Supplies:
    """What packs brought; asked again and again, since they may add folders and choices at any time."""

    packs: Sequence[Pack]
    native: ModuleType
    places: Places
    known_types: frozenset[str]
    _site: PackSite | None = field(default=None, repr=False)

    @property
    def definitions(self) -> tuple[NodeDefinition, ...]:
        """The packs' node types, in the order in which they were loaded."""
        return tuple(definition for pack in self.packs for definition in pack.definitions)

    def open(self) -> None:
        """Begin to answer the packs' HTTP routes, if there are any; a server that cannot be opened is logged."""
        server = sys.modules.get("server")
        if server is None or not hasattr(server, "PromptServer"):
            return
        from engine.packs.site import open_site

        try:
            self._site = open_site(server.PromptServer.instance)
        except OSError:
            log.exception("The HTTP routes of packs cannot be answered")

    def brought(self) -> BroughtByPacks:
        """Say what there is now, and search the model folders that packs added, from now on."""
        roots, suffixes = _model_folders(self.places)
        self.places.add_model_folders(roots, suffixes)
        return BroughtByPacks(
            tuple(pack.report() for pack in self.packs), _web(self.native), roots, suffixes, self._site
        )

    def read_again(self) -> tuple[NodeDefinition, ...]:
        """Ask node classes with choices again for them: files come and go. One that fails stays as it was."""
        return tuple(
            _read_again(pack, definition, self.known_types) for pack in self.packs for definition in pack.definitions
        )

    def pass_on(self, say: Callable[[Said], None]) -> None:
        """Have what packs say outside of nodes sent on by `say`."""
        self._tell_server("say", say)

    def begins(self, request: RunRequest) -> None:
        """Note whose job runs now, for packs that ask."""
        note_run(request)
        self._tell_server("client_id", request.client or None)
        self._tell_server("last_prompt_id", request.job)

    def _tell_server(self, name: str, value: Any) -> None:
        server = sys.modules.get("server")
        if server is not None and hasattr(server, "PromptServer"):
            setattr(server.PromptServer.instance, name, value)


def _web(native: ModuleType) -> Mapping[str, Path]:
    folders = dict(native.__dict__.get("EXTENSION_WEB_DIRS", {}))
    return {str(name): Path(folder) for name, folder in folders.items() if Path(folder).is_dir()}


def _model_folders(places: Places) -> tuple[dict[str, tuple[Path, ...]], dict[str, tuple[str, ...]]]:
    """Give the model folders that packs added or changed, with the suffixes of their files."""
    shim = sys.modules.get("folder_paths")
    changed = shim.changed_folders() if shim is not None and hasattr(shim, "changed_folders") else {}
    roots = {name: tuple(Path(path).absolute() for path in paths) for name, (paths, _) in changed.items()}
    return roots, {name: tuple(sorted(suffixes)) for name, (_, suffixes) in changed.items()}


def _read_again(pack: Pack, known: NodeDefinition, known_types: frozenset[str]) -> NodeDefinition:
    cls = (pack.classes or {}).get(known.type)
    has_lists = any(isinstance(spec.widget, ChoiceWidget) and not callable(spec.widget.values) for spec in known.inputs)
    if cls is None or not has_lists or not hasattr(cls, "RETURN_TYPES"):
        return known
    try:
        return read_class(
            known.type, cls, display_name=known.display_name, module=known.module, known_types=known_types
        )
    except EngineError as error:
        log.warning("%s; its choices stay as they were.", error)
        return known
