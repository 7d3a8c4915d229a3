"""How are the routes described for clients and generators? As OpenAPI 3.1, from the routes and their types alone."""

import inspect
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web

from engine.server.described import About, Content, Trouble, about
from engine.wire.schema import SchemaWriter

METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH")  # of those that handlers are written for
PREFIX = "/api"
EVERYWHERE = [{"url": "/"}, {"url": PREFIX}]
ONLY_HERE = [{"url": "/"}]

Document = dict[str, Any]


def describe_routes(app: web.Application, version: str) -> Document:
    """Write the OpenAPI document of an application; what also answers below /api is listed once."""
    writer = _Writer()
    handlers = _handlers(app)
    paths: Document = {}
    for (path, method), handler in handlers.items():
        twin = (path.removeprefix(PREFIX), method)
        if path.startswith(f"{PREFIX}/") and twin in handlers:
            continue
        both = (PREFIX + path, method) in handlers
        item = paths.setdefault(path, {} if both else {"servers": ONLY_HERE})
        item[method.lower()] = writer.operation(path, method, handler)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Weft",
            "version": version,
            "description": "Queue graphs, follow their runs at /ws, and fetch what they make. See docs/api.md.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": EVERYWHERE,
        "paths": paths,
        "components": {"schemas": dict(sorted(writer.schemas.named.items()))},
    }


def _handlers(app: web.Application) -> dict[tuple[str, str], Any]:
    """Give the handlers by (path, method), in the order in which they are looked up."""
    found: dict[tuple[str, str], Any] = {}
    for route in app.router.routes():
        if route.method in METHODS and route.resource is not None:
            found.setdefault((route.resource.canonical, route.method), route.handler)
    return found


class _Writer:
    def __init__(self) -> None:
        self.schemas = SchemaWriter()

    def operation(self, path: str, method: str, handler: Any) -> Document:
        told = about(handler)
        summary, _, more = (inspect.getdoc(handler) or handler.__name__).partition("\n")
        written: Document = {
            "operationId": "_".join([method.lower(), *re.findall(r"\w+", path)]),
            "tags": [handler.__module__.rpartition(".")[2]],
            "summary": summary.rstrip("."),
            "parameters": [*self._in_path(path), *self._in_query(told.query)],
            "responses": self._responses(told),
        }
        if more.strip():
            written["description"] = more.strip()
        if told.body is not None:
            needed = not isinstance(told.body, Content) and bool(getattr(told.body, "__required_keys__", ()))
            written["requestBody"] = {"content": self._content(told.body), "required": needed}
        return written

    def _in_path(self, path: str) -> Iterable[Document]:
        for name in re.findall(r"{(\w+)}", path):
            yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}

    def _in_query(self, query: type | None) -> Iterable[Document]:
        for name, (schema, required) in self.schemas.fields(query).items() if query else ():
            description = schema.pop("description", "")
            yield {"name": name, "in": "query", "required": required, "schema": schema, "description": description}

    def _responses(self, told: About) -> Document:
        answers: Mapping[int, Any] = {told.status: told.answer, **told.refusals}
        written = {
            str(status): {
                "description": HTTPStatus(status).phrase,
                **({} if answer is None else {"content": self._content(answer)}),
            }
            for status, answer in answers.items()
        }
        refused = {"description": "What is wrong, in words", "content": self._content(Trouble)}
        return {**written, "default": refused}

    def _content(self, body: Any) -> Document:
        if not isinstance(body, Content):
            return {"application/json": {"schema": self.schemas.write(body)}}
        return {body.media: {"schema": self._form(body.form)} if body.form else {}}

    def _form(self, form: type) -> Document:
        schemas = self.schemas.fields(form)
        return {
            "type": "object",
            "properties": {name: schema for name, (schema, _) in schemas.items()},
            "required": [name for name, (_, required) in schemas.items() if required],
        }
