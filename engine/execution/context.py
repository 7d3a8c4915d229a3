"""What may a running node ask for?"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from engine.errors import EngineError
from engine.execution.events import Place, PreviewImage
from engine.files.places import Places
from engine.graph.nodes import Node, NodeId

T = TypeVar("T")


class RunView(Protocol):
    """The graph as it runs now, expansions included, for nodes that read it."""

    def __contains__(self, node_id: object) -> bool: ...

    def __getitem__(self, node_id: NodeId) -> Node: ...

    def place(self, node_id: str) -> Place:
        """Say whose expansion a node stands in."""

    def ids(self) -> list[NodeId]: ...


class NodeContext(Protocol):
    """A fresh, narrow view of the run for one call of one node (declare a parameter `context: NodeContext`)."""

    @property
    def job(self) -> str: ...

    @property
    def node_id(self) -> str: ...

    @property
    def places(self) -> Places: ...

    @property
    def graph(self) -> RunView: ...

    @property
    def prompt(self) -> Mapping[str, Any] | None:
        """The prompt as it was sent, or None where results must not carry it."""

    @property
    def extra_pnginfo(self) -> Mapping[str, Any] | None:
        """What the editor wants written into results ({"workflow": ...}), or None as above."""

    def progress(self, value: float, maximum: float, preview: PreviewImage | None = None) -> None:
        """Report that `value` of `maximum` steps are done.

        Raises:
            Interrupted: the user cancelled the job; let it pass.
        """

    def wants_preview(self) -> bool:
        """Say whether a preview made now would be shown; previews are throttled, and cost time to make."""

    def show_text(self, text: str) -> None:
        """Show a line of text on the node while it runs."""

    def send(self, kind: str, data: Mapping[str, Any]) -> None:
        """Send a message to the editor whose job this is; for packs that bring a script there."""

    def check_cancelled(self) -> None:
        """Raise Interrupted if the user cancelled the job."""

    def resource(self, kind: type[T]) -> T:
        """Give the one long-lived object of this class, made when first asked for."""


class Resources:
    """Long-lived objects by class, made when first asked for. One per worker."""

    def __init__(self, makers: Mapping[type[Any], Callable[[], Any]] | None = None) -> None:
        self._makers: dict[type[Any], Callable[[], Any]] = dict(makers or {})
        self._made: dict[type[Any], Any] = {}

    def provide(self, kind: type[T], maker: Callable[[], T]) -> None:
        """Say how the object of a class is made."""
        self._makers[kind] = maker

    def get(self, kind: type[T]) -> T:
        """Give the object of a class; a class without a maker is called without arguments."""
        if kind not in self._made:
            try:
                self._made[kind] = self._makers.get(kind, kind)()
            except TypeError as error:
                raise EngineError(
                    f"No {kind.__name__} is provided here, and it cannot be made without arguments ({error}). "
                    "Provide it where the worker is set up."
                ) from error
        return self._made[kind]  # type: ignore[no-any-return]

    def made(self, kind: type[T]) -> T | None:
        """Give the object of a class if it was made already."""
        return self._made.get(kind)
