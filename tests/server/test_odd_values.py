"""Whatever JSON stands in whichever field, the answer is a clear one, and the server goes on."""

from typing import Any

import pytest

from tests.doubles import entry

ODD: list[Any] = [
    None, True, -1, 0, 1e308, 2**70, -(2**70), 0.5, "", "x", "\ud800", "\0", "x" * 10_000, [], [[]], {}, {"a": {}},
    ["1"], ["1", 0], ["1", -1], ["1", 2**70], [{}, 0], ["2", 0], ["nowhere", 0], {"__value__": None},
    {"__value__": [[]]},
]  # fmt: skip
FINE = {"1": entry("Constant"), "2": entry("Add", a=["1", 0]), "3": entry("Show", value=["2", 0])}


async def answers_clearly(site: Any, path: str, body: Any) -> None:
    answer = await site.http.post(path, json=body)
    text = await answer.text()
    assert answer.status < 500, (path, body, text)
    assert "Traceback" not in text
    if answer.status >= 400:
        assert (await answer.json())["error"]


@pytest.mark.parametrize(
    "field", ["prompt", "client_id", "prompt_id", "number", "front", "extra_data", "partial_execution_targets", "more"]
)
async def test_fields_of_a_submission(site, field):
    for odd in ODD:
        await answers_clearly(site, "/prompt", {"prompt": FINE, field: odd})
    assert (await site.run(FINE))["status"]["completed"] is True
    await site.get("/queue")
    await site.get("/history")
    await site.get("/api/jobs")


@pytest.mark.parametrize("field", ["class_type", "inputs", "_meta", "more"])
async def test_fields_of_a_node(site, field):
    for odd in ODD:
        await answers_clearly(site, "/prompt", {"prompt": {**FINE, "2": {**FINE["2"], field: odd}}})


@pytest.mark.parametrize(("node", "field"), [("1", "value"), ("2", "a"), ("2", "b"), ("2", "unknown"), ("3", "value")])
async def test_inputs_of_a_node(site, node, field):
    for odd in ODD:
        changed = {**FINE[node], "inputs": {**FINE[node]["inputs"], field: odd}}  # type: ignore[dict-item]
        await answers_clearly(site, "/prompt", {"prompt": {**FINE, node: changed}})


async def test_a_choice(site):
    for odd in ODD:
        await answers_clearly(site, "/prompt", {"prompt": {"1": entry("ChooseModel", name=odd, mode=odd)}})


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/queue", "delete"),
        ("/queue", "clear"),
        ("/history", "delete"),
        ("/history", "clear"),
        ("/interrupt", "prompt_id"),
        ("/free", "unload_models"),
        ("/settings", "Weft.Odd"),
    ],
)
async def test_fields_of_other_routes(site, path, field):
    for odd in ODD:
        await answers_clearly(site, path, {field: odd})
        await answers_clearly(site, path, odd)


@pytest.mark.parametrize("path", ["/history", "/api/jobs"])
@pytest.mark.parametrize("name", ["max_items", "offset", "limit"])
async def test_numbers_in_queries(site, path, name):
    for odd in ("-1", "x", "1.5", "9" * 30, "", "0", "\u0663", "null"):
        assert (await site.http.get(path, params={name: odd})).status < 500
