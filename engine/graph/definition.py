"""What is a node type: its inputs, outputs, function and flags?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from engine.graph.widgets import Widget


class Runs(Enum):
    """What a node occupies while it runs, and so what may run beside it."""

    ON_DEVICE = "device"  # one at a time per device
    FREELY = "free"  # saving, encoding files, text: beside anything
    ALONE = "alone"  # foreign synchronous code: one at a time


@dataclass(frozen=True)
class InputSpec:
    """One input of a node type.

    Attributes:
        widget: how a literal is edited; None means that the input takes links only.
        lazy: evaluated only if the node asks for it.
        raw_link: the node gets the link itself, not its value.
        more: further options as /object_info shows them.
    """

    name: str
    type: str
    required: bool = True
    widget: Widget | None = None
    tooltip: str = ""
    lazy: bool = False
    raw_link: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OutputSpec:
    """One output of a node type; `is_list` means that it gives a list of values, to be taken one by one."""

    name: str
    type: str
    is_list: bool = False
    tooltip: str = ""


@dataclass(frozen=True)
class NodeResult:
    """What a node returns that also shows something: outputs in order, and JSON for the editor."""

    outputs: Sequence[Any] = ()
    ui: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NodeDefinition:
    """A node type, whatever style it was written in.

    Attributes:
        is_target: a run may aim at it ("output node").
        takes_lists: gets whole lists of inputs instead of one call per element.
        hidden: parameter name -> what is passed in it ("PROMPT", "EXTRA_PNGINFO", "UNIQUE_ID", ...).
        version: part of the result key; raise it when the same inputs give another result.
        function: called with inputs by name; None where only the description is known (in the server, of packs).
        fingerprint: gives a JSON value from the inputs and `places`; a changed value makes the node run again.
        check: gives an error text, or None, from literal inputs and `places`.
    """

    type: str
    display_name: str
    category: str
    inputs: tuple[InputSpec, ...] = ()
    outputs: tuple[OutputSpec, ...] = ()
    description: str = ""
    is_target: bool = False
    takes_lists: bool = False
    runs: Runs = Runs.ON_DEVICE
    hidden: Mapping[str, str] = field(default_factory=dict)
    wants_context: bool = False
    version: int = 1
    deprecated: bool = False
    experimental: bool = False
    module: str = "nodes"
    function: Callable[..., Any] | None = None
    fingerprint: Callable[..., Any] | None = None
    check: Callable[..., str | None] | None = None

    def input(self, name: str) -> InputSpec | None:
        """Find an input by name."""
        return next((spec for spec in self.inputs if spec.name == name), None)

    def described(self) -> "NodeDefinition":
        """Give the same definition without its functions, so that it can travel between processes."""
        return replace(self, function=None, fingerprint=None, check=None)
