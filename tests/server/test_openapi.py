"""The description of the routes is valid OpenAPI 3.1, complete, and true of real answers."""

import io
import json
from typing import Any

import aiohttp
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from PIL import Image

from engine.server import openapi
from tests.doubles import entry

SHOWN = {"1": entry("Constant"), "2": entry("SaveText", value=["1", 0])}
FAILING = {"1": entry("Constant"), "2": entry("Fail", value=["1", 0]), "3": entry("Show", value=["2", 0])}
WRONG = {"1": {"class_type": "Constant", "inputs": {"value": 1000}}, "2": SHOWN["2"]}
METHODS = {"get", "put", "post", "delete", "patch"}


@pytest.fixture
async def document(site: Any) -> dict[str, Any]:
    found: dict[str, Any] = await site.get("/openapi.json")
    return found


async def test_it_is_valid_openapi(site, document):
    assert document["openapi"] == "3.1.0" and await site.get("/api/openapi.json") == document
    OpenAPIV31SpecValidator(document).validate()
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


async def test_every_route_is_in_it_and_the_other_way_round(site, document):
    routes = list(site.http.app.router.routes())
    registered = {
        (route.resource.canonical, route.method)
        for route in routes
        if route.method in openapi.METHODS and route.resource is not None
    }
    told = set()
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
            told.add((path, method.upper()))
            if "servers" not in item:
                told.add((f"/api{path}", method.upper()))
    assert told == registered
    others = {route.method for route in routes} - {*openapi.METHODS, "HEAD", "*"}
    assert not others


async def test_every_operation_says_what_it_does(document):
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
            operation = item[method]
            assert len(operation["summary"]) > 10, path
            names = {part["name"] for part in operation["parameters"] if part["in"] == "path"}
            assert names == {part[1:-1] for part in path.split("/") if part.startswith("{")}
            assert all(schema["description"] for schema in document["components"]["schemas"].values())


def check(document: dict[str, Any], path: str, method: str, status: int, value: Any) -> None:
    """Compare an answer with what the document says of it."""
    responses = document["paths"][path][method]["responses"]
    content = responses.get(str(status), responses["default"]).get("content")
    if content is None:
        assert value is None, (path, value)
        return
    schema = {**content["application/json"]["schema"], "components": document["components"]}
    problems = [
        f"{problem.json_path}: {problem.message}" for problem in Draft202012Validator(schema).iter_errors(value)
    ]
    assert not problems, (path, problems)


@pytest.fixture
async def used(site: Any, tmp_path: Any) -> dict[str, str]:
    """A server on which things have happened; gives what stands for the names in paths."""
    done = await site.run(SHOWN, extra_data={"extra_pnginfo": {"workflow": {"id": "w"}}}, client_id="me")
    await site.run(FAILING)
    await site.run({**SHOWN, "3": {"class_type": "Show", "inputs": {}}})
    (tmp_path / "models" / "loras").mkdir(parents=True)
    (tmp_path / "models" / "loras" / "a.safetensors").write_bytes(model(title="x"))
    await site.http.put("/weft/workflows/b.json", data=b"{}")
    await site.http.delete("/weft/workflows/b.json")
    await site.http.put("/weft/drafts/d", json={"name": "d", "workflow": {}})
    await site.http.post("/userdata/workflows%2Fa.json", data=b"{}")
    await site.http.post("/settings", json={"Weft.Colour": "dark"})
    return {
        "{prompt_id}": done["prompt"][1], "{id}": done["prompt"][1], "{node_type}": "Constant", "{folder}": "loras",
        "{type}": "output", "{name}": "a.json", "{number}": "1",
    }  # fmt: skip


def model(**metadata: str) -> bytes:
    header = json.dumps({"__metadata__": metadata}).encode()
    return len(header).to_bytes(8, "little") + header


QUERIES = {
    "/userdata": ["?dir=workflows", "?dir=workflows&full_info=true", "?dir=workflows&split=true", "", "?dir=no"],
    "/v2/userdata": ["", "?path=workflows", "?path=none"],
    "/weft/models/about": ["", "?kind=checkpoints&name=a.safetensors", "?kind=loras&name=none.safetensors"],
    "/view_metadata/{folder}": ["?filename=a.safetensors", "?filename=b.safetensors"],
    "/history": ["", "?max_items=1", "?max_items=-1"],
    "/jobs": ["", "?status=failed", "?status=lost"],
    "/jobs/{id}": [""],
}


def answers_json(operation: dict[str, Any]) -> bool:
    return all("application/json" in answer.get("content", {}) for answer in operation["responses"].values())


async def test_what_is_got_is_what_is_described(site, document, used):
    compared = 0
    for path, item in document["paths"].items():
        if "get" not in item or not answers_json(item["get"]):
            continue
        address = path.replace("{id}", "Weft.Colour") if path.startswith("/settings") else path
        for name, value in used.items():
            address = address.replace(name, value)
        for query in QUERIES.get(path, [""]):
            answer = await site.http.get(address + query)
            check(document, path, "get", answer.status, await answer.json())
            compared += 1
    assert compared > 30
    jobs = (await site.get("/jobs?status=failed"))["jobs"]
    assert jobs[0]["execution_error"]["exception_message"] == "it went wrong"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/prompt", {"prompt": SHOWN}),
        ("/prompt", {"prompt": {**SHOWN, **{"8": WRONG["1"], "9": entry("Show", value=["8", 0])}}}),
        ("/prompt", {"prompt": WRONG}),
        ("/prompt", {}),
        ("/prompt", {"prompt": SHOWN, "prompt_id": "x"}),
        ("/queue", {"clear": True}),
        ("/queue", {"delete": 3}),
        ("/interrupt", {}),
        ("/free", {"free_memory": True}),
        ("/history", {"delete": ["x"]}),
        ("/settings", {"a": 1}),
        ("/users", {"username": "x"}),
    ],
)
async def test_what_a_post_is_answered_is_what_is_described(site, document, path, body):
    answer = await site.http.post(path, json=body)
    text = await answer.text()
    check(document, path, "post", answer.status, json.loads(text) if text else None)


async def test_uploads_are_answered_as_described(site, document):
    picture = io.BytesIO()
    Image.new("RGB", (2, 2)).save(picture, "png")
    form = aiohttp.FormData({"overwrite": "true"})
    form.add_field("image", picture.getvalue(), filename="a.png")
    answer = await site.http.post("/upload/image", data=form)
    check(document, "/upload/image", "post", answer.status, await answer.json())
    fields = document["paths"]["/upload/mask"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(fields["required"]) == {"image", "original_ref"}


async def test_what_is_sent_in_tests_is_what_is_described(document):
    """The bodies that clients send fit the described body, and odd ones do not."""
    body = document["paths"]["/prompt"]["post"]["requestBody"]
    schema = {**body["content"]["application/json"]["schema"], "components": document["components"]}
    fits = Draft202012Validator(schema).is_valid
    assert body["required"] and fits({"prompt": SHOWN, "client_id": "a", "number": -1, "front": True})
    assert not fits({}) and not fits({"prompt": []}) and not fits({"prompt": {}, "front": "yes"})
