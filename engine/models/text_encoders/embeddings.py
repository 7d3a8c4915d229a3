"""Which vectors does `embedding:name` stand for? Textual inversion, arXiv:2208.01618."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from engine.errors import BadFile, BadReference
from engine.models.weights import open_weights

FindEmbedding = Callable[[str], Path]  # a file name in the folder of embeddings -> its path; else raises BadReference
SUFFIXES = ("", ".safetensors", ".pt", ".bin")
KNOWN_NAMES = ("string_to_param.*", "emb_params", "*")
SHOWN_CHARACTERS = 80


@dataclass(eq=False)
class Embeddings:
    """Reads the embeddings of one prompt for one text encoder, and notes what cannot be read.

    A prompt without one of its embeddings is still a prompt: what is wrong is told, and the words are left out.

    Attributes:
        find: where the files are; None: nowhere.
        encoder: the text encoder's name, by which files of several encoders call its vectors.
        width: of the text encoder's vectors.
        problems: sentences for the user.
    """

    find: FindEmbedding | None
    encoder: str
    width: int
    problems: list[str] = field(default_factory=list)

    def read(self, name: str) -> Tensor:
        """The vectors (n, width) of an embedding, float32; none at all where it is missing or does not fit.

        Args:
            name: of the file, with or without its suffix.
        """
        try:
            vectors = _vectors(self._path(name), self.encoder)
        except (BadReference, BadFile) as error:
            self.problems.append(str(error))
            return torch.empty(0, self.width)
        if vectors.shape[-1] == self.width:
            return vectors.float()
        self.problems.append(
            f"embedding:{name[:SHOWN_CHARACTERS]} has vectors of width {vectors.shape[-1]}; this model's text encoder "
            f"({self.encoder}) takes {self.width}. It was made for another kind of model, and is left out."
        )
        return torch.empty(0, self.width)

    def _path(self, name: str) -> Path:
        for suffix in SUFFIXES if self.find is not None else ():
            try:
                return self.find(name + suffix)  # type: ignore[misc]  # the loop is empty where it is None
            except BadReference:
                continue
        raise BadReference(
            f"The prompt asks for embedding:{name[:SHOWN_CHARACTERS]}, but there is no such file, with or without "
            f"{', '.join(SUFFIXES[1:])}, among the embeddings. It is left out; put it there."
        )


def _vectors(path: Path, encoder: str) -> Tensor:
    file = open_weights(path)
    named = next((file[name] for name in (encoder, *KNOWN_NAMES) if name in file), None)
    found = named if named is not None else next(iter(file.values()))
    if found.ndim not in (1, 2) or not found.is_floating_point():
        raise BadFile(f"{path.name} is no embedding: it holds {found.dtype} of shape {list(found.shape)}.")
    return torch.atleast_2d(found.detach())
