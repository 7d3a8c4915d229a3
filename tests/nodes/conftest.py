"""What native nodes need to be called like functions: places, a context that remembers, small real models."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

from engine import models
from engine.errors import Interrupted
from engine.execution import Resources
from engine.files.places import Places
from nodes import loaders
from tests import tiny


@dataclass
class RecordingContext:
    """A NodeContext that remembers what it was told, and cancels at a step if asked to."""

    places: Places
    resources: Resources
    job: str = "job"
    node_id: str = "1"
    prompt: dict | None = None
    extra_pnginfo: dict | None = None
    shows_previews: bool = True
    cancel_at: float | None = None
    steps: list = field(default_factory=list)
    previews: list = field(default_factory=list)
    shown: list = field(default_factory=list)

    def progress(self, value, maximum, preview=None):
        if value == self.cancel_at:
            raise Interrupted("The job was cancelled.")
        self.steps.append((value, maximum))
        if preview is not None:
            self.previews.append(preview)

    def wants_preview(self):
        return self.shows_previews

    def show_text(self, text):
        self.shown.append(text)

    def check_cancelled(self):
        if self.cancel_at is not None:
            raise Interrupted("The job was cancelled.")

    def resource(self, kind):
        return self.resources.get(kind)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    """A folder that holds small models in the layouts of real files."""
    base = tmp_path_factory.mktemp("tiny models")
    tiny.write_checkpoint(base / "models" / "checkpoints" / "tiny.safetensors")
    tiny.write_lora(base / "models" / "loras" / "tiny.safetensors")
    tiny.write_controlnet(base / "models" / "controlnet" / "tiny.safetensors")
    tiny.write_embedding(base / "models" / "embeddings" / "tiny.safetensors")
    return base


@pytest.fixture
def places(tmp_path, model_folder):
    own = Places.under(tmp_path)
    own.make()
    return Places(own.input, own.output, own.temp, own.user, Places.under(model_folder).model_roots)


@pytest.fixture(scope="session")
def resources():
    return Resources({models.Precision: lambda: models.choose_precision("cpu", every="fp32", channels_last=False)})


@pytest.fixture
def context(places, resources):
    return RecordingContext(places, resources)


@pytest.fixture(scope="session")
def checkpoint(model_folder, resources):
    """The small model, loaded once by the node that loads models."""
    context = RecordingContext(Places.under(Path(model_folder)), resources)
    return loaders.load_checkpoint(ckpt_name="tiny.safetensors", context=context)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
