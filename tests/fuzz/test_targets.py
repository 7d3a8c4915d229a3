"""Each target takes what it takes in earnest, and some hundred changed forms of it. `make fuzz` goes on for long."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.fuzz.run import mutations, run
from tests.fuzz.targets import TARGETS

RUNS = int(os.environ.get("FUZZ_EXAMPLES", "300"))


@pytest.mark.parametrize("name", TARGETS)
def test_bytes_of_any_kind(name):
    run(name, RUNS, seed=RUNS)


def test_mutations_differ_and_can_be_repeated():
    found = list(mutations("prompt", 200, 1))
    assert len(set(found)) > 150 and found == list(mutations("prompt", 200, 1))


def test_a_target_that_fails_is_told_with_its_bytes(monkeypatch):
    def fails(data):
        raise KeyError("x")

    monkeypatch.setitem(TARGETS, "workflow", fails)
    with pytest.raises(AssertionError, match="workflow fails on b'"):
        run("workflow", 1, 0)


@pytest.mark.skipif(find_spec("atheris") is None, reason="requirements-fuzz.txt is not installed")
def test_atheris_runs_the_same_targets():
    command = [sys.executable, "-m", "tests.fuzz.run", "workflow", "--runs", "200"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "Done 200 runs" in done.stderr
