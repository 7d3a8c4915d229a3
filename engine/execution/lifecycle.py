"""What is wrapped round the call of a node, without the node or the executor knowing it?"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol

from engine.graph.definition import NodeDefinition


class NodeLifecycle(Protocol):
    """Entered in the thread that runs the node, left when it ends; may translate what it raises."""

    def around(self, definition: NodeDefinition, node_id: str) -> AbstractContextManager[None]: ...


def enter_all(lifecycles: Sequence[NodeLifecycle], definition: NodeDefinition, node_id: str) -> ExitStack:
    """Enter every lifecycle, the first one outermost; use the result in a `with`."""
    with ExitStack() as stack:
        for lifecycle in lifecycles:
            stack.enter_context(lifecycle.around(definition, node_id))
        return stack.pop_all()
