"""A store on throw-away folders, with a clock that the test moves."""

import pytest

from engine.documents.store import DocumentStore


class Clock:
    now_ms = 1_700_000_000_000

    def __call__(self) -> int:
        self.now_ms += 1
        return self.now_ms


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def open_documents(tmp_path, clock):
    opened = []

    def open_one() -> DocumentStore:
        opened.append(DocumentStore(tmp_path / "home", tmp_path / "home.versions.db", clock))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def documents(open_documents):
    return open_documents()


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "home" / "workflows"
    made.mkdir(parents=True)
    return made
