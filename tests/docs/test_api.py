"""What docs/api.md says is true: its programs run as they stand, its figures are those of the code."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from engine.execution import progress
from engine.jobs import history
from engine.server import clients
from engine.wire import json_text, messages, prompt, submission

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
PYTHON, JAVASCRIPT = (
    re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)[0] for language in ("python", "javascript")
)
NODE = shutil.which("node")
PICTURE = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 16, "height": 8, "batch_size": 1, "color": 0xFF0000}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "red"}},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[str]:
    """The whole program, in a folder of its own; gives its address."""
    folder = tmp_path_factory.mktemp("server")
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), "--base-directory", str(folder), "--port", "0", "--cpu"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    with process.stdout:
        address = next(found[1] for line in process.stdout if (found := re.search(r"GUI go to: http://(\S+)", line)))
        yield address
        process.terminate()
        process.wait(10)


def run(command: list[str], folder: Path, nodes: dict, server: str) -> subprocess.CompletedProcess[str]:
    (folder / "workflow_api.json").write_text(json.dumps(nodes), encoding="utf-8")
    return subprocess.run(
        [*command, "workflow_api.json", server], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(params=["python", "javascript"])
def command(request, tmp_path) -> list[str]:
    if request.param == "python":
        (tmp_path / "follow.py").write_text(PYTHON, encoding="utf-8")
        return [sys.executable, "follow.py"]
    if NODE is None:
        pytest.skip("node is not installed: the JavaScript program of docs/api.md is not run")
    (tmp_path / "follow.mjs").write_text(JAVASCRIPT, encoding="utf-8")
    version = int(
        subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True).stdout[1:].split(".")[0]
    )
    return [NODE, *(["--experimental-websocket"] if version < 22 else []), "follow.mjs"]


def test_the_programs_fetch_the_picture(command, tmp_path, server):
    done = run(command, tmp_path, PICTURE, server)
    assert done.returncode == 0, done.stderr
    (name,) = re.findall(r"saved (red_\d+_\.png)", done.stdout)
    with Image.open(tmp_path / name) as picture:
        assert picture.size == (16, 8) and picture.getpixel((0, 0)) == (255, 0, 0)
    again = run(command, tmp_path, PICTURE, server)  # all is cached now
    assert again.returncode == 0 and f"saved {name}" in again.stdout


def test_the_programs_say_what_is_wrong(command, tmp_path, server):
    wrong = {**PICTURE, "1": {**PICTURE["1"], "inputs": {**PICTURE["1"]["inputs"], "width": -1}}}
    done = run(command, tmp_path, wrong, server)
    assert done.returncode != 0 and "value_smaller_than_min" in done.stderr


def test_the_messages_are_those_that_are_sent():
    source = Path(messages.__file__).read_text(encoding="utf-8")
    sent = set(re.findall(r'(?:message\(|return )"(\w+)"', source)) | {"feature_flags"}
    table = TEXT.partition("## The websocket")[2].partition("Binary frames")[0]
    told = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert told == sent


def test_the_fields_of_a_submission_are_those_that_are_read():
    table = TEXT.partition("## Handing in a prompt")[2].partition("The answer is")[0]
    told = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert told | {"prompt"} == set(submission.PromptBody.__annotations__)


def test_the_figures_are_those_of_the_code():
    assert f"{prompt.MOST_NODES:,} nodes" in TEXT
    assert f"{json_text.DEEPEST} levels" in TEXT
    assert f"{clients.MOST_WAITING_BYTES // 2**20} MiB" in TEXT
    assert f"at most {round(1 / progress.STATES_EVERY_S)} times a second" in TEXT
    assert f"{history.LONGEST_HISTORY:,} jobs" in TEXT and f"{history.MOST_NODES:,} nodes together" in TEXT
    assert f"more than {progress.MOST_AT_WORK} nodes at work" in TEXT
