"""What is said of nodes whose own checks are asked for, also when the code of a pack never answers?"""

import asyncio
from collections.abc import Mapping, Sequence

from engine.errors import WorkerDied
from engine.graph.nodes import NodeId
from engine.graph.own_check import OwnCheck
from engine.graph.problems import Problem


class OpenQuestion:
    """Collects the answers to some checks as they come, one node after the other. Used from one event loop only."""

    def __init__(self, checks: Sequence[OwnCheck]) -> None:
        self._checks = checks
        self._answers: dict[NodeId, Sequence[Problem]] = {}
        self._come = asyncio.Event()
        self._died: WorkerDied | None = None
        self.is_stuck = False

    def take(self, node: NodeId, problems: Sequence[Problem]) -> None:
        """Note the answer of one node."""
        self._answers[node] = problems
        self._come.set()

    def give_up(self, error: WorkerDied) -> None:
        """Note that nobody is left to answer."""
        self._died = error
        self._come.set()

    async def answers(self, within_s: float) -> Mapping[NodeId, Sequence[Problem]]:
        """Wait until every node is answered for, or one gives no answer for so long.

        Raises:
            WorkerDied: the one who was asked is gone.
        """
        while len(self._answers) < len(self._checks):
            self._come.clear()
            try:
                await asyncio.wait_for(self._come.wait(), within_s)
            except TimeoutError:
                self.is_stuck = True
                return {**self._answers, **self._unanswered(within_s)}
            if self._died is not None:
                raise self._died
        return self._answers

    def _unanswered(self, within_s: float) -> dict[NodeId, Sequence[Problem]]:
        """Say of the first node that its check hangs, and of those behind it that they were not asked."""
        silent, *waiting = [told for told in self._checks if told.node not in self._answers]
        hangs = (
            f"VALIDATE_INPUTS of {silent.type} gave no answer within {within_s:g} s. "
            "It may wait for something that never comes; see the pack's own documentation, or leave the node out."
        )
        not_asked = f"Not checked, since the check of node {silent.node} ({silent.type}) does not end."
        return {silent.node: _failed(hangs), **{told.node: _failed(not_asked) for told in waiting}}


def _failed(details: str) -> Sequence[Problem]:
    return (Problem("exception_during_validation", "Exception when validating node", details),)
