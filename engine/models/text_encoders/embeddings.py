"""Which vectors does `embedding:name` stand for? Textual inversion, arXiv:2208.01618."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from engine.errors import BadFile, BadReference
from engine.models.weights import open_weights

FindEmbedding = Callable[[str], Path]  # a file name in the folder of embeddings -> its path; else raises BadReference
SUFFIXES = ("", ".safetensors", ".pt", ".bin")
KNOWN_NAMES = ("emb_params", "clip_l", "*")


def read_embedding(name: str, find: FindEmbedding, width: int) -> Tensor:
    """The vectors (n, width) of an embedding, float32.

    Args:
        name: of the file, with or without its suffix.

    Raises:
        BadReference: there is no such file.
        BadFile: it holds no vectors of this width.
    """
    path = _find(name, find)
    vectors = _vectors(path)
    if vectors.shape[-1] != width:
        raise BadFile(
            f"The embedding {name!r} has vectors of width {vectors.shape[-1]}; this text encoder takes {width}. "
            "It was made for another kind of model."
        )
    return vectors.float()


def _find(name: str, find: FindEmbedding) -> Path:
    for suffix in SUFFIXES:
        try:
            return find(name + suffix)
        except BadReference as error:
            reason = error
    raise BadReference(
        f"The prompt asks for embedding:{name[:80]}, but there is no such file, with or without "
        f"{', '.join(SUFFIXES[1:])}, among the embeddings. Put it there, or take it out of the prompt."
    ) from reason


def _vectors(path: Path) -> Tensor:
    file = open_weights(path)
    named = next((file[name] for name in KNOWN_NAMES if name in file), None)
    found = named if named is not None else next(iter(file.values()))
    if found.ndim not in (1, 2) or not found.is_floating_point():
        raise BadFile(f"{path.name} is no embedding: it holds {found.dtype} of shape {list(found.shape)}.")
    return torch.atleast_2d(found)
