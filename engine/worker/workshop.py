"""What does a worker work with, in whichever process it sits?"""

import logging
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module

from engine.execution.cache import ResultCache
from engine.execution.context import Resources
from engine.execution.events import Event
from engine.execution.lifecycle import NodeLifecycle
from engine.execution.local import LocalExecutor
from engine.execution.outcome import Outcome, RunRequest
from engine.graph.definition import NodeDefinition
from engine.graph.nodes import NodeId
from engine.graph.own_check import OwnCheck, own_problems
from engine.graph.problems import Problem
from engine.graph.registry import Registry
from engine.jobs.pack_reports import BroughtByPacks, Said
from engine.jobs.worker import DeviceStats, WorkerDescription
from engine.log_lines import about
from engine.machine import resident_memory
from engine.worker.setup import WorkerSetup

log = logging.getLogger(__name__)


def _no_devices() -> Sequence[DeviceStats]:
    return ()


def _nothing() -> None:
    return None


def _to_nobody(say: Callable[[Said], None]) -> None:
    return None


def _no_matter(request: RunRequest) -> None:
    return None


@dataclass(frozen=True)
class Equipment:
    """What the nodes of a worker need.

    Attributes:
        added: definitions that the server does not know by itself: those of the packs.
        brought: says what the packs bring beside node types; may be asked from any thread, again and again.
        read_again: the same definitions, with the choices that there are now; runs code of packs.
        said_by_packs: takes whoever passes on what packs say to the editors.
        begins: told of each run before it begins.
        accelerators: how many the machine has.
        devices: asks the devices how they are; called from any thread.
        release_models: lets go of weights on devices that nothing uses any more.
        prepare: does what the first job would wait for, such as slow imports; in the thread that runs jobs, since
            transformers cannot be imported by two threads at once.
    """

    registry: Registry
    resources: Resources
    lifecycles: Sequence[NodeLifecycle] = ()
    cache: ResultCache | None = None
    added: Sequence[NodeDefinition] = ()
    devices: Callable[[], Sequence[DeviceStats]] = _no_devices
    release_models: Callable[[], None] = _nothing
    prepare: Callable[[], None] = _nothing
    brought: Callable[[], BroughtByPacks] = BroughtByPacks
    said_by_packs: Callable[[Callable[[Said], None]], None] = _to_nobody
    begins: Callable[[RunRequest], None] = _no_matter
    read_again: Callable[[], Sequence[NodeDefinition]] | None = None
    torch_version: str = ""
    accelerators: int = 0


class Workshop:
    """An executor and its equipment. Building one may take seconds: it imports what the nodes need."""

    def __init__(self, setup: WorkerSetup, importing: Callable[[str], None] = lambda pack: None) -> None:
        """Build one; `importing` is told of each pack before it is imported."""
        module, function = setup.equipment.split(":")
        equip: Callable[[WorkerSetup, Callable[[str], None]], Equipment] = getattr(import_module(module), function)
        self._equipment = equip(setup, importing)
        self._places = setup.places
        self._executor = LocalExecutor(
            self._equipment.registry,
            setup.places,
            self._equipment.resources,
            self._equipment.lifecycles,
            self._equipment.cache,
        )

    def run(self, request: RunRequest, emit: Callable[[Event], None]) -> Outcome:
        with about(job=request.job, user=request.user):
            self._equipment.begins(request)
            outcome = self._executor.run(request, emit)
        return replace(outcome, memory_bytes=resident_memory(), device_bytes=self._device_bytes())

    def _device_bytes(self) -> int:
        """Ask how much memory is in use on the device; one that a node has broken gives no answer."""
        try:
            return sum(stats.torch_memory_total - stats.torch_memory_free for stats in self._equipment.devices())
        except Exception:
            log.exception("The device does not say how much memory is in use.")
            return 0

    @property
    def is_stuck(self) -> bool:
        """Whether async code of the last job goes on, though the job has ended."""
        return self._executor.is_stuck

    def pass_on(self, say: Callable[[Said], None]) -> None:
        """Have what packs say to the editors, outside of any run, passed on."""
        self._equipment.said_by_packs(say)

    def interrupt(self, job: str) -> None:
        self._executor.interrupt(job)

    def forget(self, job: str) -> None:
        """Forget a cancel that came while the job ended."""
        self._executor.forget(job)

    def release(self, *, models: bool, results: bool) -> None:
        self._executor.release(models=models, results=results)
        if models:
            self._equipment.release_models()

    def check(self, checks: Sequence[OwnCheck], answer: Callable[[NodeId, Sequence[Problem]], None]) -> None:
        """Let node types check inputs of theirs, in a thread of its own: the code of strangers may take for ever.

        Args:
            answer: called in that thread with what is said of each node, one after the other.
        """

        def ask() -> None:
            registry = self._equipment.registry
            for told in checks:
                known = told.type in registry
                places = self._places.of_owner(told.owner)
                answer(told.node, own_problems(registry[told.type], told, places) if known else ())

        threading.Thread(target=ask, name="checks", daemon=True).start()

    def prepare(self) -> None:
        """Do now what the first job would wait for."""
        try:
            self._equipment.prepare()
        except Exception:
            log.exception("Not ready ahead of time; the first node that needs it will say what is wrong.")

    def describe(self, *, anew: bool = False) -> WorkerDescription:
        """Say what there is; safe to call while a job runs.

        Args:
            anew: ask packs again for the choices of their node types: their code runs, and may take its time.
        """
        equipment = self._equipment
        found = equipment.read_again() if anew and equipment.read_again else equipment.added
        added = tuple(definition.described() for definition in found)
        devices = tuple(equipment.devices())
        return WorkerDescription(
            added, devices, equipment.torch_version, os.getpid(), equipment.accelerators, equipment.brought(), anew
        )

    def close(self) -> None:
        self._executor.close()
