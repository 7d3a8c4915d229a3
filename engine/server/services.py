"""What do the routes work with? Built once by main.py, frozen after that."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from engine.files.places import Places
from engine.files.safetensors_header import CheckpointHeader
from engine.graph.registry import Registry
from engine.jobs.bus import EventBus
from engine.jobs.dispatch import Dispatcher
from engine.jobs.history import History
from engine.jobs.queue import JobQueue
from engine.jobs.store import JobStore
from engine.options import Options
from engine.server.clients import Clients
from engine.server.log_book import LogBook
from engine.server.pack_book import PackBook

TellFamily = Callable[[CheckpointHeader], str]


def _nothing_known(header: CheckpointHeader) -> str:
    return ""


@dataclass(frozen=True)
class Services:
    """Everything a route may use.

    Attributes:
        registry: the native node types at once; those of packs as soon as a worker has told them.
        tell_family: names the family of a model by its file's header; empty where none is known.
    """

    options: Options
    places: Places
    registry: Registry
    queue: JobQueue
    history: History
    bus: EventBus
    dispatcher: Dispatcher
    clients: Clients
    log_book: LogBook
    packs: PackBook
    store: JobStore
    tell_family: TellFamily = _nothing_known


SERVICES = web.AppKey("services", Services)


def services_of(request: web.Request) -> Services:
    """Give the services of the application that handles a request."""
    return request.app[SERVICES]
