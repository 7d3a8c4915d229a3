"""Files are seen whole or not at all; numbered ones overwrite nothing, however many savers there are."""

import errno
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.errors import BadReference, EngineError
from engine.files.places import Places
from engine.files.saving import NumberedFiles, write_new, write_whole

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def places(tmp_path):
    made = Places.under(tmp_path)
    made.make()
    return made


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_numbers_count_on_in_the_folder_of_the_prefix(places):
    files = NumberedFiles(places, "output", "sub/cat")
    refs = [files.save(bytes([index]), ".png") for index in range(3)]
    assert [ref.json() for ref in refs] == [
        {"filename": f"cat_0000{number}_.png", "subfolder": "sub", "type": "output"} for number in (1, 2, 3)
    ]
    assert NumberedFiles(places, "output", "sub/cat").save(b"x", ".latent").filename == "cat_00004_.latent"
    assert NumberedFiles(places, "output", "sub/cats").save(b"x", ".png").filename == "cats_00001_.png"
    assert (places.output / "sub" / "cat_00002_.png").read_bytes() == b"\1"


def test_a_gap_is_not_filled_and_five_digits_are_no_limit(places):
    (places.output / "cat_99999_.png").write_bytes(b"")
    assert NumberedFiles(places, "output", "cat").save(b"x", ".png").filename == "cat_100000_.png"


def test_the_batch_number_counts_the_files_of_one_save(places):
    files = NumberedFiles(places, "output", "cat %batch_num%")
    assert [files.save(b"x", ".png").filename for _ in range(2)] == ["cat 0_00001_.png", "cat 1_00002_.png"]
    assert NumberedFiles(places, "output", "cat %batch_num%").save(b"x", ".png").filename == "cat 0_00003_.png"


def test_tokens_are_expanded_and_cannot_add_folders(places):
    files = NumberedFiles(places, "output", "%width%/%KSampler.seed%", {"width": 64, "KSampler.seed": "../../x"})
    ref = files.save(b"x", ".png")
    assert (ref.subfolder, ref.filename) == ("64", ".._.._x_00001_.png")
    assert names(places.output) == ["64/.._.._x_00001_.png"]


@pytest.mark.parametrize(
    "prefix",
    [
        "../out",
        "a/../../b",
        "/tmp/x",
        "\\\\server\\x",
        "C:\\x",
        "..\\x",
        "~/x",
        "a\0b",
        "a:b",
        "x" * 300,
        "../",
        "\ud800",
    ],
    ids=ascii,
)
def test_a_prefix_that_leads_outside_is_refused_before_anything_is_written(places, prefix, tmp_path):
    before = names(tmp_path)
    with pytest.raises(BadReference):
        NumberedFiles(places, "output", prefix)
    assert names(tmp_path) == before


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs a privilege there")
def test_a_prefix_through_a_link_that_leads_outside_is_refused(places, tmp_path):
    (places.output / "link").symlink_to(tmp_path)
    with pytest.raises(BadReference, match="by a link"):
        NumberedFiles(places, "output", "link/cat")


@pytest.mark.parametrize("hard_links", [True, False])
def test_two_savers_at_once_never_share_a_name(places, monkeypatch, hard_links):
    if not hard_links:
        monkeypatch.setattr(os, "link", _no_link)
    start = threading.Barrier(4)

    def save(saver):
        files = NumberedFiles(places, "output", "race")
        start.wait()
        return [files.save(f"{saver} {index}".encode(), ".png").filename for index in range(25)]

    with ThreadPoolExecutor(4) as pool:
        saved = [name for names_of_one in pool.map(save, range(4)) for name in names_of_one]
    assert len(set(saved)) == 100
    assert names(places.output) == sorted(saved)
    contents = {(places.output / name).read_bytes() for name in saved}
    assert contents == {f"{saver} {index}".encode() for saver in range(4) for index in range(25)}


def test_two_processes_never_share_a_name(places, tmp_path):
    code = (
        "import sys; from pathlib import Path; from engine.files.places import Places; "
        "from engine.files.saving import NumberedFiles; "
        "files = NumberedFiles(Places.under(Path(sys.argv[1])), 'output', 'p'); "
        "print(*[files.save(sys.argv[2].encode(), '.png').filename for _ in range(20)])"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), who], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for who in "ab"
    ]
    saved = [process.communicate(timeout=60)[0].split() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert len(set(saved[0]) | set(saved[1])) == 40
    for who, of_one in zip("ab", saved, strict=True):
        assert all((places.output / name).read_text() == who for name in of_one)


def _no_link(source, target):
    raise OSError(errno.EPERM, "no hard links here")


def _full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("hard_links", [True, False])
@pytest.mark.parametrize("fails", ["fsync", "link or open"])
def test_a_full_disk_leaves_nothing_behind_and_says_what_to_do(places, monkeypatch, fails, hard_links):
    files = NumberedFiles(places, "output", "cat")
    files.save(b"kept", ".png")
    if not hard_links:
        monkeypatch.setattr(os, "link", _no_link)
    with monkeypatch.context() as broken:
        if fails == "fsync":
            broken.setattr(os, "fsync", _full)
        else:
            broken.setattr(os, "link", _full)
            broken.setattr(os, "open", _full)
        with pytest.raises(EngineError, match=r"No room to save: 2\.00 MiB are needed") as raised:
            files.save(bytes(2**21), ".png")
    assert str(places.output) in str(raised.value)
    assert "Free some space" in str(raised.value)
    assert names(places.output) == ["cat_00001_.png"]
    assert (places.output / "cat_00001_.png").read_bytes() == b"kept"
    assert files.save(b"later", ".png").filename == "cat_00002_.png"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file sizes")
def test_a_file_that_breaks_off_in_the_middle_leaves_nothing_behind(places):
    import resource

    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, old[1]))  # writes beyond it fail, as on a full disk
    try:
        with pytest.raises(EngineError, match="cannot be written"):
            NumberedFiles(places, "output", "cat").save(bytes(10_000), ".png")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert names(places.output) == []


def test_a_folder_that_cannot_be_written_is_named(places):
    (places.output / "file").write_bytes(b"x")
    with pytest.raises(EngineError, match="cannot be written"):
        NumberedFiles(places, "output", "file/cat").save(b"x", ".png")


def test_a_whole_file_replaces_another_or_leaves_it_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "settings.json"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    monkeypatch.setattr(os, "fsync", _full)
    with pytest.raises(EngineError, match="No room"):
        write_whole(path, b"three")
    assert path.read_bytes() == b"two"
    assert names(tmp_path) == ["settings.json"]


@pytest.mark.parametrize("hard_links", [True, False])
def test_a_new_file_never_replaces_another(tmp_path, monkeypatch, hard_links):
    if not hard_links:
        monkeypatch.setattr(os, "link", _no_link)
    path = tmp_path / "upload.png"
    write_new(path, b"one")
    with pytest.raises(FileExistsError):
        write_new(path, b"two")
    assert path.read_bytes() == b"one"
    assert names(tmp_path) == ["upload.png"]
