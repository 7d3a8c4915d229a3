"""The whole program on the nodes of tests/doubles.py and packs, without torch: light_server.py [flags of main.py]"""

import asyncio
import logging
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import main  # noqa: E402
from engine.files.places import Places  # noqa: E402
from engine.jobs.worker import Worker  # noqa: E402
from engine.options import Options, read_options  # noqa: E402
from engine.server.listening import open_sockets  # noqa: E402
from engine.server.log_book import LogBook  # noqa: E402
from engine.worker import ProcessWorker, WorkerSetup  # noqa: E402
from tests import doubles  # noqa: E402


def worker(options: Options, places: Places, log_book: LogBook, number: int) -> Worker:
    setup = WorkerSetup(places, options.compute, equipment="tests.doubles:equip_with_packs", number=number)
    made: Worker = ProcessWorker(setup, echo=log_book.worker_printed)
    return made


if __name__ == "__main__":
    logging.basicConfig(level="INFO")
    options = read_options(sys.argv[1:], ROOT)
    services = main.build_services(options, main.find_places(options), doubles.definitions(), worker)
    sys.exit(asyncio.run(main.serve(services, open_sockets(options.listen, options.port))))
