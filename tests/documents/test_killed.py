"""Killed between any two steps, a save leaves the old content or the new one, and every content that was there."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.documents.contents import ANY
from engine.documents.ledger import digest_of
from engine.documents.store import DocumentStore

ROOT = Path(__file__).resolve().parents[2]
# ends the process, as kill -9 does, before or after one function is called for the nth time
PROGRAM = """
import os, sys
from pathlib import Path
from engine.documents import ledger, on_disk, store
from engine.documents.contents import ANY

home, action, where, moment, count = Path(sys.argv[1]), *sys.argv[2:5], int(sys.argv[5])
owner, name = {{"write": (on_disk, "write_whole"), "unlink": (Path, "unlink"), "replace": (Path, "replace"),
               "add": (ledger.Ledger, "add"), "trash": (ledger.Ledger, "trash")}}[where]
usual, left = getattr(owner, name), count

def die_here(*arguments, **named):
    global left
    left -= 1
    if left == 0 and moment == "before":
        os._exit(9)
    result = usual(*arguments, **named)
    if left == 0:
        os._exit(9)
    return result

documents = store.DocumentStore(home, home.with_name("versions.db"))
documents.listed()
setattr(owner, name, die_here)
{{"save": lambda: documents.save("a.json", b"new", ANY),
  "delete": lambda: documents.delete("a.json"),
  "move": lambda: documents.move("a.json", "b.json", overwrite=True)}}[action]()
os._exit(0)
""".replace("{{", "{").replace("}}", "}")  # fmt: skip


@pytest.mark.parametrize(
    ("action", "where", "moment", "count"),
    [
        ("save", "add", "before", 1),
        ("save", "add", "after", 1),
        ("save", "add", "after", 2),
        ("save", "write", "before", 1),
        ("save", "write", "after", 1),
        ("save", "replace", "before", 1),
        ("delete", "trash", "before", 1),
        ("delete", "unlink", "before", 1),
        ("delete", "unlink", "after", 1),
        ("move", "replace", "before", 1),
        ("move", "replace", "after", 1),
    ],
)
def test_killed_between_two_steps_nothing_is_lost(tmp_path, action, where, moment, count):
    home = tmp_path / "home"
    documents = DocumentStore(home, tmp_path / "versions.db")
    documents.save("a.json", b"old", ANY)
    documents.save("b.json", b"in the way", ANY)
    (home / "workflows" / "a.json").write_bytes(b"outside")
    documents.close()
    arguments = [str(home), action, where, moment, str(count)]
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], cwd=ROOT, check=False, capture_output=True)
    assert done.returncode == 9, done.stderr.decode()

    documents = DocumentStore(home, tmp_path / "versions.db")
    listed = {each.name: documents.read(each.name).body for each in documents.listed()}
    trashed = {each.name: documents.trashed_body(each.id) for each in documents.trashed()}
    kept = {digest_of(body) for body in (*listed.values(), *trashed.values())}
    for name in listed:
        kept |= {version.digest for version in documents.versions(name)[1]}
    for each in documents.trashed():
        kept |= {version.digest for version in documents.versions(documents.revive(each.id))[1]}
    assert {digest_of(b"old"), digest_of(b"outside"), digest_of(b"in the way")} <= kept
    if action == "save":
        replaced = where == "write" and moment == "after"
        assert listed == {"a.json": b"new" if replaced else b"outside", "b.json": b"in the way"} and not trashed
        present = documents.read("a.json").version
        assert present.kind == ("save" if replaced else "outside")
        documents.save("a.json", b"after the restart", present.digest)
    if action == "delete":
        assert listed.get("a.json", trashed.get("a.json")) == b"outside" and len(listed) + len(trashed) == 2
    if action == "move":
        assert b"outside" in (*listed.values(), *trashed.values())
    documents.close()
