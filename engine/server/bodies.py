"""How are the parts of a request read that several routes have?"""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from engine.wire.json_text import BadJson, kind_of, read_object

LARGEST_COUNT = 2**53


async def read_body(request: web.Request) -> dict[str, Any]:
    """Read a JSON object; no body at all counts as {}. Raises BadJson, which is answered with 400."""
    return read_object(await request.read())


def ids_in(body: Mapping[str, Any], name: str) -> list[str]:
    """Read a list of ids, empty if there is none."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadJson(f"{name!r} is {kind_of(value)}; expected a list of ids.")
    return [str(item) for item in value]


def count_in(request: web.Request, name: str) -> int | None:
    """Read a whole number >= 0 from the query; None if it is absent."""
    text = request.query.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 16:
        raise web.HTTPBadRequest(text=f"{name}={text[:40]!r}: expected a whole number from 0 on.")
    return int(text)


def switch_in(request: web.Request, name: str, default: bool = False) -> bool:
    """Read true or false from the query."""
    text = request.query.get(name)
    return default if text is None else text.lower() in ("true", "1", "yes")
