"""How is a worker process started, watched, spoken to, and replaced when it dies?"""

import asyncio
import contextlib
import logging
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.errors import WorkerDied
from engine.execution.events import Event
from engine.execution.outcome import Outcome, RunRequest
from engine.graph.nodes import NodeId
from engine.graph.own_check import OwnCheck
from engine.graph.problems import Problem
from engine.jobs.worker import (
    Cancel,
    Check,
    Checked,
    Describe,
    Ended,
    Happened,
    Order,
    Release,
    Run,
    Stop,
    WorkerDescription,
)
from engine.worker.link import BrokenLink, FrameReader, encode
from engine.worker.setup import WorkerSetup

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[2]
# On Windows, Ctrl-C reaches a whole group of processes; elsewhere the worker ignores it.
OWN_GROUP: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
START = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from engine.worker.host import main; main()"
STOP_WITHIN_S = 0.5
GRACE_S = 0.5  # for a process that has closed its end, and for its last words
DESCRIBE_WITHIN_S = 2.0
TRY_AGAIN_AFTER_S = 5.0  # a worker that cannot even start is not started more often than this
CHUNK_BYTES = 2**18  # all that came since the last look is taken at once
LAST_WORDS = 20  # lines of a dead worker's output that are shown
LONGEST_WORD_BYTES = 2000
FATAL = "Fatal Python error"  # begins faulthandler's report, which may be longer than the last words


class ProcessWorker:
    """A worker in a process of its own. Every method is called from the server's event loop, and none blocks it."""

    def __init__(self, setup: WorkerSetup, name: str = "worker", echo: Callable[[bytes], None] | None = None) -> None:
        """Prepare a worker.

        Args:
            echo: gets what the process prints; standard error if None.
        """
        self.name = name
        self._setup = setup
        self._echo = echo or _to_stderr
        self._birth: asyncio.Task[_Process] | None = None
        self._stopping = asyncio.Event()
        self._failed_at_s = 0.0
        self._job: str | None = None
        self._cancelled: str | None = None

    async def start(self) -> None:
        self._begin_life()

    async def describe(self) -> WorkerDescription:
        process = await asyncio.shield(self._begin_life())
        first = await process.up()
        try:
            return await asyncio.wait_for(process.describe_again(), DESCRIBE_WITHIN_S)
        except TimeoutError:
            return first  # busy in a call that lets no other thread run

    async def check(self, checks: Sequence[OwnCheck]) -> Mapping[NodeId, Sequence[Problem]]:
        process = await asyncio.shield(self._begin_life())
        await process.up()
        return await process.check(checks)

    async def run(self, request: RunRequest, emit: Callable[[Event], None]) -> Outcome:
        self._job = request.job
        self._cancelled = None
        try:
            process = await asyncio.shield(self._begin_life())
            result = process.run(request, emit)
            if self._cancelled == request.job:
                process.send(Cancel(request.job))
            return await result
        finally:
            self._job = None

    def cancel(self, job: str) -> None:
        if job != self._job:
            return
        self._cancelled = job
        process = self._living()
        if process is not None:
            process.send(Cancel(job))

    async def release(self, *, models: bool, results: bool) -> None:
        process = self._living()
        if process is not None:
            process.send(Release(models, results))

    async def stop(self) -> None:
        self._stopping.set()
        if self._birth is not None:
            with contextlib.suppress(WorkerDied):
                await (await self._birth).stop()

    def _living(self) -> "_Process | None":
        """Give the process, if there is one now."""
        birth = self._birth
        if birth is None or not birth.done() or birth.exception() is not None or birth.result().is_over:
            return None
        return birth.result()

    def _begin_life(self) -> "asyncio.Task[_Process]":
        """Give the process, or start a new one if there was none, or the last one died."""
        birth = self._birth
        if birth is None or (birth.done() and self._living() is None):
            birth = self._birth = asyncio.get_running_loop().create_task(self._spawn(), name=f"start {self.name}")
        return birth

    async def _spawn(self) -> "_Process":
        wait_s = self._failed_at_s + TRY_AGAIN_AFTER_S - time.monotonic() if self._failed_at_s else 0
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), max(wait_s, 0))
        if self._stopping.is_set():
            raise WorkerDied(f"The {self.name} was stopped.")
        return await _Process.spawn(self.name, self._setup, self._echo, self._ended)

    def _ended(self, process: "_Process") -> None:
        """Replace a process that died at work. One that died idle, or unborn, is replaced when there is work."""
        if self._stopping.is_set():
            return
        log.error("The worker process %s ended.", process.id)
        self._failed_at_s = 0.0 if process.was_up else time.monotonic()
        if process.was_up and process.was_at_work:
            self._begin_life()


class _Process:
    """One life of a worker process."""

    def __init__(
        self,
        name: str,
        process: asyncio.subprocess.Process,
        echo: Callable[[bytes], None],
        ended: Callable[["_Process"], None],
    ) -> None:
        self._name = name
        self._process = process
        self._echo = echo
        self._ended = ended
        self._started_s = time.monotonic()
        loop = asyncio.get_running_loop()
        self._first: asyncio.Future[WorkerDescription] = loop.create_future()
        self._next: list[asyncio.Future[WorkerDescription]] = []
        self._checking: dict[int, asyncio.Future[Mapping[NodeId, Sequence[Problem]]]] = {}
        self._checks_asked = 0
        self._run: tuple[asyncio.Future[Outcome], Callable[[Event], None]] | None = None
        self._words: deque[str] = deque(maxlen=LAST_WORDS)
        self._fatal = ""
        self._broken: BrokenLink | None = None
        self.is_over = False
        self.was_at_work = False
        self._life = loop.create_task(self._live(), name=f"{name} process")

    @classmethod
    async def spawn(
        cls, name: str, setup: WorkerSetup, echo: Callable[[bytes], None], ended: Callable[["_Process"], None]
    ) -> "_Process":
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-c", START, stdin=pipe, stdout=pipe, stderr=pipe, creationflags=OWN_GROUP
        )
        life = cls(name, process, echo, ended)
        life._write(setup)
        return life

    @property
    def id(self) -> int:
        return self._process.pid

    @property
    def was_up(self) -> bool:
        return self._first.done() and self._first.exception() is None

    def send(self, order: Order) -> None:
        """Send an order; one to a process that is over goes nowhere."""
        if not self.is_over:
            self._write(order)

    async def up(self) -> WorkerDescription:
        """Wait until the process has imported everything. Raises WorkerDied."""
        return await asyncio.shield(self._first)

    async def describe_again(self) -> WorkerDescription:
        future: asyncio.Future[WorkerDescription] = asyncio.get_running_loop().create_future()
        self._next.append(future)
        self.send(Describe())
        return await future

    async def check(self, checks: Sequence[OwnCheck]) -> Mapping[NodeId, Sequence[Problem]]:
        if self.is_over:
            raise WorkerDied(self.how_it_ended())
        number = self._checks_asked = self._checks_asked + 1
        future: asyncio.Future[Mapping[NodeId, Sequence[Problem]]] = asyncio.get_running_loop().create_future()
        self._checking[number] = future
        self.send(Check(number, checks))
        try:
            return await future
        finally:
            del self._checking[number]

    def run(self, request: RunRequest, emit: Callable[[Event], None]) -> "asyncio.Future[Outcome]":
        """Order a run; one at a time."""
        assert self._run is None or self._run[0].done(), "one job at a time"
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        if self.is_over:
            future.set_exception(WorkerDied(self.how_it_ended()))
            return future
        self._run = (future, emit)
        self.send(Run(request))
        return future

    async def stop(self) -> None:
        """Ask the process to end, and make it."""
        self.send(Stop())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._life), STOP_WITHIN_S)
        if not self.is_over:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._life

    def how_it_ended(self) -> str:
        """Tell in words how the process died, with the last lines it printed."""
        when = "while it ran" if self.was_up else "before it was ready"
        after_s = time.monotonic() - self._started_s
        how = f"The worker process {self._process.pid} ended {when}: {_cause(self._process.returncode)}."
        if self._broken is not None:
            how = f"The worker process {self._process.pid} was ended after {after_s:.0f} s: {self._broken}"
        words = "\n".join(self._words)
        how = f"{how[:-1]}{self._fatal}."
        told = f" Its last words:\n{words}" if words else ""
        return f"{how} A new one takes over with the next job.{told}"

    def _write(self, message: object) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError, RuntimeError):  # it is dying; `_live` will say so
            self._process.stdin.write(encode(message))

    async def _live(self) -> None:
        """Read what the process says until it ends, then tell everybody who waits."""
        output = asyncio.create_task(self._read_output())
        try:
            await self._read_reports()
        finally:
            await self._end(output)
            self.is_over = True
            self.was_at_work = self._run is not None and not self._run[0].done()
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._give_up()
            self._ended(self)

    async def _end(self, output: asyncio.Task[None]) -> None:
        """Make sure that the process is gone, and its last words read (a child of its own may keep them open)."""
        try:
            await asyncio.wait_for(self._process.wait(), GRACE_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        await asyncio.wait([output], timeout=GRACE_S)
        output.cancel()

    def _give_up(self) -> None:
        error = WorkerDied(self.how_it_ended())
        futures: list[asyncio.Future[Any]] = [self._first, *self._next, *self._checking.values()]
        if self._run is not None:
            futures.append(self._run[0])
        for future in futures:
            if not future.done():
                future.set_exception(error)
                future.exception()  # seen, even if nobody waits for it

    async def _read_reports(self) -> None:
        assert self._process.stdout is not None
        frames = FrameReader()
        try:
            while chunk := await self._process.stdout.read(CHUNK_BYTES):
                for report in frames.feed(chunk):
                    self._take(report)
        except BrokenLink as error:
            self._broken = error
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    def _take(self, report: object) -> None:
        match report:
            case Happened():
                self._pass_on(report.event)
            case Ended():
                if self._run is not None and not self._run[0].done():
                    self._run[0].set_result(report.outcome)
            case Checked():
                asked = self._checking.get(report.number)
                if asked is not None and not asked.done():
                    asked.set_result(report.problems)
            case WorkerDescription():
                self._described(report)
            case _:
                raise BrokenLink(f"A worker reported a {type(report).__name__}, which is no report.")

    def _pass_on(self, event: Event) -> None:
        if self._run is None or self._run[0].done():
            return
        try:
            self._run[1](event)
        except Exception:
            log.exception("An event of %s could not be passed on", self._name)

    def _described(self, description: WorkerDescription) -> None:
        if not self._first.done():
            self._first.set_result(description)
        for future in self._next:
            if not future.done():
                future.set_result(description)
        self._next.clear()

    async def _read_output(self) -> None:
        """Pass on what the process prints, and remember the last lines."""
        assert self._process.stderr is not None
        rest = b""
        while chunk := await self._process.stderr.read(65536):
            self._echo(chunk)
            *lines, rest = (rest + chunk).split(b"\n")
            self._remember(lines)
            rest = rest[-LONGEST_WORD_BYTES:]
        self._remember([rest])

    def _remember(self, lines: list[bytes]) -> None:
        """Keep lines for the case that they were the last; of a progress bar, only its last state."""
        shown = (line.rstrip().rpartition(b"\r")[2][-LONGEST_WORD_BYTES:] for line in lines[-LAST_WORDS:])
        for text in (line.decode("utf-8", "replace") for line in shown if line):
            self._words.append(text)
            if text.startswith(FATAL):
                self._fatal = f" ({text})"


def _to_stderr(chunk: bytes) -> None:
    sys.stderr.write(chunk.decode("utf-8", "replace"))
    sys.stderr.flush()


def _cause(status: int | None) -> str:
    """Explain an exit status; negative ones are signals."""
    if status is None:
        return "nobody knows how"
    if status >= 0:
        return f"exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    hints = {"SIGKILL": " (often the system's answer to a lack of memory)", "SIGSEGV": " (a crash in native code)"}
    return f"killed by {name}{hints.get(name, '')}"
