"""What docs/first-node.md says works: its node is found and described, and its test passes."""

import re
import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "first-node.md").read_text(encoding="utf-8")
CODE, TEST = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
LOOK = """
import sys
from engine.files.places import Places
from engine.graph import Registry
from engine.wire.object_info import object_info
from pathlib import Path
import nodes
info = object_info(Registry(nodes.definitions())["FilmGrain"], Places.under(Path(".")))
assert not {"torch", "numpy", "PIL"} & set(sys.modules)
assert list(info["input"]["required"]) == ["image", "strength", "kind", "seed"], info
assert list(info["input"]["optional"]) == ["mask"], info
assert info["input"]["required"]["strength"][1]["max"] == 1.0
assert info["input"]["required"]["seed"][1]["control_after_generate"] is True
assert info["input"]["required"]["kind"][0] == ["grey", "coloured"]
assert "tooltip" in info["input"]["optional"]["mask"][1]
assert (info["output"], info["category"], info["display_name"]) == (["IMAGE"], "image/effects", "Film Grain")
"""


def test_the_node_is_found_without_torch_and_described_as_the_page_says(tmp_path):
    for part in ("engine", "nodes"):
        copytree(ROOT / part, tmp_path / part, ignore=ignore_patterns("__pycache__"))
    (tmp_path / "nodes" / "grain.py").write_text(CODE, encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", LOOK], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_pages_own_test_passes(monkeypatch, context):
    module = ModuleType("nodes.grain")
    monkeypatch.setitem(sys.modules, "nodes.grain", module)
    exec(compile(CODE, "nodes/grain.py", "exec"), vars(module))
    tests: dict[str, object] = {}
    exec(compile(TEST, "tests/nodes/test_grain.py", "exec"), tests)
    found = {name: test for name, test in tests.items() if name.startswith("test_")}
    assert len(found) == 3
    for test in found.values():
        context.steps.clear()
        test(context)


@pytest.mark.parametrize("path", re.findall(r"`((?:nodes|engine|tests)/[\w/.]+\.py)`", TEXT))
def test_the_files_that_the_page_names_are_there(path):
    assert (ROOT / path).is_file() or "grain" in path
