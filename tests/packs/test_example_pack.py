"""The pack that ships as an example loads, checks its input, and does what it says."""

import shutil
from pathlib import Path

import pytest
import torch

from engine.execution import LocalExecutor, Resources, RunRequest
from engine.graph import Graph, Link, Node, NodeDefinition, NodeResult, OutputSpec, Runs
from tests.packs.conftest import bring

EXAMPLE = Path(__file__).resolve().parents[2] / "custom_nodes" / "weft_example"


@pytest.fixture
def example(places):
    shutil.copytree(EXAMPLE, places.custom_nodes[0] / EXAMPLE.name)
    return bring(places)


def run(example, colour, amount):
    """Tint a black picture; give the error's text, or the picture."""
    shown = []
    picture = OutputSpec("IMAGE", "IMAGE")
    black = NodeDefinition("Black", "Black", "t", outputs=(picture,), function=lambda: torch.zeros(1, 2, 2, 3))
    keep = NodeDefinition(
        "Keep",
        "Keep",
        "t",
        inputs=example.registry["ExampleTint"].inputs[:1],
        is_target=True,
        runs=Runs.FREELY,
        function=lambda image: shown.append(image) or NodeResult(),
    )
    example.registry.add(black)
    example.registry.add(keep)
    nodes = {
        "black": Node("black", "Black"),
        "tint": Node("tint", "ExampleTint", {"image": Link("black", 0), "colour": colour, "amount": amount}),
        "keep": Node("keep", "Keep", {"image": Link("tint", 0)}),
    }
    executor = LocalExecutor(example.registry, example.places, Resources())
    outcome = executor.run(RunRequest("job", Graph(nodes), ("keep",)), lambda event: None)
    executor.close()
    assert outcome.status == "success", outcome.error
    return shown[0]


def test_it_loads_without_errors_and_under_its_name(example):
    assert example.pack("weft_example").errors == ()
    assert example.registry["ExampleTint"].display_name == "Tint (example)"


def test_it_blends_with_the_colour(example):
    tinted = run(example, "#ff8000", 0.5)
    assert torch.allclose(tinted[0, 0, 0], torch.tensor([0.5, 128 / 255 / 2, 0.0]))


@pytest.mark.parametrize(("colour", "right"), [("#e8622c", True), ("e8622c", True), ("red", False), ("#12345g", False)])
def test_it_checks_its_colour(example, colour, right):
    cls = example.pack("weft_example").classes["ExampleTint"]
    assert (cls.VALIDATE_INPUTS(colour) is True) is right
