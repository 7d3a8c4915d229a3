"""What is wrapped round the call of a node, without the node or the executor knowing it?"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Protocol

from engine.graph.definition import NodeDefinition
from engine.log_lines import about


class NodeLifecycle(Protocol):
    """Entered in the thread that runs the node, left when it ends; may translate what it raises."""

    def around(self, definition: NodeDefinition, node_id: str) -> AbstractContextManager[None]: ...


@dataclass(frozen=True)
class NodeInLog:
    """Has what is logged meanwhile carry the job, its account and the node."""

    job: str
    user: str

    def around(self, definition: NodeDefinition, node_id: str) -> AbstractContextManager[None]:
        return about(job=self.job, node=node_id, user=self.user)


def enter_all(lifecycles: Sequence[NodeLifecycle], definition: NodeDefinition, node_id: str) -> ExitStack:
    """Enter every lifecycle, the first one outermost; use the result in a `with`."""
    with ExitStack() as stack:
        for lifecycle in lifecycles:
            stack.enter_context(lifecycle.around(definition, node_id))
        return stack.pop_all()
