"""Why did a pack not load, and what can its user do about it?"""

import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from engine.errors import EngineError
from engine.jobs.pack_reports import PackTrouble

# The modules that a pack expects of its host, not of pip.
HOST_MODULES = frozenset(
    {"comfy", "comfy_api", "comfy_api_nodes", "comfy_config", "comfy_execution", "comfy_extras", "cuda_malloc",
     "execution", "folder_paths", "latent_preview", "node_helpers", "nodes", "server", "app", "api_server", "protocol",
     "utils"}
)  # fmt: skip
# What to install for a module whose package has another name.
INSTALLED_AS = {
    "cv2": "opencv-python-headless", "git": "GitPython", "google": "protobuf", "imageio_ffmpeg": "imageio-ffmpeg",
    "mediapipe": "mediapipe", "onnxruntime": "onnxruntime", "PIL": "Pillow", "pkg_resources": "setuptools",
    "rembg": "rembg", "skimage": "scikit-image", "sklearn": "scikit-learn", "yaml": "PyYAML",
}  # fmt: skip
NOT_OFFERED = "The other packs load without it; docs/packs.md lists what Weft offers to packs."


def trouble_of(error: BaseException, pack: Path) -> PackTrouble:
    """Explain why a pack could not be imported, or one of its nodes not be read.

    Args:
        pack: its folder or file.
    """
    shown = "".join(traceback.format_exception(type(error), error, _from_pack(error, pack)))
    if isinstance(error, ImportError) and error.name:
        return _import_trouble(error, error.name, pack, shown)
    if isinstance(error, SyntaxError):
        place = f"{error.filename}, line {error.lineno}"
        advice = f"The file is damaged, or written for another Python than this one ({sys.version.split()[0]})."
        return PackTrouble(f"It is not Python that can be read here: {error.msg} ({place})", advice, shown)
    if isinstance(error, SystemExit):
        return PackTrouble(f"It ended the program by sys.exit({error.code!r}) instead of loading.", "", shown)
    if isinstance(error, EngineError):
        return PackTrouble(str(error), "", shown)
    return PackTrouble(f"{type(error).__name__}: {error}", "", shown)


def _import_trouble(error: ImportError, module: str, pack: Path, shown: str) -> PackTrouble:
    top = module.split(".")[0]
    if top in HOST_MODULES or top == "custom_nodes":
        return PackTrouble(f"It needs something that is not here: {error.msg}", NOT_OFFERED, shown)
    if not isinstance(error, ModuleNotFoundError):
        return PackTrouble(
            f"The package {top!r} is installed, but does not fit: {error.msg}", _install(top, pack, upgrade=True), shown
        )
    return PackTrouble(f"It needs the Python package {top!r}, which is not installed.", _install(top, pack), shown)


def _install(top: str, pack: Path, *, upgrade: bool = False) -> str:
    """Say what to install, and into which Python; a pack's own list knows the versions."""
    wanted = pack / "requirements.txt" if pack.is_dir() else pack.with_name("requirements.txt")
    what = f'-r "{wanted}"' if pack.is_dir() and wanted.is_file() else INSTALLED_AS.get(top, top)
    flag = "--upgrade " if upgrade else ""
    return f'Install it into Weft\'s own Python, then start Weft again: "{sys.executable}" -m pip install {flag}{what}'


def _from_pack(error: BaseException, pack: Path) -> TracebackType | None:
    """Leave out the frames before the pack's own code, if any of it ran."""
    frames = list(_frames(error))
    inside = [frame for frame in frames if Path(frame.tb_frame.f_code.co_filename).is_relative_to(pack)]
    return inside[0] if inside else error.__traceback__


def _frames(error: BaseException) -> Iterator[TracebackType]:
    frame = error.__traceback__
    while frame is not None:
        yield frame
        frame = frame.tb_next
