"""`server`: the part of PromptServer that can be answered from inside a worker.

Messages go to the client whose job runs. Routes are collected, but not served yet: that is said once, in the log.
"""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from engine.packs.current import running_node

F = TypeVar("F", bound=Callable[..., Any])
log = logging.getLogger("engine.packs")


class CollectedRoutes:
    """Takes the place of an aiohttp route table: `@PromptServer.instance.routes.get("/path")`."""

    def __init__(self) -> None:
        self.collected: list[tuple[str, str, Callable[..., Any]]] = []

    def route(self, method: str, path: str, **_options: Any) -> Callable[[F], F]:
        def keep(handler: F) -> F:
            if not self.collected:
                log.warning("Packs add HTTP routes (the first: %s %s), which are not served yet.", method, path)
            self.collected.append((method, path, handler))
            return handler

        return keep

    def get(self, path: str, **options: Any) -> Callable[[F], F]:
        return self.route("GET", path, **options)

    def post(self, path: str, **options: Any) -> Callable[[F], F]:
        return self.route("POST", path, **options)

    def put(self, path: str, **options: Any) -> Callable[[F], F]:
        return self.route("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> Callable[[F], F]:
        return self.route("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> Callable[[F], F]:
        return self.route("DELETE", path, **options)

    def view(self, path: str, **options: Any) -> Callable[[F], F]:
        return self.route("*", path, **options)

    def static(self, prefix: str, path: Any, **_options: Any) -> None:
        self.route("GET", f"{prefix}/*")(lambda request: path)


class PromptServer:
    """What packs reach as `PromptServer.instance`."""

    instance: "PromptServer"

    def __init__(self) -> None:
        self.routes = CollectedRoutes()
        self.client_id: str | None = None  # every message goes to the client of the running job anyway
        self.supports = ["custom_nodes_from_web"]

    @property
    def last_node_id(self) -> str | None:
        """The node that runs now."""
        context = running_node()
        return context.node_id if context else None

    def send_sync(self, event: str, data: Any, sid: str | None = None) -> None:
        """Send a message to the editor whose job runs; where none runs, it goes nowhere, and the log says so."""
        context = running_node()
        if context is None:
            log.warning("A pack sent %r while no node of its own was running; nobody gets it.", event)
        else:
            context.send(event, data if isinstance(data, dict) else {"data": data})

    def send_progress_text(self, text: str, node_id: str, sid: str | None = None) -> None:
        """Show a line of text on the node that runs."""
        context = running_node()
        if context is not None:
            context.show_text(text)

    def add_on_prompt_handler(self, handler: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Say that handlers of prompts, which would change them in the server, are not called."""
        log.warning("A pack wants to change prompts before they run (%r), which is not supported.", handler)


PromptServer.instance = PromptServer()


class BinaryEventTypes:
    """Numbers of the binary messages."""

    PREVIEW_IMAGE = 1
    UNENCODED_PREVIEW_IMAGE = 2
    TEXT = 3
