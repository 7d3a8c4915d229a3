"""Which further model folders does an `extra_model_paths.yaml` name?

any_name:
    base_path: /data/models          # relative paths count from the file's folder
    is_default: true                 # search these folders first
    checkpoints: checkpoints
    loras: |
        loras
        more/loras
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.errors import BadOption
from engine.files.places import OLD_FOLDER_NAMES, Places

NOT_FOLDERS = frozenset({"base_path", "is_default"})


@dataclass(frozen=True)
class ExtraRoot:
    """One further folder for a kind of model; `first`: searched before the usual ones."""

    kind: str
    path: Path
    first: bool


def with_extra_roots(places: Places, files: Sequence[Path]) -> Places:
    """Add the folders that YAML files name.

    Raises:
        BadOption: a file is not YAML of the form above, or PyYAML is not installed.
    """
    roots: dict[str, tuple[Path, ...]] = dict(places.model_roots)
    packs = list(places.custom_nodes)
    for extra in (extra for file in files for extra in read_extra_roots(file)):
        if extra.kind == "custom_nodes":
            packs.append(extra.path)
            continue
        known = roots.get(extra.kind, ())
        if extra.path not in known:
            roots[extra.kind] = (extra.path, *known) if extra.first else (*known, extra.path)
    return replace(places, model_roots=roots, custom_nodes=tuple(packs))


def read_extra_roots(file: Path) -> list[ExtraRoot]:
    """Read one file."""
    return [root for section in _sections(file).values() if section for root in _section(file, section)]


def _sections(file: Path) -> Mapping[str, Any]:
    try:
        import yaml
    except ImportError as error:
        raise BadOption(f"{file} names model folders, but PyYAML is not installed: pip install PyYAML.") from error
    try:
        text = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadOption(f"{file} cannot be read as YAML: {error}. Correct it, or remove it.") from error
    sections = {} if text is None else text
    if not isinstance(sections, dict) or not all(isinstance(part, dict) or not part for part in sections.values()):
        raise BadOption(f"{file} must hold sections of `kind: folder` lines, each under a name of its own.")
    return sections


def _section(file: Path, section: Mapping[str, Any]) -> list[ExtraRoot]:
    base = _join(file.parent.resolve(), str(section.get("base_path") or ""))
    first = bool(section.get("is_default"))
    found = []
    for kind, lines in section.items():
        if kind in NOT_FOLDERS or not lines:
            continue
        if not isinstance(lines, str):
            raise BadOption(f"{file}: {kind!r} must be a folder, or several lines of folders, not {lines!r}.")
        folders = [_join(base, line.strip()) for line in lines.splitlines() if line.strip()]
        found += [ExtraRoot(OLD_FOLDER_NAMES.get(kind, kind), folder, first) for folder in folders]
    return found


def _join(base: Path, text: str) -> Path:
    return Path(os.path.normpath(base / Path(os.path.expandvars(text)).expanduser()))
