"""Servers that the cases share: one for most, one more for each flag that changes how prompts are run."""

from collections.abc import Iterator

import pytest

from tests.protocol.client import Client, Graph
from tests.protocol.serving import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("server"))
    try:
        yield started.start()
    finally:
        started.stop()


@pytest.fixture(scope="session")
def steady(server: Server) -> Iterator[Client]:
    """A client that stays connected from case to case."""
    with server.client() as client:
        yield client


@pytest.fixture
def client(steady: Client) -> Client:
    return steady


@pytest.fixture
def other(server: Server) -> Iterator[Client]:
    """A second client, a stranger to the first."""
    with server.client() as client:
        yield client


@pytest.fixture
def graph() -> Graph:
    return Graph()
