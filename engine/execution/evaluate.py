"""What does running one node mean: which values go in, how often is it called, what comes out?"""

import asyncio
import inspect
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any

from engine.errors import EngineError
from engine.execution.cache import NodeOutputs
from engine.execution.context import NodeContext
from engine.graph.definition import NodeDefinition, NodeResult
from engine.graph.nodes import Link, Node

Values = list[Any]
Wait = Callable[[Coroutine[Any, Any, Any]], Any]


def evaluate(
    node: Node,
    definition: NodeDefinition,
    value_of: Callable[[Link], Values],
    context: NodeContext,
    wait: Wait,
) -> NodeOutputs:
    """Call a node's function once per element of its inputs, and collect what it gives.

    Args:
        value_of: gives the values of an output that is linked here.
        wait: runs a coroutine to its end (for `async def` nodes).
    """
    if definition.function is None:
        raise EngineError(f"The node type {definition.type!r} has no function in this process: restart the worker.")
    inputs = gather(node, definition, value_of)
    results = [_call(definition, arguments, context, wait) for arguments in calls(definition, inputs)]
    return collect(definition, results)


def gather(node: Node, definition: NodeDefinition, value_of: Callable[[Link], Values]) -> dict[str, Values]:
    """Give the values of every declared input that is there, as lists; a literal is a list of one."""
    inputs: dict[str, Values] = {}
    for spec in definition.inputs:
        if spec.name in node.inputs:
            value = node.inputs[spec.name]
            inputs[spec.name] = value_of(value) if isinstance(value, Link) and not spec.raw_link else [value]
    return inputs


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


def collect(definition: NodeDefinition, results: Sequence[NodeResult]) -> NodeOutputs:
    """Join the calls' results: outputs become lists, lists in the UI result are joined."""
    values: tuple[Values, ...] = tuple([] for _ in definition.outputs)
    ui: dict[str, Any] = {}
    for result in results:
        if len(result.outputs) != len(definition.outputs):
            names = ", ".join(output.name for output in definition.outputs) or "none"
            raise EngineError(
                f"The node type {definition.type!r} gave {len(result.outputs)} outputs, but declares "
                f"{len(definition.outputs)} ({names}): make its function return what it declares."
            )
        for output, held, value in zip(definition.outputs, values, result.outputs, strict=True):
            held.extend(value) if output.is_list else held.append(value)
        for name, shown in result.ui.items():
            ui[name] = [*ui[name], *shown] if name in ui and isinstance(shown, list) else shown
    return NodeOutputs(values, ui)


def _call(definition: NodeDefinition, arguments: dict[str, Any], context: NodeContext, wait: Wait) -> NodeResult:
    assert definition.function is not None
    if definition.wants_context:
        arguments = {**arguments, "context": context}
    value = definition.function(**arguments)
    if inspect.iscoroutine(value):
        value = wait(value)
    if isinstance(value, NodeResult):
        return value
    if not definition.outputs:
        return NodeResult()
    return NodeResult((value,) if len(definition.outputs) == 1 else tuple(value))


class AsyncThread:
    """An event loop on a thread of its own, started when first needed, on which all async nodes share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the start
        self._loop: asyncio.AbstractEventLoop | None = None

    def wait(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine on the loop, and wait for its result in the calling thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._running_loop()).result()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="async nodes", daemon=True).start()
            return self._loop
