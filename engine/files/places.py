"""Where do models, inputs, outputs, temporary and user files lie?"""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from engine.errors import BadReference

Area = Literal["input", "output", "temp"]

# folder name -> the folders below `models/` that are searched for it, the first one being the main one
MODEL_FOLDERS: Mapping[str, tuple[str, ...]] = {
    "checkpoints": ("checkpoints",),
    "loras": ("loras",),
    "vae": ("vae",),
    "vae_approx": ("vae_approx",),
    "text_encoders": ("text_encoders", "clip"),
    "diffusion_models": ("diffusion_models", "unet"),
    "clip_vision": ("clip_vision",),
    "style_models": ("style_models",),
    "embeddings": ("embeddings",),
    "diffusers": ("diffusers",),
    "controlnet": ("controlnet", "t2i_adapter"),
    "gligen": ("gligen",),
    "upscale_models": ("upscale_models",),
    "hypernetworks": ("hypernetworks",),
    "photomaker": ("photomaker",),
    "classifiers": ("classifiers",),
    "model_patches": ("model_patches",),
    "audio_encoders": ("audio_encoders",),
    "configs": ("configs",),
}
ACCOUNTS = "accounts"  # the folder, in the user folder, of what belongs to accounts
WEIGHT_SUFFIXES = frozenset({".safetensors", ".sft", ".ckpt", ".pt", ".pt2", ".bin", ".pth", ".pkl"})
OLD_FOLDER_NAMES: Mapping[str, str] = {"clip": "text_encoders", "unet": "diffusion_models", "t2i_adapter": "controlnet"}


@dataclass(frozen=True)
class Places:
    """Every folder that a run may touch.

    Attributes:
        model_roots: folder name (such as "loras") -> folders searched in this order.
        model_suffixes: folder name -> the suffixes of its files, where they are not the usual ones; empty for all.
        custom_nodes: folders that hold packs.
        owner: the account whose input, output, temp and user folders these are; empty on a server of a single user.
    """

    input: Path
    output: Path
    temp: Path
    user: Path
    model_roots: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    custom_nodes: tuple[Path, ...] = ()
    model_suffixes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    owner: str = ""

    @classmethod
    def under(cls, base: Path, extra_roots: Mapping[str, tuple[Path, ...]] | None = None) -> "Places":
        """Give the usual layout below `base`, with further model folders behind the usual ones."""
        models = base / "models"
        extra = extra_roots or {}
        names = {**MODEL_FOLDERS, **{name: (name,) for name in extra if name not in MODEL_FOLDERS}}
        roots = {
            name: tuple(models / folder for folder in folders) + tuple(extra.get(name, ()))
            for name, folders in names.items()
        }
        return cls(
            input=base / "input",
            output=base / "output",
            temp=base / "temp",
            user=base / "user",
            model_roots=roots,
            custom_nodes=(base / "custom_nodes",),
        )

    def of_owner(self, owner: str) -> "Places":
        """Give an account's own folders: those of the same name below input, output and temp. Models are everybody's.

        Args:
            owner: an account's id, which is known to be a plain folder name; empty gives these places themselves.
        """
        if not owner:
            return self
        return replace(
            self,
            input=self.input / owner,
            output=self.output / owner,
            temp=self.temp / owner,
            user=self.user / ACCOUNTS / owner,
            owner=owner,
        )

    def area(self, name: str) -> Path:
        """Give the folder of an area: "input", "output" or "temp"."""
        folders = {"input": self.input, "output": self.output, "temp": self.temp}
        if name not in folders:
            raise BadReference(f"There is no area {name!r}: use one of input, output, temp.")
        return folders[name]

    def make(self) -> None:
        """Create the folders that are written to."""
        for folder in (self.input, self.output, self.temp, self.user):
            folder.mkdir(parents=True, exist_ok=True)

    def model_folder(self, name: str) -> tuple[Path, ...]:
        """Give the folders searched for models of the kind `name`, by its present or its old name."""
        name = OLD_FOLDER_NAMES.get(name, name)
        if name not in self.model_roots:
            raise BadReference(f"There is no model folder {name!r}. Known: {', '.join(sorted(self.model_roots))}.")
        return self.model_roots[name]

    def add_model_folders(
        self, roots: Mapping[str, Sequence[Path]], suffixes: Mapping[str, Collection[str]] | None = None
    ) -> None:
        """Search other folders for some kinds of models from now on, as packs that were loaded want it.

        The one change that places ever see: everybody who holds these sees it at once.
        """
        changed = {name: tuple(folders) for name, folders in roots.items()}
        object.__setattr__(self, "model_roots", {**self.model_roots, **changed})
        kept = {name: frozenset(found) for name, found in (suffixes or {}).items()}
        object.__setattr__(self, "model_suffixes", {**self.model_suffixes, **kept})

    def suffixes_of(self, folder: str) -> frozenset[str]:
        """Give the suffixes of the files of a kind; empty if every file counts."""
        return self.model_suffixes.get(OLD_FOLDER_NAMES.get(folder, folder), WEIGHT_SUFFIXES)

    def model_names(self, folder: str) -> list[str]:
        """List the files of a kind, relative to their root, with forward slashes, sorted."""
        suffixes = self.suffixes_of(folder)
        names = {
            path.relative_to(root).as_posix()
            for root in self.model_folder(folder)
            for path in walk(root, links_may_leave=True)
            if not suffixes or path.suffix.lower() in suffixes
        }
        return sorted(names, key=str.lower)

    def model_path(self, folder: str, name: str) -> Path:
        """Find a model file by the name that `model_names` lists.

        Raises:
            BadReference: no root holds a file of this name, or the name leads outside its root.
        """
        roots = self.model_folder(folder)
        for root in roots:
            path = inside(root, name, links_may_leave=True)
            if path.is_file():
                return path
        raise BadReference(
            f"No file {name!r} in the model folder {folder!r} (searched {', '.join(str(root) for root in roots)}). "
            "Put the file there, or choose another one in the node."
        )


def inside(root: Path, name: str, *, links_may_leave: bool = False) -> Path:
    """Join a user's text to a folder, and refuse it unless the result, symbolic links resolved, lies inside.

    Args:
        links_may_leave: follow links that lie in the folder to wherever they lead. For model folders, into which no
            client can write: people link their weights there from other disks.

    Raises:
        BadReference: the text is empty or absolute, holds NUL, a drive, a stream or a step up, or a link leads outside.
    """
    parts = name.replace("\\", "/").split("/")
    if any("\ud800" <= character <= "\udfff" for character in name):
        raise BadReference(f"{name[:80]!a} holds a character that no file name can hold.")
    odd = not name or "\0" in name or ":" in name or name[0] in "/\\~" or ".." in parts
    trailing = any(part != part.rstrip(". ") for part in parts if part != ".")
    if odd or trailing or len(name) > 1024 or any(len(part.encode()) > 255 for part in parts):
        raise BadReference(
            f"{name[:80]!r} is not a name inside its folder. Use a relative name such as 'sub/file.png'."
        )
    joined = root / name.replace("\\", "/")
    if links_may_leave:
        return joined
    try:
        path, top = joined.resolve(), root.resolve()
    except (OSError, ValueError) as error:
        raise BadReference(f"{name[:80]!r} cannot be used as a file name here: {error}.") from error
    if path != top and top not in path.parents:
        raise BadReference(f"{name[:80]!r} leads outside its folder, by a link. Move the file itself into the folder.")
    return path


def walk(root: Path, *, links_may_leave: bool = False) -> Iterator[Path]:
    """Yield every file below a folder, links followed once, hidden folders left out; nothing if it is absent.

    Args:
        links_may_leave: also what links outside of the folder lead to; else what `inside` would refuse is left out.
    """
    top, seen = os.path.realpath(root), set[str]()
    for folder, folders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen or not (links_may_leave or _lies_in(real, top)):
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = (Path(folder) / name for name in sorted(files))
        yield from (path for path in paths if links_may_leave or not path.is_symlink() or _lies_in(path, top))


def _lies_in(path: str | Path, top: str) -> bool:
    real = os.path.realpath(path)
    return real == top or real.startswith(os.path.join(top, ""))  # noqa: PTH118 - with its slash at the end
