"""Which workers are there, how are they called, and which of them may take a job?"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from engine.errors import EngineError, WorkerDied
from engine.jobs.job import Job
from engine.jobs.worker import Worker, WorkerDescription

log = logging.getLogger(__name__)
T = TypeVar("T")
ANY = ("", "any")
START_WITHIN_S = 120.0  # for those who cannot wait for ever, such as POST /prompt
TRY_AGAIN_AFTER_S = 30.0  # a worker that cannot start, while others can, is tried again no more often than this


class UnknownWorker(EngineError):
    """A job is to go to a worker that there is not; `names` are those that there are."""

    def __init__(self, asked: object, names: Sequence[str]) -> None:
        super().__init__(f"There is no worker {str(asked)[:40]!r}. There are: {', '.join(names)}; or say 'any'.")
        self.names = tuple(names)


class Staff:
    """The workers, in order of their numbers. Used from the server's event loop only.

    If the number of workers was left open, there is one at first; once it is up it says how many accelerators the
    machine has, and one more is hired for each of the others.
    """

    def __init__(self, workers: Sequence[Worker], hire: Callable[[int], Sequence[Worker]] | None = None) -> None:
        """Begin with these workers.

        Args:
            hire: told how many accelerators there are, makes the workers for all but the first; None: never any more.
        """
        self._workers = list(workers)
        self._hire = hire
        self._descriptions: dict[str, WorkerDescription] = {}
        self._tried_s: dict[str, float] = {}
        self._starting: set[asyncio.Task[None]] = set()
        self.hired: Callable[[Worker], None] = lambda worker: None  # told of each worker that is added
        self.came_up: Callable[[], None] = lambda: None  # told whenever a worker has come up, or could not
        self.described: Callable[[WorkerDescription], None] = lambda _: None  # told what a worker says of itself

    def __iter__(self) -> Iterator[Worker]:
        return iter(tuple(self._workers))

    @property
    def is_complete(self) -> bool:
        """Whether it is known how many workers there are."""
        return self._hire is None

    def start(self) -> None:
        """Have every worker start; returns at once."""
        for worker in self:
            self._begin(worker)

    async def stop(self) -> None:
        """End every worker."""
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*(worker.stop() for worker in self))

    def last_description(self, worker: Worker) -> WorkerDescription | None:
        """Give what a worker said last; None as long as it was never up."""
        return self._descriptions.get(worker.name)

    def device(self, worker: Worker) -> str:
        """Name the device of a worker; empty as long as it was never up."""
        description = self.last_description(worker)
        return ", ".join(stats.name for stats in description.devices) if description else ""

    async def describe(self, worker: Worker, *, anew: bool = False) -> WorkerDescription:
        """Wait until a worker is up, and ask what it has; `anew` as in `Worker.describe`. Raises WorkerDied."""
        description = await (worker.describe(anew=True) if anew else worker.describe())
        self._descriptions[worker.name] = description
        self.described(description)
        self._add_workers(description.accelerators)
        return description

    async def describe_first(self) -> WorkerDescription:
        """Wait for the first worker that comes up; all have the same packs.

        Raises:
            WorkerDied: none can, or none has in `START_WITHIN_S`; whoever asks again waits again.
        """
        asked = [asyncio.ensure_future(self.describe(worker)) for worker in self]
        try:
            return await asyncio.wait_for(_first(asked), START_WITHIN_S)
        except TimeoutError:
            raise WorkerDied(
                f"No worker is ready after {START_WITHIN_S:g} s; the log says what it is importing. "
                "Wait for it, or start the server with --disable-all-custom-nodes."
            ) from None
        finally:
            for task in asked:
                task.cancel()

    async def named(self, asked: object) -> str:
        """Give the name of the worker that is meant by a name or a number (from 1 on); "" for any.

        Raises:
            UnknownWorker: there is none; waits until it is known how many there are.
            WorkerDied: none can start, so that this is never known.
        """
        name = "" if asked is None else str(asked).strip()
        if name in ANY:
            return ""
        for candidate in (name, f"worker-{name}"):
            if candidate in self._names():
                return candidate
        if not self.is_complete:
            await self.describe_first()
            return await self.named(asked)
        raise UnknownWorker(asked, self._names())

    def may_take(self, worker: Worker, job: Job) -> bool:
        """Say whether a job is for a worker. One that cannot start leaves those for anybody to others that can.

        A job for a worker that there is no more, since the server was started anew with fewer, is for anybody.
        """
        if job.worker and (job.worker in self._names() or not self.is_complete):
            return job.worker == worker.name
        if worker.stage != "dead" or all(other.stage == "dead" for other in self):
            return True
        if time.monotonic() - self._tried_s.get(worker.name, 0) > TRY_AGAIN_AFTER_S:
            self._begin(worker)
        return False

    def best_for_checks(self) -> Worker:
        """Choose who answers questions about node types: the first that is up, else the first that may come up."""
        ranks = {"up": 0, "starting": 1, "dead": 2}
        return min(self, key=lambda worker: ranks[worker.stage])

    def _names(self) -> list[str]:
        return [worker.name for worker in self]

    def _add_workers(self, accelerators: int) -> None:
        if self._hire is None:
            return
        added = self._hire(accelerators) if accelerators > 1 else ()
        self._hire = None
        self._workers += added
        for worker in added:
            log.info("%s is started: the machine has %d accelerators.", worker.name, accelerators)
            self.hired(worker)
            self._begin(worker)

    def _begin(self, worker: Worker) -> None:
        self._tried_s[worker.name] = time.monotonic()
        task = asyncio.get_running_loop().create_task(self._bring_up(worker), name=f"bring up {worker.name}")
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _bring_up(self, worker: Worker) -> None:
        try:
            await self.describe(worker)
        except WorkerDied as error:
            log.error("%s: %s", worker.name, error)
        self.came_up()


async def _first(asked: Sequence["asyncio.Future[T]"]) -> T:
    """Give the first result; raises the last error if there is none."""
    error: BaseException | None = None
    for ended in asyncio.as_completed(asked):
        try:
            return await ended
        except WorkerDied as died:
            error = died
    assert error is not None, "there is at least one worker"
    raise error
