"""The golden tool passes what is equal, and says what is not."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

TOOL = Path(__file__).parents[2] / "tools" / "golden.py"
WORKFLOW = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "in.png"}},
    "2": {
        "class_type": "ImageScale",
        "inputs": {"image": ["1", 0], "upscale_method": "lanczos", "width": 20, "height": 12, "crop": "disabled"},
    },
    "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "scaled"}},
}


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    """A golden folder of one workflow, whose result Pillow says."""
    for folder in ("workflows", "expected", "inputs"):
        (tmp_path / folder).mkdir()
    picture = Image.fromarray(np.random.default_rng(1).integers(0, 256, (24, 40, 3), dtype=np.uint8))
    picture.save(tmp_path / "inputs" / "in.png")
    (tmp_path / "workflows" / "scaled.json").write_text(json.dumps(WORKFLOW))
    scaled = torch.from_numpy(np.array(picture.resize((20, 12), Image.Resampling.LANCZOS)))[None]
    expect(tmp_path, scaled)
    names = '("sd15_random.safetensors", "cn15_random.safetensors")'
    (tmp_path / "make_weights.py").write_text(
        f"import sys, pathlib\nfolder = pathlib.Path(sys.argv[1])\nfolder.mkdir()\n"
        f"[(folder / name).touch() for name in {names}]\n"
    )
    return tmp_path


def expect(golden: Path, scaled: torch.Tensor) -> None:
    tensors = {"png": scaled, "image.t": scaled.float() / 255}
    path = golden / "expected" / "scaled.safetensors"
    save_file(tensors, path, metadata={"taken_from": json.dumps({"image": ["2", 0]})})


def compare(golden: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, TOOL, golden, "--weights", golden / "weights", *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_equal_results_pass(golden: Path) -> None:
    done = compare(golden)
    assert done.returncode == 0, done.stderr
    assert "1 of 1 within" in done.stdout
    assert (golden / "weights" / "cn15_random.safetensors").exists(), "missing weights are made first"


def test_the_errors_are_written_as_a_page(golden: Path) -> None:
    assert compare(golden, "--table", str(golden / "page.md")).returncode == 0
    assert "| scaled |  | 0 of 255 | 0.0e+00 (1) |" in (golden / "page.md").read_text(encoding="utf-8")


def test_a_tensor_that_is_off_fails(golden: Path) -> None:
    expect(golden, torch.full((1, 12, 20, 3), 255, dtype=torch.uint8))
    done = compare(golden)
    assert done.returncode == 1
    assert "Too far off: scaled" in done.stdout


def test_a_refused_workflow_fails_with_its_reason(golden: Path) -> None:
    (golden / "inputs" / "in.png").unlink()
    done = compare(golden)
    assert done.returncode == 1
    assert "FAILED" in done.stdout
    assert "in.png" in done.stdout
