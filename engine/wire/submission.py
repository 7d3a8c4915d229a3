"""What stands in the body of POST /prompt, beside the prompt itself?"""

import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Required, TypedDict

from engine.graph.nodes import Graph, NodeId
from engine.wire.errors import NodeFaults
from engine.wire.json_text import kind_of
from engine.wire.prompt import read_prompt

LONGEST_CLIENT_ID = 200


class PromptBody(TypedDict, total=False):
    """A graph that someone wants run."""

    prompt: Required[Annotated[dict[str, Any], "id -> {class_type, inputs: {name: value or [source id, output]}}"]]
    client_id: Annotated[str | float | None, "the clientId of the websocket that is to be told of the run"]
    prompt_id: Annotated[str | None, "an id of the client's own for the job: a UUID as it is usually written"]
    number: Annotated[float | None, "its place in the line: the smallest runs first"]
    front: Annotated[bool, "put it before all that wait"]
    extra_data: Annotated[dict[str, Any] | None, "what goes along: extra_pnginfo is written into results"]
    partial_execution_targets: Annotated[list[str] | None, "run only these output nodes"]
    worker: Annotated[str | int | None, "the name or number of the one worker that is to run it"]


class PromptAnswer(TypedDict):
    """A job that is in the line."""

    prompt_id: str
    number: float
    node_errors: Annotated[dict[str, NodeFaults], "what is wrong with nodes of other outputs, which do not run"]


class BadSubmission(Exception):
    """Something beside the prompt is not as the protocol has it; `kind` is the protocol's name for it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Submission:
    """A graph that someone wants run.

    Attributes:
        job: the client's own id for it, or a new one.
        prompt: the graph as it was sent.
        targets: run only these; all if None.
        worker: name or number of the one worker that may run it; None for any.
    """

    job: str
    graph: Graph
    prompt: Mapping[str, Any]
    client: str = ""
    number: float | None = None
    front: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)
    targets: tuple[NodeId, ...] | None = None
    worker: str | int | None = None


def read_submission(body: Mapping[str, Any]) -> Submission:
    """Read the body of POST /prompt.

    Raises:
        BadSubmission, BadPrompt: saying what was expected.
    """
    if body.get("prompt") is None:
        raise BadSubmission("no_prompt", 'No prompt provided: expected {"prompt": {...}}')
    graph = read_prompt(body["prompt"])
    extra = body.get("extra_data")
    if extra is not None and not isinstance(extra, dict):
        raise BadSubmission("invalid_prompt", f"extra_data is {kind_of(extra)}; expected an object")
    written = (extra or {}).get("extra_pnginfo")
    if written is not None and not isinstance(written, dict):
        raise BadSubmission("invalid_prompt", f"extra_pnginfo is {kind_of(written)}; expected an object")
    return Submission(
        job=_job_id(body.get("prompt_id")),
        graph=graph,
        prompt=body["prompt"],
        client=_client(body.get("client_id", (extra or {}).get("client_id"))),
        number=_number(body.get("number")),
        front=bool(body.get("front")),
        extra=extra or {},
        targets=_targets(body.get("partial_execution_targets")),
        worker=_worker(body["worker"] if "worker" in body else (extra or {}).get("worker")),
    )


def _job_id(value: object) -> str:
    """Take the client's id if it is a UUID as it is usually written; it becomes part of addresses and answers."""
    if value is None or value == "":
        return str(uuid.uuid4())
    try:
        if isinstance(value, str) and str(uuid.UUID(value)) == value:
            return value
    except ValueError:
        pass
    shown = str(value)[:80]
    raise BadSubmission(
        "invalid_prompt_id", f"prompt_id {shown!r} is not a UUID such as 123e4567-e89b-12d3-a456-426614174000"
    )


def _client(value: object) -> str:
    """Take the id under which a client listens at /ws; some number theirs."""
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value) > LONGEST_CLIENT_ID:
        raise BadSubmission("invalid_prompt", f"client_id must be a text of at most {LONGEST_CLIENT_ID} characters")
    return value


def _number(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > 2**53 or not math.isfinite(value):
        raise BadSubmission("invalid_prompt", f"number is {str(value)[:40]!r}; expected a number within 2^53")
    return float(value)


def _targets(value: object) -> tuple[NodeId, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise BadSubmission("invalid_prompt", f"partial_execution_targets is {kind_of(value)}; expected a list of ids")
    return tuple(NodeId(str(node_id)) for node_id in value)


def _worker(value: object) -> str | int | None:
    if value is None or (isinstance(value, (str, int)) and not isinstance(value, bool)):
        return value
    raise BadSubmission("invalid_prompt", f"worker is {kind_of(value)}; expected a worker's name or number")
