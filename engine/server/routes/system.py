"""/system_stats, /features: what this server is and has."""

import asyncio
import contextlib
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Annotated, Any, TypedDict

from aiohttp import web

from engine.errors import EngineError
from engine.jobs.dispatch import Dispatcher, WorkerView
from engine.jobs.worker import DeviceStats, Worker, WorkerDescription
from engine.machine import main_memory
from engine.server.described import described
from engine.server.middleware import json_response
from engine.server.services import Services, services_of
from engine.server.users import may_change

routes = web.RouteTableDef()
WEFT_VERSION = "0.1.0"
INTERFACE_VERSION = "0.3.68"  # clients compare `comfyui_version`; this is the interface that is served
STATS_WITHIN_S = 3.0
HIDDEN = "(hidden)"


class System(TypedDict):
    """The machine and the program; sizes in bytes."""

    os: str
    ram_total: int
    ram_free: int
    comfyui_version: Annotated[str, "the version of the interface that is served"]
    weft_version: str
    required_frontend_version: str
    python_version: str
    pytorch_version: str
    embedded_python: bool
    machine: str
    argv: list[str]


class Device(TypedDict):
    """What a worker computes on; sizes in bytes, a CPU's are the machine's."""

    name: str
    type: str
    index: int | None
    vram_total: int
    vram_free: int
    torch_vram_total: int
    torch_vram_free: int


class SystemStats(TypedDict):
    """What this server is and has."""

    system: System
    devices: list[Device]
    workers: Annotated[list[dict[str, Any]], "name, device, state and job of each worker"]


@routes.get("/system_stats")
@described(answer=SystemStats)
async def system_stats(request: web.Request) -> web.Response:
    """Describe machine, devices and workers; the devices of a worker that is still starting are left out."""
    services = services_of(request)
    dispatcher = services.dispatcher
    workers = await asyncio.gather(*(_ask(dispatcher, worker) for worker in dispatcher.workers))
    known = [description for description in workers if description is not None]
    total, free = main_memory()
    system: System = {
        "os": sys.platform,
        "ram_total": total,
        "ram_free": free,
        "comfyui_version": INTERFACE_VERSION,
        "weft_version": WEFT_VERSION,
        "required_frontend_version": "",
        "python_version": sys.version,
        "pytorch_version": known[0].torch_version if known else "",
        "embedded_python": False,
        "machine": platform.machine(),
        "argv": without_secrets(sys.argv),
    }
    # several workers may share a device; what they say of it differs only by the moment
    devices = {(stats.type, stats.index): stats for description in known for stats in description.devices}
    stats: SystemStats = {
        "system": system,
        "devices": [_device(stats, total, free) for stats in devices.values()],
        "workers": [asdict(_without_others(view, request)) for view in dispatcher.views()],
    }
    return json_response(stats)


def without_secrets(arguments: Sequence[str]) -> list[str]:
    """Give a command line with the login's token left out."""
    shown = list(arguments)
    for index, argument in enumerate(arguments):
        if argument.startswith("--token="):
            shown[index] = f"--token={HIDDEN}"
        elif index and arguments[index - 1] == "--token":
            shown[index] = HIDDEN
    return shown


def _without_others(view: WorkerView, request: web.Request) -> WorkerView:
    """Leave out which job runs where it is another account's."""
    mine = may_change(request)
    job = view.job and services_of(request).queue.find(view.job)
    return view if mine is None or (job and job.user == mine) else replace(view, job=None)


async def _ask(dispatcher: Dispatcher, worker: Worker) -> WorkerDescription | None:
    """Ask a worker how it is; one that cannot say is shown as it was."""
    if worker.stage != "dead":  # asking would start it again
        with contextlib.suppress(TimeoutError, EngineError):
            return await asyncio.wait_for(dispatcher.staff.describe(worker), STATS_WITHIN_S)
    return dispatcher.staff.last_description(worker)


def _device(stats: DeviceStats, ram_total: int, ram_free: int) -> Device:
    """Write a device; a CPU's memory is the machine's."""
    cpu = stats.type == "cpu"
    return {
        "name": stats.name,
        "type": stats.type,
        "index": stats.index,
        "vram_total": ram_total if cpu else stats.memory_total,
        "vram_free": ram_free if cpu else stats.memory_free,
        "torch_vram_total": ram_total if cpu else stats.torch_memory_total,
        "torch_vram_free": ram_free if cpu else stats.torch_memory_free,
    }


@routes.get("/features")
@described(answer=dict[str, Any])
async def features(request: web.Request) -> web.Response:
    """Say what the server can do, as on the websocket."""
    return json_response(feature_flags(services_of(request)))


def feature_flags(services: Services) -> dict[str, Any]:
    """Give the flags that clients ask for."""
    return {"supports_preview_metadata": True, "max_upload_size": services.options.max_upload_bytes}
