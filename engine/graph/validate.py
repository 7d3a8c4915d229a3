"""Can this graph run, which of its targets can, and what is wrong with the others?"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from engine.files.places import Places
from engine.graph.definition import InputSpec, NodeDefinition
from engine.graph.nodes import Graph, Json, Link, Node, NodeId
from engine.graph.own_check import OwnCheck, own_check, own_problems
from engine.graph.problems import Problem
from engine.graph.registry import Registry
from engine.graph.sockets import accepts
from engine.graph.topology import dependants, find_circle, order

SHOWN_CIRCLE = 20  # nodes of a circle that are named in words
MOST_LISTED_TARGETS = 1_000_000  # at all faults together
MOST_TARGET_BITS = 1_000_000_000  # 125 MB
FailureKind = Literal["invalid_prompt", "missing_node_type", "prompt_no_outputs", "prompt_outputs_failed_validation"]


@dataclass(frozen=True)
class NodeProblems:
    """What is wrong with one node, and which targets cannot be reached because of it."""

    node_type: str
    problems: tuple[Problem, ...]
    dependent_targets: tuple[NodeId, ...]


@dataclass(frozen=True)
class PromptFailure:
    """Why nothing of the graph can run."""

    kind: FailureKind
    message: str
    details: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Validation:
    """The result of `check_graph`.

    Attributes:
        graph: the graph with its literals read as their types.
        targets: those whose whole upstream is right, in the graph's order.
        problems: every node that has any.
        failure: set if nothing can run.
        open_checks: what only a worker can check; pass the answers to `check_graph`.
    """

    graph: Graph
    targets: tuple[NodeId, ...] = ()
    problems: Mapping[NodeId, NodeProblems] = field(default_factory=dict)
    failure: PromptFailure | None = None
    open_checks: tuple[OwnCheck, ...] = ()


def check_graph(
    graph: Graph,
    registry: Registry,
    places: Places,
    wanted: Collection[NodeId] | None = None,
    answers: Mapping[NodeId, Sequence[Problem]] | None = None,
) -> Validation:
    """Check everything that its targets need, and report all problems at once.

    Args:
        wanted: restrict the run to these targets; all of them if None.
        answers: what the worker found in each of the `open_checks` of an earlier call.
    """
    unknown = next((node for node in graph.nodes.values() if node.type not in registry), None)
    if unknown is not None:
        return Validation(graph, failure=_missing_type(unknown))
    targets = [
        node_id
        for node_id, node in graph.nodes.items()
        if registry[node.type].is_target and (wanted is None or node_id in wanted)
    ]
    if not targets:
        return Validation(graph, failure=_no_targets(wanted))
    sorted_ids, stuck = order(graph, targets)
    asking = _Asking(graph, registry, places, answers or {})
    checked = {node_id: _check_node(graph[node_id], asking) for node_id in sorted_ids}
    faults = {node_id: found for node_id, (_, found) in checked.items() if found}
    faults |= _circles(graph, stuck)
    read = Graph({**graph.nodes, **{node_id: node for node_id, (node, _) in checked.items()}})
    if not faults:
        return Validation(read, tuple(targets), open_checks=tuple(asking.open))
    users = dependants({node_id: graph[node_id].sources() for node_id in (*sorted_ids, *stuck)})
    faults = _told_to_users(graph, registry, users, faults)
    bad = _downstream(users, [*faults, *stuck])
    needed_by = _TargetsBehind(graph, [*sorted_ids, *stuck], targets[: _most_listed(len(faults), len(graph))])
    problems = {
        node_id: NodeProblems(graph[node_id].type, tuple(found), needed_by[node_id])
        for node_id, found in faults.items()
    }
    good = tuple(target for target in targets if target not in bad)
    failure = None if good else _all_failed(problems)
    return Validation(read, good, problems, failure, tuple(asking.open))


@dataclass
class _Asking:
    """What a check needs to know, and what it leaves open."""

    graph: Graph
    registry: Registry
    places: Places
    answers: Mapping[NodeId, Sequence[Problem]]
    open: list[OwnCheck] = field(default_factory=list)

    def own_problems(self, node: Node, inputs: Mapping[str, Any]) -> Sequence[Problem]:
        """Let the node type itself judge, here or, later, in a worker."""
        definition = self.registry[node.type]
        if definition.check is None and not definition.is_checked_by_worker:
            return ()
        if node.id in self.answers:
            return [_at_its_input(problem, definition, inputs) for problem in self.answers[node.id]]
        told = own_check(node, inputs, self.graph, self.registry, self.places.owner)
        if definition.check is not None:
            return own_problems(definition, told, self.places)
        self.open.append(told)
        return ()


def _check_node(node: Node, asking: _Asking) -> tuple[Node, list[Problem]]:
    """Give the node with its literals read, and what is wrong with it."""
    graph, registry, places = asking.graph, asking.registry, asking.places
    definition = registry[node.type]
    problems: list[Problem] = []
    inputs: dict[str, Link | Json] = dict(node.inputs)
    for spec in definition.inputs:
        if spec.only_with and not spec.is_there(node.inputs):
            continue
        if spec.name not in node.inputs:
            if spec.required:
                problems.append(_missing(spec))
            continue
        value = node.inputs[spec.name]
        if isinstance(value, Link):
            problems += _check_link(spec, value, graph, registry, definition.checks_link_types)
        else:
            inputs[spec.name], found = _check_literal(spec, value, places)
            problems += found
    if not problems:
        problems += asking.own_problems(node, inputs)
    return Node(node.id, node.type, inputs, node.title), problems


def _check_link(spec: InputSpec, link: Link, graph: Graph, registry: Registry, any_type: bool) -> list[Problem]:
    source = graph.nodes.get(link.source)
    shown = [link.source, link.output]
    if source is None:
        details = f"{spec.name} is linked to node {link.source!r}, which is not in the graph"
        return [_problem("bad_linked_input", "Bad linked input", details, spec, received_value=shown)]
    outputs = registry[source.type].outputs
    if not 0 <= link.output < len(outputs):
        details = f"{spec.name} takes output {link.output} of {source.type}, which has {len(outputs)} (from 0)"
        return [_problem("bad_linked_input", "Bad linked input", details, spec, received_value=shown)]
    offered = outputs[link.output].type
    if any_type or spec.raw_link or accepts(spec.type, offered):
        return []
    details = f"{spec.name}, received_type({offered}) mismatch input_type({spec.type})"
    message = "Return type mismatch between linked nodes"
    return [_problem("return_type_mismatch", message, details, spec, received_type=offered, linked_node=shown)]


def _check_literal(spec: InputSpec, value: Json, places: Places) -> tuple[Any, list[Problem]]:
    if spec.widget is None:
        if isinstance(value, list):
            return value, [_no_link(spec, value)]
        if spec.type in ("*", "") or value is None:
            return value, []
        details = f"{spec.name} wants a link to a {spec.type} output, not the value {_short(value)}"
        return value, [_problem("invalid_input_type", "Input needs a link", details, spec, received_value=value)]
    try:
        read = spec.widget.read(value)
    except (ValueError, TypeError, OverflowError) as error:
        if isinstance(value, list):
            return value, [_no_link(spec, value)]
        details = f"{spec.name}, {_short(value)}, {error}"
        message = f"Failed to convert an input value to a {spec.type} value"
        return value, [_problem("invalid_input_type", message, details, spec, received_value=value)]
    found = None if spec.checked_by_node else spec.widget.check(read, places)
    if found is None:
        return read, []
    facts = {**_config(spec), "received_value": read}
    details = f"{spec.name}: {found.details}" if found.details else spec.name
    return read, [replace(found, details=details, input=spec.name, facts=facts)]


def _no_link(spec: InputSpec, value: list[Json]) -> Problem:
    """A list where no list is wanted was meant as a link."""
    details = f"{spec.name}: {_short(value)} is no link; expected [node id, number of its output], both as in the graph"
    return _problem("bad_linked_input", "Bad linked input", details, spec, received_value=value)


def _circles(graph: Graph, stuck: list[NodeId]) -> dict[NodeId, list[Problem]]:
    """Report one circle, on the nodes that form it; those that merely depend on it are not to blame."""
    if not stuck:
        return {}
    circle = find_circle(graph, stuck)
    shown = circle if len(circle) <= SHOWN_CIRCLE else [*circle[:SHOWN_CIRCLE], f"({len(circle) - SHOWN_CIRCLE} more)"]
    path = " -> ".join([*shown, circle[0]])
    problem = Problem("dependency_cycle", "Dependency cycle detected", f"{path}: remove one of these links")
    return {node_id: [problem] for node_id in circle}


def _told_to_users(
    graph: Graph, registry: Registry, users: Mapping[NodeId, list[NodeId]], faults: Mapping[NodeId, list[Problem]]
) -> dict[NodeId, list[Problem]]:
    """Say also at the inputs that lead to a node whose own check raised an exception why they cannot be trusted."""
    told = dict(faults)
    for source, found in faults.items():
        if not any(problem.kind == "exception_during_validation" for problem in found):
            continue
        for user in users.get(source, ()):
            specs = {spec.name: spec for spec in registry[graph[user].type].inputs}
            links = [(specs[name], link) for name, link in graph[user].links() if name in specs]
            for spec, link in links:
                if link.source == source:
                    told[user] = [*told.get(user, ()), _inner_exception(spec, link)]
    return told


def _inner_exception(spec: InputSpec, link: Link) -> Problem:
    kind, message = "exception_during_inner_validation", "Exception when validating inner node"
    details = f"{spec.name} takes an output of node {link.source}, whose own check raised an exception"
    return _problem(kind, message, details, spec, linked_node=[link.source, link.output])


def _at_its_input(problem: Problem, definition: NodeDefinition, inputs: Mapping[str, Any]) -> Problem:
    """Name the input that a node's own check speaks of, where it checks only one."""
    checked = [spec for spec in definition.inputs if spec.checked_by_node]
    if problem.input or len(checked) != 1:
        return problem
    (spec,) = checked
    value = inputs.get(spec.name)
    facts = {} if isinstance(value, Link) else {"received_value": value}
    return replace(problem, input=spec.name, facts={**_config(spec), **facts, **problem.facts})


def _downstream(users: Mapping[NodeId, list[NodeId]], starts: Iterable[NodeId]) -> set[NodeId]:
    """Give the nodes that need any of `starts`, themselves included."""
    waiting = list(starts)
    found = set(waiting)
    while waiting:
        for user in users.get(waiting.pop(), ()):
            if user not in found:
                found.add(user)
                waiting.append(user)
    return found


def _most_listed(faults: int, nodes: int) -> int:
    """Say how many targets are looked at for each fault, so that neither answer nor memory grows beyond reason."""
    return max(1, min(MOST_LISTED_TARGETS // faults, MOST_TARGET_BITS // nodes))


class _TargetsBehind:
    """Which targets need a node? One pass over the links for all nodes together, however many are asked for."""

    def __init__(self, graph: Graph, node_ids: Sequence[NodeId], targets: Sequence[NodeId]) -> None:
        self._targets = targets
        self._shown: dict[int, tuple[NodeId, ...]] = {}
        # bit i of a node's number: targets[i] needs it
        self._bits = dict.fromkeys(node_ids, 0) | {target: 1 << index for index, target in enumerate(targets)}
        waiting = list(node_ids)  # sorted, so that users are taken before their sources
        taken: set[NodeId] = set()
        while waiting:
            node_id = waiting.pop()
            taken.add(node_id)
            for source in graph[node_id].sources():
                if source in self._bits and self._bits[node_id] & ~self._bits[source]:
                    self._bits[source] |= self._bits[node_id]
                    if source in taken:  # a circle
                        waiting.append(source)

    def __getitem__(self, node_id: NodeId) -> tuple[NodeId, ...]:
        """Give the targets that need a node, in their order."""
        bits = self._bits[node_id]
        if bits not in self._shown:
            chosen = zip(self._targets, reversed(f"{bits:b}"), strict=False)
            self._shown[bits] = tuple(target for target, bit in chosen if bit == "1")
        return self._shown[bits]


def _problem(kind: Any, message: str, details: str, spec: InputSpec, **facts: Any) -> Problem:
    return Problem(kind, message, details, spec.name, {**_config(spec), **facts})


def _missing(spec: InputSpec) -> Problem:
    return _problem("required_input_missing", "Required input is missing", spec.name, spec)


def _config(spec: InputSpec) -> dict[str, Any]:
    return {"input_name": spec.name, "input_config": [spec.type, spec.widget.options() if spec.widget else {}]}


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _missing_type(node: Node) -> PromptFailure:
    title = node.title or node.type
    return PromptFailure(
        "missing_node_type",
        f"Node '{title}' not found. The pack that brings it may not be installed.",
        f"Node ID '#{node.id}' has the type {node.type!r}, which no loaded pack defines.",
        {"node_id": node.id, "class_type": node.type, "node_title": title},
    )


def _no_targets(wanted: Collection[NodeId] | None) -> PromptFailure:
    found = "none of the nodes that were asked for is one" if wanted is not None else "the graph has none"
    return PromptFailure(
        "prompt_no_outputs", "Prompt has no outputs", f"A run needs an output node such as SaveImage; {found}."
    )


def _all_failed(problems: Mapping[NodeId, NodeProblems]) -> PromptFailure:
    lines = [
        f"{found.node_type} (#{node_id}): {problem.message} - {problem.details}"
        for node_id, found in problems.items()
        for problem in found.problems
    ]
    return PromptFailure("prompt_outputs_failed_validation", "Prompt outputs failed validation", "\n".join(lines[:50]))
