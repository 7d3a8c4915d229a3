"""Starts Weft: `python main.py --help` lists what can be said."""

import asyncio
import contextlib
import gc
import logging
import secrets
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import EngineError
from engine.files.extra_paths import with_extra_roots
from engine.files.places import Places
from engine.graph.definition import NodeDefinition
from engine.graph.registry import Registry
from engine.jobs.bus import EventBus, QueueChanged
from engine.jobs.dispatch import Dispatcher, Patience
from engine.jobs.history import History
from engine.jobs.queue import JobQueue
from engine.jobs.store import open_store
from engine.jobs.worker import Worker
from engine.log_lines import TextFormatter, formatter
from engine.options import Options, read_options
from engine.server import listening

# aiohttp, the routes and the nodes are imported when they are needed, so that a wrong option is answered at once.
if TYPE_CHECKING:
    import ssl

    from engine.files.safetensors_header import CheckpointHeader
    from engine.server.gates import Gate
    from engine.server.log_book import LogBook
    from engine.server.services import Services

# Prompts of 100,000 nodes make millions of objects, of which none is garbage: looked at less often, they cost half.
COLLECT_AFTER = (20_000, 20, 20)
log = logging.getLogger("weft")
MakeWorker = Callable[[Options, Places, "LogBook", int], Worker]  # the number counts from 1


def find_places(options: Options) -> Places:
    """Say where everything lies, and create what is written to."""
    usual = Places.under(options.base)
    places = replace(
        usual,
        input=options.input or usual.input,
        output=options.output or usual.output,
        temp=options.temp / "temp" if options.temp else usual.temp,
        user=options.user or usual.user,
    )
    places = with_extra_roots(places, options.extra_model_paths)
    places.make()
    return places


def clear_temp(places: Places) -> None:
    """Remove the previews of earlier runs, which nothing refers to any more."""
    for entry in places.temp.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):  # another program has it open; the next start tries again
                entry.unlink()


def build_services(
    options: Options, places: Places, definitions: Iterable[NodeDefinition], make_worker: MakeWorker
) -> "Services":
    """Join the parts of the server to its workers."""
    from engine.server.clients import Clients
    from engine.server.log_book import LogBook
    from engine.server.pack_book import PackBook
    from engine.server.services import Services

    console = sys.stdout if options.log_to_stdout else sys.stderr
    log_book = LogBook(console)
    bus = EventBus()
    store = open_store(
        _database(options, places),
        resume=options.resume_interrupted,
        old_settings=places.user / "settings.json",
    )
    queue = JobQueue(lambda: bus.publish(QueueChanged(queue.remaining)), options.queue_limit, store)
    history = History(forgotten=store.forgotten)

    def hire(first: int, last: int) -> list[Worker]:
        return [make_worker(options, places, log_book, number) for number in range(first, last + 1)]

    dispatcher = Dispatcher(
        queue,
        history,
        bus,
        hire(1, options.workers or 1),
        None if options.workers else lambda accelerators: hire(2, accelerators),
        Patience(options.cancel_grace_s, options.check_limit_s),
        store,
    )
    clients = Clients(queue.remaining_of)
    packs = PackBook(places, options)
    dispatcher.staff.described = packs.learn
    registry = Registry(definitions)
    return Services(
        options, places, registry, queue, history, bus, dispatcher, clients, log_book, packs, store, _tell_family
    )


def _tell_family(header: "CheckpointHeader") -> str:
    """Name a model's family for lists of models. Imported when it is asked for, which keeps the start quick."""
    from engine.models.telling import tell_family

    family: str = tell_family(header)
    return family


def _database(options: Options, places: Places) -> Path | None:
    """Say where jobs are kept; a mere test of the start touches nothing."""
    kept = options.keep_jobs and not options.quick_test
    return (options.database or places.user / "weft.db") if kept else None


def full_worker(options: Options, places: Places, log_book: "LogBook", number: int) -> Worker:
    """Make the worker of this number that runs the nodes that ship."""
    from engine import worker

    mark = secrets.token_hex(8) if options.log_format == "json" else ""
    only = options.only_packs or (None if options.packs else ())
    setup = worker.WorkerSetup(
        places,
        options.compute,
        log_level=options.log_level,
        log_format=options.log_format,
        log_mark=mark,
        only_packs=only,
        number=number,
        workers=options.workers or 1,
    )
    if options.in_process:
        in_process: Worker = worker.InProcessWorker(setup)
        return in_process
    echo = log_book.records_of(setup.name, mark) if mark else log_book.worker_printed
    process: Worker = worker.ProcessWorker(setup, echo=echo)
    return process


async def serve(services: "Services", listeners: Sequence[socket.socket]) -> int:
    """Answer on these sockets until someone ends the program."""
    from aiohttp import web

    from engine.server.app import build_app
    from engine.server.connections import SAID_WITHIN_S, answer_on
    from engine.server.gates import GATE

    app = build_app(services)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, keepalive_timeout=SAID_WITHIN_S)
    await runner.setup()
    ended = asyncio.Event()
    with contextlib.suppress(NotImplementedError):  # Windows has no such handlers; Ctrl-C cancels this task there
        for ending in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(ending, ended.set)
    warming, answering = None, []
    try:
        secure = _tls(services.options)
        answering = [await answer_on(runner, listener, secure) for listener in listeners]
        _announce(listening.address(listeners[0], secure=secure is not None), services, app.get(GATE))
        warming = asyncio.create_task(_warm_up(services))
        if services.options.quick_test:
            return 0 if await warming else 1
        await ended.wait()
        return 0
    finally:
        if warming is not None:
            warming.cancel()
        for server in answering:
            server.close()
        await runner.cleanup()


def _tls(options: Options) -> "ssl.SSLContext | None":
    if options.tls_certfile is None:
        return None
    import ssl

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(options.tls_certfile, options.tls_keyfile)
    except (ssl.SSLError, OSError) as error:
        raise EngineError(f"{options.tls_certfile} and {options.tls_keyfile} cannot be used: {error}.") from error
    return context


def _announce(address: str, services: "Services", gate: "Gate | None") -> None:
    places, options = services.places, services.options
    checkpoints = services.places.model_roots["checkpoints"][0]
    print(f"Models:  {checkpoints.parent}\nInputs:  {places.input}\nOutputs: {places.output}")
    print(f"To see the GUI go to: {address}", flush=True)
    if gate is not None:  # printed, not logged: the log can be read through the server
        print(gate.greeting(address), flush=True)
    if options.auto_launch:
        import webbrowser

        asyncio.get_running_loop().run_in_executor(None, webbrowser.open, address)


async def _warm_up(services: "Services") -> bool:
    """Start the workers, and learn which node types their packs bring. Says whether all of them are up."""
    dispatcher = services.dispatcher
    dispatcher.staff.start()
    try:
        await dispatcher.learn_types(services.registry)
        if services.options.quick_test:
            await asyncio.gather(*(dispatcher.staff.describe(worker) for worker in dispatcher.workers))
    except EngineError as error:
        log.error("%s", error)
        return False
    log.info("Ready: %d node types.", len(services.registry))
    return True


def _start_logging(options: Options) -> None:
    stream = sys.stdout if options.log_to_stdout else sys.stderr
    logging.basicConfig(level=options.log_level, stream=stream)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(formatter(options.log_format))
    for warning in options.warnings:
        log.warning("%s", warning)


def _give_password(places: Places, account: str) -> int:
    """Print a new password for an account; for whoever forgot it, and may read the server's files anyway."""
    from engine.server.accounts import accounts_in

    password = accounts_in(places.user).give_password(account)
    print(f"The password of {account!r} is now: {password}\nRestart the server, if it runs.")
    return 0


def main(arguments: Sequence[str]) -> int:
    """Run the program; gives its exit status."""
    options = read_options(arguments, Path(__file__).resolve().parent)
    _start_logging(options)
    gc.disable()  # until all is imported, of which nothing is garbage: looking for some takes a tenth of the start
    try:
        if options.new_password is not None:
            return _give_password(find_places(options), options.new_password)
        listeners = listening.open_sockets(options.listen, options.port)
        import nodes

        places = find_places(options)
        services = build_services(options, places, nodes.definitions(), full_worker)
        if not services.store.is_beside_another:
            clear_temp(places)
        services.log_book.setFormatter(TextFormatter())
        logging.getLogger().addHandler(services.log_book)
        gc.set_threshold(*COLLECT_AFTER)
        gc.freeze()
        gc.enable()
        return asyncio.run(serve(services, listeners))
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        gc.enable()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
