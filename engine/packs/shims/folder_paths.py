"""`folder_paths`: where models, inputs and outputs lie, as packs ask for it.

`folder_names_and_paths` is what every function here reads, and packs write to it directly; the server is told of
folders that they add.
"""

import logging
import os
from collections.abc import Iterable
from pathlib import Path

from engine.errors import BadReference
from engine.files.names import expand_prefix
from engine.files.places import OLD_FOLDER_NAMES, WEIGHT_SUFFIXES, inside, walk
from engine.files.references import parse_annotated, resolve
from engine.packs.absent import complete
from engine.packs.class_inputs import FolderListing
from engine.packs.surroundings import present_places, surroundings

log = logging.getLogger("engine.packs")
_places = surroundings().places
supported_pt_extensions: set[str] = set(WEIGHT_SUFFIXES)
base_path = str(_places.output.parent)
models_dir = str(_places.model_roots["checkpoints"][0].parent)
output_directory = str(_places.output)
temp_directory = str(_places.temp)
input_directory = str(_places.input)
user_directory = str(_places.user)

OF_OTHER_FILES = ("custom_nodes", "configs", "diffusers")  # folders whose entries are not single files of weights
folder_names_and_paths: dict[str, tuple[list[str], set[str]]] = {
    name: ([str(root) for root in roots], set() if name in OF_OTHER_FILES else set(_places.suffixes_of(name)))
    for name, roots in _places.model_roots.items()
}
folder_names_and_paths["custom_nodes"] = ([str(root) for root in _places.custom_nodes], set())
_known = {name: (list(paths), set(suffixes)) for name, (paths, suffixes) in folder_names_and_paths.items()}


def changed_folders() -> dict[str, tuple[list[str], set[str]]]:
    """Give the model folders that packs added or changed, as they are now; for Weft itself."""
    changed = {}
    for name, entry in list(folder_names_and_paths.items()):
        try:
            paths, suffixes = entry
            now = ([str(path) for path in paths], {str(suffix).lower() for suffix in suffixes})
        except (TypeError, ValueError):
            log.warning("A pack wrote %r as the folders of %r; expected (paths, suffixes).", entry, name)
            continue
        if name not in OF_OTHER_FILES and now != _known.get(name):
            changed[str(name)] = now
    return changed


def map_legacy(folder_name: str) -> str:
    """Give the present name of a model folder."""
    return OLD_FOLDER_NAMES.get(folder_name, folder_name)


def add_model_folder_path(folder_name: str, full_folder_path: str, is_default: bool = False) -> None:
    """Search a further folder for models of a kind, before all others if it is the default."""
    paths, _ = folder_names_and_paths.setdefault(map_legacy(folder_name), ([], set()))
    if full_folder_path in paths:
        paths.remove(full_folder_path)
    paths.insert(0 if is_default else len(paths), full_folder_path)


def get_folder_paths(folder_name: str) -> list[str]:
    """Give the folders that are searched for models of a kind."""
    return list(_folder(folder_name)[0])


def get_filename_list(folder_name: str) -> list[str]:
    """List the files of a kind, relative to their folders, sorted."""
    folder_name = map_legacy(folder_name)
    paths, suffixes = _folder(folder_name)
    names = {
        path.relative_to(root).as_posix()
        for root in map(Path, paths)
        for path in walk(root, links_may_leave=True)
        if not suffixes or path.suffix.lower() in suffixes
    }
    listed = sorted(names, key=str.lower)
    return listed if folder_name in OF_OTHER_FILES else FolderListing(listed, folder_name)


def get_full_path(folder_name: str, filename: str) -> str | None:
    """Find a file of a kind; None if there is none, or the name leads outside its folder."""
    for root in _folder(folder_name)[0]:
        try:
            path = inside(Path(root), filename, links_may_leave=True)
        except BadReference:
            continue
        if path.is_file():
            return str(path)
    return None


def get_full_path_or_raise(folder_name: str, filename: str) -> str:
    """Find a file of a kind. Raises FileNotFoundError."""
    path = get_full_path(folder_name, filename)
    if path is None:
        raise FileNotFoundError(f"No file {filename!r} in the folder {folder_name!r}: {_folder(folder_name)[0]}.")
    return path


def _folder_of(name: str, everybodys: str) -> str:
    """Give a folder of the account for which a node runs; else the one of all, which packs may have set anew."""
    places = present_places()
    return str(getattr(places, name)) if places.owner else everybodys


def get_output_directory() -> str:
    return _folder_of("output", output_directory)


def get_temp_directory() -> str:
    return _folder_of("temp", temp_directory)


def get_input_directory() -> str:
    return _folder_of("input", input_directory)


def get_user_directory() -> str:
    return _folder_of("user", user_directory)


def get_directory_by_type(type_name: str) -> str | None:
    """Give the folder of "output", "input" or "temp"."""
    known = {"output": get_output_directory, "temp": get_temp_directory, "input": get_input_directory}
    return known[type_name]() if type_name in known else None


def annotated_filepath(name: str) -> tuple[str, str | None]:
    """Split "picture.png [output]" into the name and the folder that it says, if it says one."""
    for kind in ("output", "input", "temp"):
        if name.endswith(f"[{kind}]"):
            return name[: -len(kind) - 2].rstrip(), get_directory_by_type(kind)
    return name, None


def get_annotated_filepath(name: str, default_dir: str | None = None) -> str:
    """Give the path of "picture.png [output]"; without a note, in `default_dir` or the input folder.

    Raises:
        BadReference: the name leads outside the folder.
    """
    plain, folder = annotated_filepath(name)
    if folder is None and default_dir is not None:
        return str(inside(Path(default_dir), plain))
    return str(resolve(present_places(), parse_annotated(name)))


def exists_annotated_filepath(name: str) -> bool:
    try:
        return Path(get_annotated_filepath(name)).exists()
    except BadReference:
        return False


def filter_files_extensions(files: Iterable[str], extensions: Iterable[str]) -> list[str]:
    """Keep the names with one of these suffixes; all of them if there are none. Sorted."""
    wanted = set(extensions)
    return sorted(name for name in files if not wanted or os.path.splitext(name)[1].lower() in wanted)  # noqa: PTH122


def filter_files_content_types(files: Iterable[str], content_types: Iterable[str]) -> list[str]:
    """Keep the names whose suffix says one of these kinds ("image", "video", "audio")."""
    import mimetypes

    wanted = set(content_types)
    return [name for name in files if (mimetypes.guess_type(name)[0] or "").split("/")[0] in wanted]


def get_save_image_path(
    filename_prefix: str, output_dir: str, image_width: int = 0, image_height: int = 0
) -> tuple[str, str, int, str, str]:
    """Say where to save: (folder, file name, next free counter, subfolder, prefix).

    Raises:
        BadReference: the prefix leads outside `output_dir`.
    """
    from datetime import datetime

    values = {"width": image_width, "height": image_height}
    prefix = expand_prefix(filename_prefix, values, datetime.now()).replace("\\", "/")
    subfolder, _, filename = prefix.rpartition("/")
    root = Path(output_dir)
    folder = inside(root, subfolder) if subfolder else root
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder), filename, _next_counter(folder, filename), subfolder, filename_prefix


def _next_counter(folder: Path, stem: str) -> int:
    """Give one more than the highest number in the names "{stem}_00001_.png" of a folder."""
    numbers = [0]
    for path in folder.iterdir():
        rest = path.name[len(stem) + 1 :] if path.name.startswith(f"{stem}_") else ""
        digits = rest.split("_")[0].split(".")[0]
        if digits.isdecimal():
            numbers.append(int(digits))
    return max(numbers) + 1


def _folder(name: str) -> tuple[list[str], set[str]]:
    name = map_legacy(name)
    if name not in folder_names_and_paths:
        raise KeyError(f"There is no model folder {name!r}. Known: {', '.join(sorted(folder_names_and_paths))}.")
    return folder_names_and_paths[name]


complete(__name__)
