"""How is a worker process kept alive: started when it is needed, replaced when it dies?"""

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from engine.errors import Interrupted, WorkerDied
from engine.execution.events import Event
from engine.execution.outcome import Outcome, RunRequest
from engine.graph.nodes import NodeId
from engine.graph.own_check import OwnCheck
from engine.graph.problems import Problem
from engine.jobs.pack_reports import Said
from engine.jobs.worker import Cancel, Release, Stage, WorkerBegan, WorkerDescription, WorkerEnded
from engine.worker.endings import STUCK
from engine.worker.life import Life
from engine.worker.setup import WorkerSetup

log = logging.getLogger(__name__)
T = TypeVar("T")
DESCRIBE_WITHIN_S = 2.0
TRY_AGAIN_AFTER_S = 5.0  # a worker that cannot even start is not started more often than this
STEADY_AFTER_S = 10.0  # one that died idle is replaced at once if it was up for so long


class ProcessWorker:
    """A worker in a process of its own. Every method is called from the server's event loop, and none blocks it."""

    def __init__(self, setup: WorkerSetup, echo: Callable[[bytes], None] | None = None) -> None:
        """Prepare a worker.

        Args:
            echo: gets what the process prints; standard error if None.
        """
        self.name = setup.name
        self.said: Callable[[Said], None] = lambda said: None
        self.lived: Callable[[WorkerBegan | WorkerEnded], None] = lambda news: None
        self._setup = setup
        self._echo = echo or _to_stderr
        self._birth: asyncio.Task[Life] | None = None
        self._stopping = asyncio.Event()
        self._failed_at_s = 0.0
        self._job: str | None = None
        self._cancelled = asyncio.Event()  # the job, before it reached the process

    @property
    def stage(self) -> Stage:
        birth = self._birth
        if birth is None or not birth.done():
            return "starting"
        life = self._living()
        if life is None:
            return "dead"
        return "up" if life.was_up else "starting"

    async def start(self) -> None:
        self._begin_life()

    async def describe(self, *, anew: bool = False) -> WorkerDescription:
        life = await self._up()
        first = await life.up()
        try:
            return await asyncio.wait_for(life.describe_again(anew=anew), DESCRIBE_WITHIN_S)
        except TimeoutError:
            return first  # busy in a call that lets no other thread run

    async def check(self, checks: Sequence[OwnCheck], within_s: float) -> Mapping[NodeId, Sequence[Problem]]:
        life = await self._up()
        answers = await life.check(checks, within_s)
        if self._job is None:
            self._replace_if_stuck(life)
        return answers

    async def run(self, request: RunRequest, emit: Callable[[Event], None]) -> Outcome:
        self._job = request.job
        self._cancelled.clear()
        try:
            return await self._run(request, emit)
        finally:
            self._job = None

    async def _run(self, request: RunRequest, emit: Callable[[Event], None], *, again: bool = True) -> Outcome:
        life = await self._unless_cancelled(self._up())
        try:
            return await life.run(request, emit)
        except WorkerDied:
            if life.job_began or self._stopping.is_set() or not again:
                raise
        finally:
            self._replace_if_stuck(life)
        log.info("The job %s had not begun, and goes to a fresh process.", request.job)
        return await self._run(request, emit, again=False)

    def cancel(self, job: str) -> None:
        if job != self._job:
            return
        self._cancelled.set()
        life = self._living()
        if life is not None:
            life.send(Cancel(job))

    def abandon(self, job: str) -> None:
        life = self._living()
        if job == self._job and life is not None:
            life.kill("cancelled")

    async def release(self, *, models: bool, results: bool) -> None:
        life = self._living()
        if life is not None:
            life.send(Release(models, results))

    async def stop(self) -> None:
        self._stopping.set()
        if self._birth is not None:
            with contextlib.suppress(WorkerDied):
                await (await self._birth).stop()

    async def _up(self) -> Life:
        """Wait for a process that is up; one that died while it imported a pack is started again without it.

        Raises:
            WorkerDied: it cannot start.
        """
        while True:
            life = await asyncio.shield(self._begin_life())
            try:
                await life.up()
            except WorkerDied:
                if life.importing is None or self._stopping.is_set():
                    raise
            else:
                return life

    async def _unless_cancelled(self, starting: Coroutine[Any, Any, T]) -> T:
        """Wait for something, but no longer once the job is cancelled."""
        task = asyncio.ensure_future(starting)
        cancelled = asyncio.ensure_future(self._cancelled.wait())
        try:
            await asyncio.wait([task, cancelled], return_when=asyncio.FIRST_COMPLETED)
            if self._cancelled.is_set():
                raise Interrupted("The job was cancelled before its worker was ready.")
            return await task
        finally:
            task.cancel()
            cancelled.cancel()

    def _living(self) -> Life | None:
        """Give the process, if there is one now."""
        birth = self._birth
        if birth is None or not birth.done() or birth.exception() is not None:
            return None
        life = birth.result()
        return None if life.is_over or life.is_ending else life

    def _begin_life(self) -> "asyncio.Task[Life]":
        """Give the process, or start a new one if there was none, or the last one died."""
        birth = self._birth
        if birth is None or (birth.done() and self._living() is None):
            birth = self._birth = asyncio.get_running_loop().create_task(self._spawn(), name=f"start {self.name}")
        return birth

    async def _spawn(self) -> Life:
        wait_s = self._failed_at_s + TRY_AGAIN_AFTER_S - time.monotonic() if self._failed_at_s else 0
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), max(wait_s, 0))
        if self._stopping.is_set():
            raise WorkerDied(f"The {self.name} was stopped.")
        life = await Life.spawn(self.name, self._setup, self._echo, self._ended, said=lambda said: self.said(said))
        self.lived(WorkerBegan(self.name, life.id))
        return life

    def _ended(self, life: Life) -> None:
        """Replace a process that died at work, of a pack, or after a long time. Others wait until there is work."""
        if self._stopping.is_set():
            return
        log.error("The process %s of %s ended.", life.id, self.name)
        self.lived(WorkerEnded(self.name, life.kind_of_end))
        self._failed_at_s = 0.0 if life.was_up else time.monotonic()
        if life.importing is not None:
            self._leave_out(life.importing, life.how_it_ended())
        at_work = life.was_at_work or life.is_stuck or life.status == STUCK
        if at_work or life.was_up_for_s > STEADY_AFTER_S or life.importing is not None:
            self._begin_life()

    def _leave_out(self, pack: str, how: str) -> None:
        log.error("The pack %s is left out until the server is started again. %s", pack, how)
        self._failed_at_s = 0.0
        why = f"is left out until the server is started again: it ended the worker. {how}"
        self._setup = replace(self._setup, left_out={**self._setup.left_out, pack: why})

    def _replace_if_stuck(self, life: Life) -> None:
        """Be rid of a check that hangs; not while a job runs beside it."""
        if life.is_stuck and not (life.is_over or life.is_ending):
            log.warning("%s is replaced: a pack's VALIDATE_INPUTS hangs in it.", self.name)
            life.kill("stuck")


def _to_stderr(chunk: bytes) -> None:
    sys.stderr.write(chunk.decode("utf-8", "replace"))
    sys.stderr.flush()
