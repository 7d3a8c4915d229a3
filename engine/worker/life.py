"""What is one life of a worker process: started, spoken to, watched until it ends?"""

import asyncio
import contextlib
import logging
import os
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
from engine.jobs.pack_reports import Said
from engine.jobs.worker import (
    Check,
    Checked,
    Describe,
    Ended,
    Happened,
    Importing,
    Order,
    Run,
    Stop,
    WorkerDescription,
)
from engine.worker.checks import OpenQuestion
from engine.worker.endings import cause, kind
from engine.worker.link import BrokenLink, FrameReader, encode
from engine.worker.setup import WorkerSetup

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[2]
# On Windows, Ctrl-C reaches a whole group of processes; elsewhere the worker ignores it.
OWN_GROUP: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
START = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from engine.worker.host import main; main()"
SERVER_SECRETS = frozenset({"WEFT_TOKEN"})  # in the environment of the server; no worker's business
SLOW_IMPORT_S = 20.0
STOP_WITHIN_S = 0.5
GRACE_S = 0.5  # for a process that has closed its end, and for its last words
CHUNK_BYTES = 2**18  # all that came since the last look is taken at once
LAST_WORDS = 20  # lines of a dead worker's output that are shown
LONGEST_WORD_BYTES = 2000
FATAL = b"Fatal Python error"  # begins faulthandler's report, which may be longer than the last words


class Life:
    """One life of a worker process. Used from the server's event loop only."""

    def __init__(
        self,
        name: str,
        process: asyncio.subprocess.Process,
        echo: Callable[[bytes], None],
        ended: Callable[["Life"], None],
        said: Callable[[Said], None],
    ) -> None:
        self._name = name
        self._process = process
        self._echo = echo
        self._ended = ended
        self._said = said
        self._started_s = time.monotonic()
        self._up_since_s: float | None = None
        loop = asyncio.get_running_loop()
        self._first: asyncio.Future[WorkerDescription] = loop.create_future()
        self._next: list[tuple[bool, asyncio.Future[WorkerDescription]]] = []  # whether to be told anew
        self._checking: dict[int, OpenQuestion] = {}
        self._checks_asked = 0
        self._run: tuple[asyncio.Future[Outcome], Callable[[Event], None]] | None = None
        self._words: deque[str] = deque(maxlen=LAST_WORDS)
        self._fatal = ""
        self._broken: BrokenLink | None = None
        self._killed_for = ""
        self.importing: str | None = None  # the pack that is being imported, while the process starts
        self.is_stuck = False  # a check hangs in it
        self.is_ending = False  # it was killed, and takes no more orders
        self.is_over = False
        self.was_at_work = False
        self.job_began = False  # the one that was ordered last
        self._life = loop.create_task(self._live(), name=f"{name} process")

    @classmethod
    async def spawn(
        cls,
        name: str,
        setup: WorkerSetup,
        echo: Callable[[bytes], None],
        ended: Callable[["Life"], None],
        said: Callable[[Said], None],
    ) -> "Life":
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-c", START, stdin=pipe, stdout=pipe, stderr=pipe, creationflags=OWN_GROUP,
            env={name: value for name, value in os.environ.items() if name not in SERVER_SECRETS},
        )  # fmt: skip
        life = cls(name, process, echo, ended, said)
        life._write(setup)
        return life

    @property
    def id(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status, once it is over."""
        return self._process.returncode

    @property
    def was_up(self) -> bool:
        return self._up_since_s is not None

    @property
    def was_up_for_s(self) -> float:
        return 0.0 if self._up_since_s is None else time.monotonic() - self._up_since_s

    def send(self, order: Order) -> None:
        """Send an order; one to a process that is over goes nowhere."""
        if not self.is_over:
            self._write(order)

    async def up(self) -> WorkerDescription:
        """Wait until the process has imported everything. Raises WorkerDied."""
        return await asyncio.shield(self._first)

    async def describe_again(self, *, anew: bool = False) -> WorkerDescription:
        future: asyncio.Future[WorkerDescription] = asyncio.get_running_loop().create_future()
        self._next.append((anew, future))
        self.send(Describe(anew))
        return await future

    async def check(self, checks: Sequence[OwnCheck], within_s: float) -> Mapping[NodeId, Sequence[Problem]]:
        """Ask for checks; a node that gives no answer for so long gets a problem. Raises WorkerDied."""
        if self.is_over:
            raise WorkerDied(self.how_it_ended())
        number = self._checks_asked = self._checks_asked + 1
        question = self._checking[number] = OpenQuestion(checks)
        self.send(Check(number, checks))
        try:
            return await question.answers(within_s)
        finally:
            del self._checking[number]
            self.is_stuck = self.is_stuck or question.is_stuck

    def run(self, request: RunRequest, emit: Callable[[Event], None]) -> "asyncio.Future[Outcome]":
        """Order a run; one at a time."""
        assert self._run is None or self._run[0].done(), "one job at a time"
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        if self.is_over:
            future.set_exception(WorkerDied(self.how_it_ended()))
            return future
        self._run = (future, emit)
        self.job_began = False
        self.send(Run(request))
        return future

    async def stop(self) -> None:
        """Ask the process to end, and make it."""
        self.send(Stop())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._life), STOP_WITHIN_S)
        self.kill()
        await self._life

    def kill(self, kind: str = "") -> None:
        """End the process at once; `kind` says in a word why it had to be."""
        self.is_ending = True
        self._killed_for = self._killed_for or kind
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    @property
    def kind_of_end(self) -> str:
        """Say in a word or two why it ended: one of few, so that they can be counted."""
        return self._killed_for or kind(self.status)

    def how_it_ended(self) -> str:
        """Tell in words how the process died, with the last lines it printed."""
        when = "while it ran" if self.was_up else "before it was ready"
        if self.importing is not None:
            when = f"while it imported the pack {self.importing}"
        after_s = time.monotonic() - self._started_s
        how = f"The worker process {self._process.pid} ended {when}: {cause(self.status)}."
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
            self.kill()
            await self._process.wait()
        await asyncio.wait([output], timeout=GRACE_S)
        output.cancel()

    def _give_up(self) -> None:
        error = WorkerDied(self.how_it_ended())
        for question in self._checking.values():
            question.give_up(error)
        futures: list[asyncio.Future[Any]] = [self._first, *(future for _, future in self._next)]
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
            self.kill("broken link")

    def _take(self, report: object) -> None:
        match report:
            case Happened():
                self._pass_on(report.event)
            case Ended():
                if self._run is not None and not self._run[0].done():
                    self._run[0].set_result(report.outcome)
            case Checked():
                if report.number in self._checking:
                    self._checking[report.number].take(report.node, report.problems)
            case Importing():
                self._imports(report.pack)
            case Said():
                self._said(report)
            case WorkerDescription():
                self._described(report)
            case _:
                raise BrokenLink(f"A worker reported a {type(report).__name__}, which is no report.")

    def _pass_on(self, event: Event) -> None:
        if self._run is None or self._run[0].done():
            return
        self.job_began = True
        try:
            self._run[1](event)
        except Exception:
            log.exception("An event of %s could not be passed on", self._name)

    def _imports(self, pack: str) -> None:
        """Note which pack is being imported, and say so if that takes long: it may never end."""
        self.importing = pack

        def tell() -> None:
            if self.importing == pack and not self.is_over:
                log.warning("%s has been importing the pack %s for %g s.", self._name, pack, SLOW_IMPORT_S)

        asyncio.get_running_loop().call_later(SLOW_IMPORT_S, tell)

    def _described(self, description: WorkerDescription) -> None:
        self.importing = None
        self._up_since_s = self._up_since_s or time.monotonic()
        if not self._first.done():
            self._first.set_result(description)
        waiting, self._next = self._next, []
        for anew, future in waiting:
            if anew and not description.is_anew:
                self._next.append((anew, future))
            elif not future.done():
                future.set_result(description)

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
        fatal = next((line for line in lines if line.startswith(FATAL)), None)
        if fatal is not None:
            self._fatal = f" ({fatal.decode('utf-8', 'replace').rstrip()[:LONGEST_WORD_BYTES]})"
        shown = (line.rstrip().rpartition(b"\r")[2][-LONGEST_WORD_BYTES:] for line in lines[-LAST_WORDS:])
        self._words.extend(line.decode("utf-8", "replace") for line in shown if line)
