"""What does a node in a run see of it?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from engine.execution.context import Resources, RunView
from engine.execution.events import Event, NodeMessage, NodeText, Place, PreviewImage
from engine.execution.progress import Progress
from engine.files.places import Places

T = TypeVar("T")


@dataclass(frozen=True)
class RunningNode:
    """The `NodeContext` of one node in a run."""

    job: str
    place: Place
    places: Places
    prompt: Mapping[str, Any] | None
    extra_pnginfo: Mapping[str, Any] | None
    graph: RunView
    _progress: Progress = field(repr=False)
    _resources: Resources = field(repr=False)
    _emit: Callable[[Event], None] = field(repr=False)

    @property
    def node_id(self) -> str:
        return self.place.node

    def progress(self, value: float, maximum: float, preview: PreviewImage | None = None) -> None:
        self._progress.report(self.place, value, maximum, preview)

    def wants_preview(self) -> bool:
        return self._progress.wants_preview()

    def show_text(self, text: str) -> None:
        self._emit(NodeText(self.job, self.place, text))

    def send(self, kind: str, data: Mapping[str, Any]) -> None:
        self._emit(NodeMessage(self.job, kind, data))

    def check_cancelled(self) -> None:
        self._progress.check_cancelled()

    def resource(self, kind: type[T]) -> T:
        return self._resources.get(kind)
