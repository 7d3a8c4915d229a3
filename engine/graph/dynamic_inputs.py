"""Which inputs belong to another one, so that editors show them only where they apply?

A definition lists every input that may come, each under its condition; these say the same the other way round, as
/object_info tells it: the owner names what it brings. `T` is how an input is described.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
S = TypeVar("S")


@dataclass(frozen=True)
class Grown(Generic[T]):
    """As many inputs like `like` as are linked, called "owner.name" each.

    Attributes:
        names: in order; there are never more.
        least: how many of them there are at least.
        prefix: what the names begin with, if they are that and a number from 0.
    """

    like: T
    names: tuple[str, ...]
    least: int
    prefix: str | None = None

    def described(self, describe: Callable[[T], S]) -> "Grown[S]":
        return Grown(describe(self.like), self.names, self.least, self.prefix)


@dataclass(frozen=True)
class Chosen(Generic[T]):
    """A choice; each of its values brings inputs, called "owner.name" each."""

    options: tuple[tuple[str, Sequence[T]], ...]

    def described(self, describe: Callable[[T], S]) -> "Chosen[S]":
        return Chosen(tuple((key, tuple(map(describe, brought))) for key, brought in self.options))


@dataclass(frozen=True)
class Attached(Generic[T]):
    """Inputs that come once the owner is linked, called "owner.name" each."""

    brought: Sequence[T]

    def described(self, describe: Callable[[T], S]) -> "Attached[S]":
        return Attached(tuple(map(describe, self.brought)))


Brings = Grown[T] | Chosen[T] | Attached[T]
