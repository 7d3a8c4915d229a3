"""One server for all families, and the small in-process ones of tests/server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.serving import Site
from tests.server.conftest import open_site, process_site, site  # noqa: F401 - fixtures


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The whole program with the model that ships and a hostile pack. Tests leave it in working order."""
    started = Site(tmp_path_factory.mktemp("security"))
    yield started
    started.end()


@pytest.fixture
def outside(real: Site) -> Path:
    return real.outside
