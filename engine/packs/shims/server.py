"""`server`: what packs reach as `PromptServer.instance`, answered from inside a worker.

Messages go to the client whose job runs, or to all where none runs. Routes are answered on an application of the
worker's own (engine/packs/site.py), to which Weft's server forwards what it does not know itself.
"""

import asyncio
import copy
import io
import json
import logging
from collections.abc import Callable
from functools import cached_property
from typing import Any

from aiohttp import web

from engine.jobs.pack_reports import Said
from engine.packs.blocking import ExecutionBlocker
from engine.packs.current import places_in_use, running_node
from engine.packs.offering import NotOffered

__all__ = ["BinaryEventTypes", "ExecutionBlocker", "PromptServer", "web"]
log = logging.getLogger("engine.packs")
OnPrompt = Callable[[dict[str, Any]], dict[str, Any]]
NOT_IN_WORKER = (
    "A pack asks for PromptServer.instance.{name}, which is not offered to packs: the server is another process. "
    "Use the HTTP interface (docs/api.md) instead."
)


class BinaryEventTypes:
    """Numbers of the binary messages."""

    PREVIEW_IMAGE = 1
    UNENCODED_PREVIEW_IMAGE = 2
    TEXT = 3
    PREVIEW_IMAGE_WITH_METADATA = 4


class PromptServer:
    """What packs reach as `PromptServer.instance`.

    Attributes:
        routes: a table for `@routes.get("/path")` and the like; also answered below /api.
        app: the application that answers; packs may add routes to it, until all packs are loaded.
        client_id: whose job ran last, or runs now; None for jobs of nobody.
        say: set by whoever passes on what is said outside of runs.
    """

    instance: "PromptServer"

    def __init__(self) -> None:
        self.routes = web.RouteTableDef()
        self.app = web.Application(client_max_size=2**40)  # the server that forwards has limits of its own
        self.on_prompt_handlers: list[OnPrompt] = []
        self.client_id: str | None = None
        self.last_prompt_id: str | None = None
        self.supports = ["custom_nodes_from_web"]
        self.number = 0
        self.say: Callable[[Said], None] = _nobody_listens
        self._joined = 0

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotOffered(NOT_IN_WORKER.format(name=name))

    @cached_property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop on which routes are answered; it runs once all packs are loaded."""
        return asyncio.new_event_loop()

    @property
    def last_node_id(self) -> str | None:
        """The node that runs now."""
        context = running_node()
        return context.node_id if context else None

    def send_sync(self, event: str | int, data: Any, sid: str | None = None) -> None:
        """Send a message to the editor whose id is `sid`, or to all."""
        context = running_node()
        if isinstance(event, int):
            self._send_binary(event, data, sid)
        elif context is not None and sid is not None and sid == self.client_id:
            context.send(event, data if isinstance(data, dict) else {"data": data})
        else:
            self.say(Said(event, _as_json(data), sid, _account()))

    async def send(self, event: str | int, data: Any, sid: str | None = None) -> None:
        """The same, for async code."""
        self.send_sync(event, data, sid)

    async def send_json(self, event: str, data: Any, sid: str | None = None) -> None:
        self.send_sync(event, data, sid)

    async def send_bytes(self, event: int, data: Any, sid: str | None = None) -> None:
        self.send_sync(event, data, sid)

    def send_progress_text(self, text: str | bytes, node_id: str, sid: str | None = None) -> None:
        """Show a line of text on the node that runs."""
        context = running_node()
        if context is not None:
            context.show_text(text.decode() if isinstance(text, bytes) else text)

    def queue_updated(self) -> None:
        """Nothing to do: the server tells its clients by itself."""

    def add_on_prompt_handler(self, handler: OnPrompt) -> None:
        """Have a function called with the JSON of each POST /prompt, before it is checked; it gives the JSON to use."""
        self.on_prompt_handlers.append(handler)

    def trigger_on_prompt(self, json_data: dict[str, Any]) -> dict[str, Any]:
        """Let every handler change a prompt. One that fails leaves it as it was, and is logged."""
        for handler in self.on_prompt_handlers:
            before = copy.deepcopy(json_data)
            try:
                changed = handler(json_data)
                json.dumps(changed)
                json_data = changed if isinstance(changed, dict) else before
                if not isinstance(changed, dict):
                    log.error("A pack's handler of prompts (%r) gave %s instead of the prompt.", handler, type(changed))
            except Exception:
                log.exception("A pack's handler of prompts (%r) failed; the prompt stays as it was.", handler)
                json_data = before
        return json_data

    def join_routes(self, *, leave_out: bool = False) -> list[str]:
        """Add what was collected in `routes` since last time to the application, also below /api.

        Gives what is wrong with routes that cannot be added: the others are.

        Args:
            leave_out: forget them instead: their pack failed.
        """
        collected: list[Any] = [] if leave_out else list(self.routes)[self._joined :]
        self._joined = len(self.routes)
        problems = []
        for route in collected:
            try:
                self.app.router.add_routes([route, _below_api(route)])
            except (ValueError, RuntimeError, TypeError) as error:
                problems.append(f"The route {route!r} cannot be added: {error}")
        return problems

    def _send_binary(self, event: int, data: Any, sid: str | None) -> None:
        if event == BinaryEventTypes.UNENCODED_PREVIEW_IMAGE:
            event, data = BinaryEventTypes.PREVIEW_IMAGE, _encoded(data)
        context = running_node()
        client = sid if sid is not None or context is None else self.client_id
        if context is None or client is not None:  # the job of nobody is watched by nobody
            self.say(Said(event, bytes(data), client, _account()))


def _account() -> str | None:
    """Name the account for which code of a pack runs now; None where it runs for nobody."""
    places = places_in_use()
    return None if places is None else places.owner


def _below_api(route: Any) -> Any:
    if isinstance(route, web.StaticDef):
        return web.StaticDef(f"/api{route.prefix}", route.path, route.kwargs)
    return web.RouteDef(route.method, f"/api{route.path}", route.handler, dict(route.kwargs))


def _encoded(preview: tuple[str, Any, int | None]) -> bytes:
    """Write ("JPEG" or "PNG", PIL image, largest side) as image type (uint32) and file."""
    kind, picture, side = preview
    picture = picture.copy()
    if side:
        picture.thumbnail((side, side))
    file = io.BytesIO()
    picture.convert("RGB").save(file, kind)
    return (2 if kind == "PNG" else 1).to_bytes(4, "big") + file.getvalue()


def _as_json(data: Any) -> Any:
    """Make data of it that JSON can hold; what it cannot becomes text."""
    return json.loads(json.dumps(data, default=str))


def _nobody_listens(said: Said) -> None:
    log.warning("A pack said %r before the worker was up; nobody gets it.", said.kind)


PromptServer.instance = PromptServer()
