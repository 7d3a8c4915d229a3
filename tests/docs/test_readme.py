"""What README.md says is true: its node works, its API call is answered, its files and flags are there."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
import yaml

from engine.files.extra_paths import with_extra_roots
from engine.files.places import Places
from engine.graph import declared_in

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
NODE, _CALL = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
INDENTED = re.findall(r"(?:^    .*\n)+", TEXT, re.MULTILINE)


def test_the_first_node_mirrors_a_picture(monkeypatch):
    module = ModuleType("nodes.mirror")
    monkeypatch.setitem(sys.modules, "nodes.mirror", module)
    exec(compile(NODE, "nodes/mirror.py", "exec"), vars(module))
    (definition,) = declared_in(module)
    assert (definition.type, definition.category) == ("ImageMirror", "image")
    picture = torch.arange(12.0).reshape(1, 2, 2, 3)
    assert torch.equal(module.mirror(image=picture)[0, :, 0], picture[0, :, 1])


@pytest.mark.parametrize("path", re.findall(r"\]\((?!http)([\w./-]+)\)", TEXT))
def test_every_link_leads_somewhere(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize("folder", re.findall(r"`(\w+)/`", TEXT.partition("## Models")[2].partition("## A first")[0]))
def test_model_folders_are_known(folder):
    assert Places.under(ROOT).model_folder(folder)


def test_the_extra_paths_example_adds_its_folders(tmp_path):
    example = next(block for block in INDENTED if "base_path" in block)
    written = tmp_path / "extra_model_paths.yaml"
    written.write_text(re.sub(r"^    ", "", example, flags=re.MULTILINE), encoding="utf-8")
    assert yaml.safe_load(written.read_text())["mine"]["loras"] == "lora"
    places = with_extra_roots(Places.under(tmp_path), [written])
    assert Path("/data/models/lora") in places.model_folder("loras")
    assert Path("/data/models/stable-diffusion") in places.model_folder("checkpoints")


@pytest.mark.parametrize("target", ["run", "test", "check", "bench"])
def test_the_make_targets_exist(target):
    assert f"make {target}" in TEXT
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_editor_has_the_menu_entry():
    assert "Export (API)" in TEXT
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "web" / "src").rglob("*.ts*")]
    assert any("Export (API)" in source for source in sources)
