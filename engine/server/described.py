"""What does a route take and answer? Said in types beside its handler; openapi.py writes it down for clients."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict, TypeVar

Handler = TypeVar("Handler", bound=Callable[..., Any])
_ABOUT = "about_route"


class Trouble(TypedDict):
    """What is wrong with a request, in words."""

    error: str


@dataclass(frozen=True)
class Content:
    """A body that is not JSON: its media type, and the TypedDict of its fields if it is a form."""

    media: str
    form: type | None = None


@dataclass(frozen=True)
class About:
    """What a route takes and answers; a type of JSON (see wire/schema.py), a `Content`, or None for nothing.

    Attributes:
        query: a TypedDict of the query's parameters.
        refusals: answers of other forms than `Trouble`, by status.
    """

    query: type | None = None
    body: Any = None
    answer: Any = Any
    status: int = 200
    refusals: Mapping[int, Any] = field(default_factory=dict)


def described(
    *,
    query: type | None = None,
    body: Any = None,
    answer: Any = Any,
    status: int = 200,
    refusals: Mapping[int, Any] | None = None,
) -> Callable[[Handler], Handler]:
    """Say what a handler takes and answers; its docstring says what it does."""

    def note(handler: Handler) -> Handler:
        setattr(handler, _ABOUT, About(query, body, answer, status, refusals or {}))
        return handler

    return note


def about(handler: object) -> About:
    """Give what was said of a handler; of one of which nothing was, that it answers some JSON."""
    found = getattr(handler, _ABOUT, None)
    return found if isinstance(found, About) else About()
