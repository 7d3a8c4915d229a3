"""How are jobs written, waiting ones (/queue) and ended ones (/history)?"""

from collections.abc import Mapping
from typing import Any

from engine.execution.events import Place
from engine.jobs.history import HistoryItem
from engine.jobs.job import Job
from engine.wire.messages import course

# What a client may send along for its nodes, but nobody else may read.
SECRETS = frozenset({"auth_token_comfy_org", "api_key_comfy_org"})


def queue_item(job: Job) -> list[Any]:
    """Write `[number, prompt_id, prompt, extra_data, outputs_to_execute]`, without the secrets of its client."""
    request = job.request
    extra = {name: value for name, value in request.extra.items() if name not in SECRETS}
    told = {"client_id": job.client} if job.client else {}
    told |= {"worker": job.worker} if job.worker else {}
    extra_data = {**extra, **told, "create_time": job.created_ms}
    return [whole(job.number), job.id, dict(request.prompt), extra_data, list(request.targets)]


def history_item(item: HistoryItem) -> dict[str, Any]:
    """Write an ended job: its prompt, what its nodes show, and how it went."""
    outcome = item.outcome
    success = outcome.status == "success"
    marks = [list(named) for named in map(course, item.events) if named is not None]
    return {
        "prompt": queue_item(item.job),
        "outputs": {node: dict(ui) for node, ui in outcome.outputs.items()},
        "status": {
            "status_str": "success" if success else "error",
            "completed": success,
            "messages": marks,
        },
        "meta": _meta(outcome.places),
    }


def _meta(places: Mapping[str, Place]) -> dict[str, Any]:
    return {
        node: {
            "node_id": node,
            "display_node": place.display,
            "parent_node": place.parent,
            "real_node_id": place.real,
        }
        for node, place in places.items()
    }


def whole(number: float) -> float:
    """Write whole numbers without a decimal point."""
    return int(number) if number.is_integer() else number
