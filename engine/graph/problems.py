"""What can be wrong with a graph before it runs, and where?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

ProblemKind = Literal[
    "required_input_missing",
    "bad_linked_input",
    "return_type_mismatch",
    "invalid_input_type",
    "value_smaller_than_min",
    "value_bigger_than_max",
    "value_not_in_list",
    "custom_validation_failed",
    "exception_during_validation",
    "exception_during_inner_validation",
    "dependency_cycle",
]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with one input (or, with an empty `input`, with the node).

    Attributes:
        kind: the protocol's name for it.
        message: the kind in words, the same for every such problem.
        details: what was expected and what was found here.
        facts: what else the protocol's `extra_info` carries (received_value, linked_node, ...).
    """

    kind: ProblemKind
    message: str
    details: str
    input: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
