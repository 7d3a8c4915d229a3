"""What runs inside a worker process?

The main thread builds the workshop and runs jobs; a second thread reads orders, so that a cancel arrives
while a job runs; when the server is gone the process ends at once, whatever it was doing.
"""

import contextlib
import faulthandler
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from queue import SimpleQueue

from engine.execution.events import Event
from engine.graph.nodes import NodeId
from engine.graph.problems import Problem
from engine.jobs.worker import Cancel, Check, Checked, Describe, Ended, Happened, Importing, Release, Run, Stop
from engine.log_lines import formatter
from engine.worker.endings import STUCK
from engine.worker.link import PipeEnd, plain
from engine.worker.setup import WorkerSetup
from engine.worker.workshop import Workshop

log = logging.getLogger(__name__)
SERVER_GONE = 70  # exit status; nobody is left to read it


class Host:
    """Carries out a server's orders."""

    def __init__(self, link: PipeEnd, setup: WorkerSetup) -> None:
        self._link = link
        self._setup = setup
        self._orders: SimpleQueue[Run | Release] = SimpleQueue()
        self._workshop: Workshop | None = None
        self._lock = threading.Lock()  # guards the one below
        self._expected: set[str] = set()  # jobs that were ordered and have not ended

    def work(self) -> None:
        """Build the workshop, then run what is ordered, for ever."""
        threading.Thread(target=self._listen, name="orders", daemon=True).start()
        workshop = self._workshop = Workshop(self._setup, lambda pack: self._link.send(Importing(pack)))
        workshop.pass_on(lambda said: self._link.send(plain(said)))
        self._link.send(plain(workshop.describe()))
        workshop.prepare()
        gc.collect()
        gc.freeze()  # what was imported stays: without this, full collections that walk it double a cached run's time
        gc.set_threshold(5_000, 20, 20)  # graphs of 100,000 nodes are no garbage, and need not be looked at as often
        while True:
            order = self._orders.get()
            if isinstance(order, Run):
                self._run(workshop, order)
            else:
                workshop.release(models=order.models, results=order.results)

    def _run(self, workshop: Workshop, order: Run) -> None:
        outcome = workshop.run(order.request, self._emit)
        with self._lock:
            self._expected.discard(order.request.job)
            workshop.forget(order.request.job)
        self._link.send(Ended(plain(outcome)))
        if workshop.is_stuck:
            log.warning("An async node of this job does not end: the worker process ends, and another one takes over.")
            os._exit(STUCK)

    def _emit(self, event: Event) -> None:
        self._link.send(Happened(plain(event)))

    def _listen(self) -> None:
        """Read orders until the server is gone."""
        try:
            while True:
                self._obey(self._link.receive())
        except EOFError:
            os._exit(SERVER_GONE)
        except BaseException:
            log.exception("The worker cannot read its orders, and ends.")
            os._exit(1)

    def _obey(self, order: object) -> None:
        match order:
            case Run():
                with self._lock:
                    self._expected.add(order.request.job)
                self._orders.put(order)
            case Release():
                self._orders.put(order)
            case Cancel():
                self._cancel(order.job)
            case Check():
                self._check(order)
            case Describe():
                self._describe(order)
            case Stop():
                os._exit(0)
            case _:
                raise TypeError(f"not an order: {order!r}")

    def _describe(self, order: Describe) -> None:
        """Describe at once; in a thread of its own where code of packs is asked, which may take for ever."""

        def answer() -> None:
            self._link.send(plain(self._up().describe(anew=order.anew)))

        if order.anew:
            threading.Thread(target=answer, name="describe anew", daemon=True).start()
        else:
            answer()

    def _check(self, order: Check) -> None:
        def answer(node: NodeId, problems: Sequence[Problem]) -> None:
            self._link.send(Checked(order.number, node, plain(problems)))

        self._up().check(order.checks, answer)

    def _cancel(self, job: str) -> None:
        with self._lock:
            if job in self._expected:
                self._up().interrupt(job)

    def _up(self) -> Workshop:
        assert self._workshop is not None, "nobody orders anything before the worker has described itself"
        return self._workshop


def main() -> None:
    """Serve the parent process, whose orders come by standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the server, which ends the worker in order
    _die_with_parent()
    faulthandler.enable()
    link = _take_pipes()
    setup = link.receive()
    logging.basicConfig(level=setup.log_level)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(formatter(setup.log_format, setup.name, setup.log_mark))
    try:
        Host(link, setup).work()
    except BrokenPipeError:
        os._exit(SERVER_GONE)


def _take_pipes() -> PipeEnd:
    """Keep standard input and output for the link; what nodes print goes to standard error."""
    incoming, outgoing = os.dup(0), os.dup(1)
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (incoming, outgoing):
            msvcrt.setmode(descriptor, os.O_BINARY)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return PipeEnd(os.fdopen(incoming, "rb"), os.fdopen(outgoing, "wb"))


def _die_with_parent() -> None:
    """On Linux, ask the kernel to end this process with its parent, even in the midst of a long C call.

    Elsewhere the closed pipe must do, which a thread notices as soon as the interpreter is free.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    set_parent_death_signal = 1  # PR_SET_PDEATHSIG, prctl(2)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


if __name__ == "__main__":
    main()
