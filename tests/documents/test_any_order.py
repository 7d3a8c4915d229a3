"""Whatever is done in whatever order, also by other programs, no content that was ever saved is lost."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from engine.documents.contents import ANY, NO_FILE, Conflict, NoDocument
from engine.documents.ledger import Ledger, digest_of
from engine.documents.store import DocumentStore

names = st.sampled_from(["a.json", "b.json", "deep/a.json"])
contents = st.integers(0, 6).map(lambda number: b"content %d" % number)


STEPS = 25  # a day each at most: nothing is in the trash for long enough to be forgotten


def bodies(ledger: Ledger, document: int) -> set[bytes | None]:
    return {ledger.body(version.digest) for version in ledger.versions(document)}


class AnyOrder(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.folder = self.root / "home" / "workflows"
        self.clock_ms = 1_700_000_000_000
        self.files: dict[str, bytes] = {}
        self.saved: set[bytes] = set()
        self.open()

    def open(self) -> None:
        self.documents = DocumentStore(self.root / "home", self.root / "versions.db", self.now_ms)

    def now_ms(self) -> int:
        self.clock_ms += 1000
        return self.clock_ms

    def digest(self, name: str) -> str:
        return digest_of(self.files[name]) if name in self.files else NO_FILE

    @rule(name=names, body=contents)
    def save(self, name: str, body: bytes) -> None:
        self.documents.save(name, body, self.digest(name))
        self.files[name] = body
        self.saved.add(body)

    @rule(name=names, body=contents)
    def overwrite(self, name: str, body: bytes) -> None:
        self.documents.save(name, body, ANY)
        self.files[name] = body
        self.saved.add(body)

    @rule(name=names, seen=contents, body=contents)
    def save_on_what_was_seen_earlier(self, name: str, seen: bytes, body: bytes) -> None:
        fits = self.files.get(name) in (seen, body)
        try:
            self.documents.save(name, body, digest_of(seen))
            assert fits
            self.files[name] = body
            self.saved.add(body)
        except Conflict as conflict:
            assert not fits
            assert (conflict.current.body if conflict.current else None) == self.files.get(name)

    @rule(name=names, body=contents)
    def another_program_writes_and_someone_looks(self, name: str, body: bytes) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(body)
        assert self.documents.read(name).body == body
        self.files[name] = body
        self.saved.add(body)

    @rule(name=names)
    def another_program_removes(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)
        self.files.pop(name, None)

    @rule(name=names)
    def delete(self, name: str) -> None:
        try:
            self.documents.delete(name)
            del self.files[name]
        except NoDocument:
            assert name not in self.files

    @rule(name=names, to=names, overwrite=st.booleans())
    def move(self, name: str, to: str, overwrite: bool) -> None:
        try:
            self.documents.move(name, to, overwrite=overwrite)
            self.files[to] = self.files[name]
            if name != to:
                del self.files[name]
        except NoDocument:
            assert name not in self.files
        except Conflict:
            assert to in self.files and not overwrite

    @precondition(lambda self: self.files)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.files)))
        version = data.draw(st.sampled_from(self.documents.versions(name)[1]))
        self.documents.restore(name, version.number, self.digest(name))
        self.files[name] = self.documents.read(name).body
        assert digest_of(self.files[name]) == version.digest

    @rule(data=st.data())
    def revive(self, data: st.DataObject) -> None:
        trashed = self.documents.trashed()
        if trashed:
            chosen = data.draw(st.sampled_from(trashed))
            body = self.documents.trashed_body(chosen.id)
            name = self.documents.revive(chosen.id)
            assert name not in self.files
            self.files[name] = body

    @rule()
    def start_again(self) -> None:
        self.documents.close()
        self.open()

    @rule()
    def a_day_goes_by(self) -> None:
        self.clock_ms += 25 * 3_600_000

    @invariant()
    def nothing_is_lost(self) -> None:
        listed = {each.name: each for each in self.documents.listed()}
        assert set(listed) == set(self.files)
        for name, body in self.files.items():
            assert listed[name].digest == digest_of(body)
        kept = {self.documents.read(name).body for name in self.files}
        for name in self.files:
            kept |= {self.documents.version(name, each.number)[1] for each in self.documents.versions(name)[1]}
        for each in self.documents.trashed():
            kept |= self.documents._keeper.work(lambda ledger, id=each.id: bodies(ledger, id))
        assert self.saved <= kept

    def teardown(self) -> None:
        self.documents.close()
        shutil.rmtree(self.root)


def test_any_order() -> None:
    wanted = settings(max_examples=60, stateful_step_count=STEPS, deadline=None, derandomize=True)
    run_state_machine_as_test(AnyOrder, settings=wanted)
