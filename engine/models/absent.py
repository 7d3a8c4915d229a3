"""What stands in the place of a part that a checkpoint does not have?"""

from __future__ import annotations

from typing import Any, NoReturn

from engine.errors import BadFile


class AbsentPart:
    """Says what is missing, and where to get it, as soon as anything is asked of it; passing it on asks nothing."""

    def __init__(self, file_name: str, part: str, loader: str) -> None:
        """part: such as "VAE"; loader: the node that loads one from a file of its own."""
        self._message = (
            f"{file_name} has no {part}. Load one that goes with it by the node {loader}, and connect that instead."
        )

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):  # what libraries ask of any object
            raise AttributeError(name)
        raise BadFile(self._message)

    def with_embeddings(self, _find: Any) -> AbsentPart:
        """Asked of text encoders when they are loaded."""
        return self
