"""How are the faults of a prompt written, so that an editor can show each at its node?"""

from collections.abc import Mapping
from typing import Annotated, Any, TypedDict

from engine.graph.nodes import NodeId
from engine.graph.problems import Problem
from engine.graph.validate import NodeProblems, PromptFailure, Validation


class Fault(TypedDict):
    """One thing that is wrong: the protocol's name for it, in words, what was found, and facts for programs."""

    type: str
    message: str
    details: str
    extra_info: dict[str, Any]


class NodeFaults(TypedDict):
    """What is wrong with a node."""

    errors: list[Fault]
    dependent_outputs: Annotated[list[str], "ids of the output nodes that cannot run because of it"]
    class_type: str


class Refusal(TypedDict):
    """Why a prompt is not run."""

    error: Fault
    node_errors: dict[str, NodeFaults]


def refusal(kind: str, message: str, details: str = "", **facts: Any) -> Refusal:
    """Write the answer to a request that nothing was done for."""
    return {"error": _error(kind, message, details, facts), "node_errors": {}}


def failed_prompt(failure: PromptFailure, problems: Mapping[NodeId, NodeProblems] | None = None) -> Refusal:
    """Write the answer to a prompt of which nothing can run."""
    error = _error(failure.kind, failure.message, failure.details, failure.facts)
    return {"error": error, "node_errors": node_errors(problems or {})}


def failed_validation(validation: Validation) -> Refusal:
    """Write the answer to a prompt that `check_graph` refused."""
    assert validation.failure is not None
    return failed_prompt(validation.failure, validation.problems)


def node_errors(problems: Mapping[NodeId, NodeProblems]) -> dict[str, NodeFaults]:
    """Write what is wrong with each node: `{id: {errors, dependent_outputs, class_type}}`."""
    return {
        node_id: {
            "errors": [_problem(problem) for problem in found.problems],
            "dependent_outputs": list(found.dependent_targets),
            "class_type": found.node_type,
        }
        for node_id, found in problems.items()
    }


def _problem(problem: Problem) -> Fault:
    named = {"input_name": problem.input} if problem.input else {}
    return _error(problem.kind, problem.message, problem.details, {**named, **problem.facts})


def _error(kind: str, message: str, details: str, facts: Mapping[str, Any]) -> Fault:
    return {"type": kind, "message": message, "details": details, "extra_info": dict(facts)}
