"""What is a node type: its inputs, outputs, function and flags?"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from typing import Any

from engine.graph.dynamic_inputs import Brings
from engine.graph.nodes import Graph, Link, Node
from engine.graph.widgets import Widget


class Runs(Enum):
    """What a node occupies while it runs, and so what may run beside it."""

    ON_DEVICE = "device"  # one at a time per device
    FREELY = "free"  # saving, encoding files, text: beside anything
    ALONE = "alone"  # foreign synchronous code: one at a time


class Undeclared(Enum):
    """Which inputs beyond the declared ones a node's function is given."""

    NONE = "none"
    LINKS = "links"  # functions with **inputs: what is linked to them
    ALL = "all"  # those that also declare that any name may come


@dataclass(frozen=True)
class InputSpec:
    """One input of a node type.

    Attributes:
        widget: how a literal is edited; None means that the input takes links only.
        lazy: evaluated only if the node asks for it.
        raw_link: the node gets the link itself, not its value.
        checked_by_node: the node's own `check` replaces the check of limits and choices.
        only_with: it is there only while other inputs have these values, or (None) are given at all; a definition may
            have several inputs of one name under different conditions.
        more: further options as /object_info shows them.
        brings: the inputs that belong to it; only in what editors are told (`NodeDefinition.told_inputs`).
    """

    name: str
    type: str
    required: bool = True
    widget: Widget | None = None
    tooltip: str = ""
    lazy: bool = False
    raw_link: bool = False
    checked_by_node: bool = False
    only_with: tuple[tuple[str, Any], ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    brings: "Brings[InputSpec] | None" = None

    def is_there(self, inputs: Mapping[str, Any]) -> bool:
        """Say whether a node with these inputs has it."""
        return all(name in inputs and value in (None, inputs[name]) for name, value in self.only_with)


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
class Blocked:
    """An output value with which nothing shall be done: nodes that get it are skipped, and pass it on.

    Attributes:
        reason: shown as an error at the first node that gets it; None: skipped in silence.
    """

    reason: str | None = None


@dataclass(frozen=True)
class Expansion:
    """A graph that a node returns to be run in its place.

    Attributes:
        graph: literals may be any values; links may also lead to nodes outside.
        outputs: of the node: values, or a `Link` to where the value will come from.
        ui: JSON for the editor, as in `NodeResult`.
        displays: id in `graph` -> the node that shows what it shows, if not the one that returned it.
    """

    graph: Graph
    outputs: Sequence[Any] = ()
    ui: Mapping[str, Any] = field(default_factory=dict)
    displays: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class NodeDefinition:
    """A node type, whatever style it was written in.

    Attributes:
        is_target: a run may aim at it ("output node").
        takes_lists: gets whole lists of inputs instead of one call per element.
        shown_outputs: how many of `outputs` /object_info lists, if not all: packs' nodes may have more than they say.
        told_inputs: `inputs` as editors are told them where some belong to others; names without their owners'.
        hidden: parameter name -> what is passed in it ("PROMPT", "EXTRA_PNGINFO", "UNIQUE_ID", ...).
        is_async: its function is a coroutine function, and any number of them wait at once.
        undeclared: which inputs beyond `inputs` its function is given.
        is_personal: equal inputs do not make its result another node's: the id is part of the result key.
        is_checked_by_worker: its `check` is known in the worker only.
        checks_link_types: its `check` takes the types of linked inputs as `input_types`, and judges them itself.
        version: part of the result key; raise it when the same inputs give another result.
        function: called with inputs by name; None where only the description is known (in the server, of packs).
        wanted_inputs: names the lazy inputs it needs beyond those that are there (the others are None).
        fingerprint: gives a JSON value from the inputs and `places`; a changed value makes the node run again.
        check: gives an error text, or None, from literal inputs and `places`.
        sparing: does the same as `function` with less memory; called once where that ran out of it.
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
    is_async: bool = False
    undeclared: Undeclared = Undeclared.NONE
    is_personal: bool = False
    is_checked_by_worker: bool = False
    checks_link_types: bool = False
    version: int = 1
    deprecated: bool = False
    experimental: bool = False
    shown_outputs: int | None = None
    told_inputs: tuple[InputSpec, ...] = ()
    module: str = "nodes"
    function: Callable[..., Any] | None = None
    wanted_inputs: Callable[..., Any] | None = None
    fingerprint: Callable[..., Any] | None = None
    check: Callable[..., str | None] | None = None
    sparing: Callable[..., Any] | None = None

    def input(self, name: str) -> InputSpec | None:
        """Find an input by name."""
        return self._names.get(name)

    def described(self) -> "NodeDefinition":
        """Give the same definition without its functions, so that it can travel between processes."""
        return replace(self, function=None, wanted_inputs=None, fingerprint=None, check=None, sparing=None)

    def used_inputs(self, node: Node) -> Iterator[tuple[str, Link | Any]]:
        """Yield those inputs of a node that its function is given."""
        names, more = self._names, self.undeclared
        for name, value in node.inputs.items():
            also = more is Undeclared.ALL or (more is Undeclared.LINKS and isinstance(value, Link))
            if also or name in names or name in self.hidden:  # expansions set hidden inputs of a pack's own kind
                yield name, value

    @cached_property
    def _names(self) -> Mapping[str, InputSpec]:
        return {spec.name: spec for spec in self.inputs}

    @cached_property
    def lazy_inputs(self) -> frozenset[str]:
        """The names of the inputs that are evaluated only if the node asks for them."""
        return frozenset(spec.name for spec in self.inputs if spec.lazy)

    @cached_property
    def reads_graph(self) -> bool:
        """Whether its function sees links: what it expands into may then lead to anything that it depends on."""
        return "DYNPROMPT" in self.hidden.values() or any(spec.raw_link for spec in self.inputs)
