"""Previews: one colour a cell, or decoded by a tiny VAE where one is wanted and there."""

import io
import logging
from dataclasses import replace

import pytest
import torch
from PIL import Image

from engine import models
from engine.execution import Resources
from engine.options import ComputeOptions
from nodes.previews import previewer
from tests.nodes.conftest import RecordingContext

LATENT = torch.randn(1, 4, 8, 6, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def look(checkpoint, places, tmp_path):
    """Show LATENT by a method."""
    folder = tmp_path / "vae_approx"
    folder.mkdir()
    places = replace(places, model_roots={**places.model_roots, "vae_approx": (folder,)})

    def show(method, files=True):
        for half in ("encoder", "decoder"):
            path = folder / f"taesd_{half}.pth"
            path.unlink(missing_ok=True)
            if files:
                torch.save(files[half] if isinstance(files, dict) else tiny_half(half), path)
        makers = {
            ComputeOptions: lambda: ComputeOptions(preview_method=method, preview_pixels=64),
            models.Precision: lambda: models.choose_precision("cpu", every="fp32"),
        }
        shown = previewer(RecordingContext(places, Resources(makers)), checkpoint.model)
        return None if shown is None else Image.open(io.BytesIO(shown(LATENT).data))

    return show


def tiny_half(half):
    """The weights of a tiny VAE's half, as its makers' files name them."""
    from diffusers import AutoencoderTiny

    torch.manual_seed(0)
    state = AutoencoderTiny().state_dict()
    own = {n.removeprefix(f"{half}.layers."): t for n, t in state.items() if n.startswith(half)}
    if half == "encoder":
        return own
    return {f"{int(n.split('.')[0]) + 1}.{n.split('.', 1)[1]}": t for n, t in own.items()}


def test_methods(look):
    assert look("none") is None
    rough, tiny = look("latent2rgb"), look("taesd")
    assert rough.size == tiny.size == (48, 64)
    assert rough.tobytes() != tiny.tobytes()
    assert look("auto").tobytes() == rough.tobytes()


def test_without_its_files_one_colour_a_cell_is_shown(look):
    assert look("taesd", files=False).tobytes() == look("latent2rgb").tobytes()


def test_a_tiny_vae_that_cannot_be_loaded_is_said_and_left(look, caplog):
    broken = {"encoder": {"strange": torch.zeros(1)}, "decoder": {"strange": torch.zeros(1)}}
    with caplog.at_level(logging.WARNING):
        shown = look("taesd", files=broken)
    assert "without a tiny VAE" in caplog.text
    assert shown.tobytes() == look("latent2rgb").tobytes()


def test_a_tiny_vae_of_one_model_serves_that_model_only(look, tmp_path):
    folder = tmp_path / "vae_approx"
    usual, rough = look("taesd"), look("latent2rgb")

    def add(name):
        for half in ("encoder", "decoder"):
            torch.save({n: -t for n, t in tiny_half(half).items()}, folder / f"taesd-{name}_{half}.pth")

    add("another")  # the model's file is tiny.safetensors
    assert look("taesd").tobytes() == usual.tobytes()
    add("tiny")
    assert look("taesd").tobytes() not in (usual.tobytes(), rough.tobytes())
