"""Memory runs out inside torch: models go, the node runs once more in a smaller way, then there is a clear error."""

import gc
import logging
import weakref
from dataclasses import dataclass, field, replace

import pytest
import torch

import nodes
from engine.execution.events import NodeRetried
from engine.execution.outcome import Outcome
from engine.graph import Link, Registry
from engine.graph.definition import NodeDefinition, Runs
from engine.sampling import Latent
from engine.worker.torch_lifecycle import TorchLifecycle
from tests import doubles
from tests.execution.runner import Runner

FULL = "CUDA out of memory. Tried to allocate 20.00 GiB."
KNOWN = Registry(doubles.definitions())
NATIVE = Registry(nodes.definitions())


@dataclass
class Tight:
    """Fails so many times for lack of memory, then gives how often it was called."""

    failures: int = 1
    error: type[Exception] = torch.OutOfMemoryError
    calls: list[str] = field(default_factory=list)
    releases: int = 0
    held: list["weakref.ref[torch.Tensor]"] = field(default_factory=list)
    alive: list[int] = field(default_factory=list)
    retried: list[NodeRetried] = field(default_factory=list)

    def release(self) -> None:
        self.releases += 1

    def use(self, how: str) -> int:
        self.calls.append(how)
        gc.collect()
        self.alive.append(sum(ref() is not None for ref in self.held))
        large = torch.zeros(1000)  # what a node holds when memory runs out
        self.held.append(weakref.ref(large))
        if len(self.calls) <= self.failures:
            raise self.error(FULL)
        return len(self.calls)

    def definition(self, *, sparing: bool, runs: Runs = Runs.ON_DEVICE, is_target: bool = False) -> NodeDefinition:
        return replace(
            KNOWN["Constant"],
            type="Greedy",
            display_name="Greedy node",
            runs=runs,
            is_target=is_target,
            function=lambda value: self.use("whole"),
            sparing=(lambda value: self.use("smaller")) if sparing else None,
        )

    def run(self, definition: NodeDefinition) -> Outcome:
        runner = Runner([*doubles.definitions(), definition], lifecycles=(TorchLifecycle(self.release),))
        greedy = {"greedy": ("Greedy", {"value": 1})}
        if definition.is_target:
            outcome = runner.run("greedy", **greedy)
        else:
            outcome = runner.run(**greedy, show=("Show", {"value": Link("greedy", 0)}))
        self.retried = runner.of(NodeRetried)
        return outcome


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, MemoryError])
@pytest.mark.parametrize(("sparing", "second"), [(True, "smaller"), (False, "whole")])
def test_a_node_runs_once_more_after_models_went(error, sparing, second, caplog):
    tight = Tight(error=error)
    with caplog.at_level(logging.WARNING):
        outcome = tight.run(tight.definition(sparing=sparing))
    assert outcome.status == "success" and outcome.outputs["show"] == {"text": ["2"]}
    assert tight.calls == ["whole", second] and tight.releases == 1
    assert tight.alive == [0, 0], "what the first attempt held is gone when the second begins"
    assert "Greedy node (node greedy)" in caplog.text and "once more" in caplog.text
    assert [(event.place.node, event.node_type) for event in tight.retried] == [("greedy", "Greedy")]


def test_a_second_lack_of_memory_is_an_error_that_names_the_node():
    tight = Tight(failures=2)
    outcome = tight.run(tight.definition(sparing=True))
    assert outcome.status == "error" and outcome.error is not None
    assert outcome.error.exception_type == "OutOfMemory" and outcome.error.node == "greedy"
    assert "Greedy node (node greedy)" in outcome.error.message and FULL in outcome.error.message
    assert "smaller image" in outcome.error.message
    assert tight.calls == ["whole", "smaller"] and tight.releases == 2


@pytest.mark.parametrize("flags", [{"runs": Runs.ALONE}, {"is_target": True}, {"runs": Runs.FREELY}], ids=str)
def test_what_may_have_saved_something_is_not_repeated(flags):
    tight = Tight()
    outcome = tight.run(tight.definition(sparing=False, **flags))
    assert outcome.status == "error" and tight.calls == ["whole"] and tight.releases == 1


def test_other_errors_are_not_repeated():
    tight = Tight(error=ValueError)
    outcome = tight.run(tight.definition(sparing=True))
    assert outcome.error is not None and outcome.error.exception_type == "ValueError"
    assert tight.calls == ["whole"] and tight.releases == 0


class FullVae:
    """A VAE that fits only tile by tile."""

    def __init__(self, vae):
        self._vae = vae
        self.calls = []

    def __getattr__(self, name):
        return getattr(self._vae, name)

    def decode(self, samples):
        self.calls.append("decode")
        raise torch.OutOfMemoryError(FULL)

    def encode(self, pixels):
        self.calls.append("encode")
        raise torch.OutOfMemoryError(FULL)


@pytest.mark.parametrize("node_type", ["VAEDecode", "VAEEncode"])
def test_a_vae_that_does_not_fit_works_tile_by_tile(node_type, tmp_path):
    from engine import models
    from tests import tiny

    path = tiny.write_checkpoint(tmp_path / "tiny.safetensors")
    whole = models.load_checkpoint(path).vae
    vae = FullVae(whole)
    samples = torch.randn(1, 4, 72, 72, generator=torch.Generator().manual_seed(0))
    pixels = torch.rand(1, 520, 520, 3, generator=torch.Generator().manual_seed(0))
    made: list[torch.Tensor] = []

    def give(what):
        return lambda value: what

    definitions = [
        replace(KNOWN["Constant"], type="GiveVae", function=give(vae)),
        replace(KNOWN["Constant"], type="GiveLatent", function=give(Latent(samples))),
        replace(KNOWN["Constant"], type="GiveImage", function=give(pixels)),
        replace(KNOWN["Show"], type="Keep", function=lambda value: made.append(getattr(value, "samples", value))),
        NATIVE[node_type],
    ]
    runner = Runner(definitions, lifecycles=(TorchLifecycle(lambda: None),))
    name, giver = ("samples", "GiveLatent") if node_type == "VAEDecode" else ("pixels", "GiveImage")
    outcome = runner.run(
        vae=("GiveVae", {"value": 1}),
        given=(giver, {"value": 1}),
        coded=(node_type, {"vae": Link("vae", 0), name: Link("given", 0)}),
        show=("Keep", {"value": Link("coded", 0)}),
    )
    assert outcome.status == "success", outcome.error
    assert vae.calls == [node_type.removeprefix("VAE").lower()]
    expected = whole.decode(samples) if node_type == "VAEDecode" else whole.encode(pixels)
    assert made[0].shape == expected.shape
    middle = slice(20, 40)
    at = (0, slice(None), middle, middle) if node_type == "VAEEncode" else (0, middle, middle)
    torch.testing.assert_close(made[0][at], expected[at], atol=0.2, rtol=0.2)
