"""What does running one node mean: which values go in, how often is it called, what comes out?"""

import asyncio
import inspect
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from engine.errors import EngineError, OutOfMemory
from engine.execution.async_thread import AsyncThread, Stepwise
from engine.execution.cache import NodeOutputs
from engine.execution.context import NodeContext
from engine.graph.definition import Blocked, Expansion, NodeDefinition, NodeResult, Runs
from engine.graph.nodes import Link, Node

log = logging.getLogger(__name__)
Values = list[Any]
Around = Callable[[], AbstractContextManager[Any]]


class Waiting(Protocol):
    """How the thread that runs a node waits for what is async in it."""

    async def result(self, awaitable: Awaitable[Any], around: Around) -> Any: ...

    async def all(self, coroutines: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]: ...


class InThread:
    """Waits by blocking the thread, one call after the other; so a coroutine of `visit` runs without a loop."""

    def __init__(self, async_thread: AsyncThread) -> None:
        self._async_thread = async_thread

    async def result(self, awaitable: Awaitable[Any], around: Around) -> Any:
        return self._async_thread.wait(awaitable)

    async def all(self, coroutines: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
        return [await coroutine for coroutine in coroutines]


class OnLoop:
    """Awaits, so that any number of nodes and calls wait at once."""

    async def result(self, awaitable: Awaitable[Any], around: Around) -> Any:
        return await Stepwise(awaitable, around)

    async def all(self, coroutines: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
        return list(await asyncio.gather(*coroutines))


@dataclass(frozen=True)
class Wants:
    """A node cannot run yet: it wants these inputs, which were not evaluated."""

    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Results:
    """What the calls of a node gave, one after the other.

    Attributes:
        ran: whether the function was called at all; not if every call was blocked.
        reasons: of blocked values that shall be shown.
        seconds: how long the calls took.
    """

    calls: tuple[NodeResult | Expansion, ...]
    ran: bool = True
    reasons: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class Visit:
    """One node whose sources are there: asked what else it wants, then called.

    Attributes:
        value_of: gives the values of an output that is linked here; None if they are not there (lazy inputs).
        begin: called once, before the first call of the function.
        retried: called before a call that is made once more, since memory ran out.
        around: entered round every call.
    """

    node: Node
    definition: NodeDefinition
    value_of: Callable[[Link], Values | None]
    context: NodeContext
    begin: Callable[[], None]
    around: Around
    waiting: Waiting
    retried: Callable[[], None] = lambda: None

    async def made(self) -> Wants | Results:
        """Ask and call."""
        function = self.definition.function
        if function is None:
            raise EngineError(
                f"The node type {self.definition.type!r} has no function in this process: restart the worker."
            )
        inputs, absent = gather(self.node, self.definition, self.value_of)
        arguments = list(calls(self.definition, inputs))
        if absent and self.definition.wanted_inputs is not None:
            wanted = await self._wanted(arguments, absent)
            if wanted:
                return Wants(wanted)
        return await self._results(function, arguments)

    async def _wanted(self, arguments: Sequence[dict[str, Any]], absent: Sequence[str]) -> tuple[str, ...]:
        assert self.definition.wanted_inputs is not None
        named: set[str] = set()
        for each in arguments:
            if _block_in(each) is None:
                named.update(await self._call(self.definition.wanted_inputs, each) or ())
        return tuple(name for name in absent if name in named)

    async def _results(self, function: Callable[..., Any], arguments: Sequence[dict[str, Any]]) -> Results:
        blocks = [_block_in(each) for each in arguments]
        ran = not blocks or None in blocks
        if ran:
            self.begin()
        began_s = time.perf_counter()
        given = iter(
            await self.waiting.all(
                [self._call(function, each) for each, block in zip(arguments, blocks, strict=True) if block is None]
            )
        )
        seconds = time.perf_counter() - began_s
        skipped = NodeResult([Blocked()] * len(self.definition.outputs))
        made = [as_result(self.definition, next(given)) if block is None else skipped for block in blocks]
        reasons = tuple(dict.fromkeys(block.reason for block in blocks if block is not None and block.reason))
        return Results(tuple(made), ran, reasons, seconds)

    async def _call(self, function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
        more = {"context": self.context} if self.definition.wants_context else {}
        again: Callable[..., Any] | None = None
        try:
            with self.around():
                value = function(**arguments, **more)
        except OutOfMemory as error:
            again = self._again(function)
            if again is None:
                raise
            log.warning("%s It is tried once more%s.", error, "" if again is function else " in a smaller way")
            self.retried()
        if again is not None:  # outside of the block above, whose error holds on to what filled the memory
            with self.around():
                value = again(**arguments, **more)
        return await self.waiting.result(value, self.around) if inspect.isawaitable(value) else value

    def _again(self, function: Callable[..., Any]) -> Callable[..., Any] | None:
        """Say what may be called after memory ran out, and what could be released was: None if nothing may.

        What saves files, and the code of packs, could do twice what it did before memory ran out.
        """
        definition = self.definition
        if function is not definition.function:
            return None
        repeats = definition.runs is Runs.ON_DEVICE and not definition.is_target
        return definition.sparing or (function if repeats else None)


def finish_here(coroutine: Coroutine[Any, Any, Wants | Results]) -> Wants | Results:
    """Run a visit that waits `InThread`: such a coroutine never gives up its turn."""
    try:
        coroutine.send(None)
    except StopIteration as ended:
        result: Wants | Results = ended.value
        return result
    raise AssertionError("a visit in a thread has nobody to give its turn to")


def gather(
    node: Node, definition: NodeDefinition, value_of: Callable[[Link], Values | None]
) -> tuple[dict[str, Values], list[str]]:
    """Give the values of every input that the function takes, as lists (a literal is a list of one).

    Returns:
        (inputs, names of the lazy inputs that are not there; these are given as None).
    """
    inputs: dict[str, Values] = {}
    absent: list[str] = []
    for name, value in definition.used_inputs(node):
        spec = definition.input(name)
        if not isinstance(value, Link) or (spec is not None and spec.raw_link):
            inputs[name] = [value]
            continue
        values = value_of(value)
        if values is None:
            absent.append(name)
        inputs[name] = [None] if values is None else values
    return inputs, absent


def calls(definition: NodeDefinition, inputs: Mapping[str, Values]) -> Iterator[dict[str, Any]]:
    """Yield the arguments of each call: one per element, where shorter lists repeat their last element."""
    if definition.takes_lists:
        yield dict(inputs)
        return
    if any(not values for values in inputs.values()):
        return  # an empty list upstream: nothing to call with
    count = max((len(values) for values in inputs.values()), default=1)
    for index in range(count):
        yield {name: values[min(index, len(values) - 1)] for name, values in inputs.items()}


def collect(
    definition: NodeDefinition,
    results: Sequence[NodeResult | Expansion],
    value_of: Callable[[Link], Values] | None = None,
) -> NodeOutputs:
    """Join the calls' results: outputs become lists, lists in the UI result are joined.

    Args:
        value_of: gives the values of outputs that are linked into an expansion.
    """
    values: tuple[Values, ...] = tuple([] for _ in definition.outputs)
    ui: dict[str, Any] = {}
    for result in results:
        _check_count(definition, result)
        for output, held, value in zip(definition.outputs, values, result.outputs, strict=True):
            if isinstance(value, Link) and isinstance(result, Expansion) and value_of is not None:
                held.extend(value_of(value))
            elif output.is_list and not isinstance(value, Blocked):
                held.extend(value)
            else:
                held.append(value)
        for name, shown in result.ui.items():
            ui[name] = [*ui[name], *shown] if name in ui and isinstance(shown, (list, tuple)) else shown
    return NodeOutputs(values, ui)


def as_result(definition: NodeDefinition, value: Any) -> NodeResult | Expansion:
    """Read what a node's function returned."""
    if isinstance(value, (NodeResult, Expansion)):
        return value
    if isinstance(value, Blocked):
        return NodeResult([value] * len(definition.outputs))
    if not definition.outputs:
        return NodeResult()
    is_one_value = len(definition.outputs) == 1 and not _names_its_output(value)
    return NodeResult((value,) if is_one_value else tuple(value))


def _names_its_output(value: Any) -> bool:
    """Whether this is a NamedTuple of one field, which only gives the one output another name."""
    return isinstance(value, tuple) and len(getattr(value, "_fields", ())) == 1


def _check_count(definition: NodeDefinition, result: NodeResult | Expansion) -> None:
    if len(result.outputs) == len(definition.outputs):
        return
    names = ", ".join(output.name for output in definition.outputs) or "none"
    raise EngineError(
        f"The node type {definition.type!r} gave {len(result.outputs)} outputs, but declares "
        f"{len(definition.outputs)} ({names}): make its function return what it declares."
    )


def _block_in(arguments: Mapping[str, Any]) -> Blocked | None:
    """Find a blocked value among the arguments of a call, also in the lists of nodes that take lists."""
    for value in arguments.values():
        if isinstance(value, Blocked):
            return value
        if isinstance(value, list):
            found = next((part for part in value if isinstance(part, Blocked)), None)
            if found is not None:
                return found
    return None
