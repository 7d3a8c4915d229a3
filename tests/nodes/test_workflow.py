"""A whole graph runs through the executor as in a worker: what is executed, shown, written, and kept."""

import copy
import json

import numpy as np
import pytest
from PIL import Image

from engine.execution import RunRequest
from engine.execution.events import NodeFinished, NodeProgress, NodesCached
from engine.graph import check_graph
from engine.options import ComputeOptions
from engine.wire.prompt import read_prompt
from engine.worker.equipment import equip
from engine.worker.setup import WorkerSetup
from engine.worker.workshop import Workshop
from tests import tiny

STEPS = 3
TEXT_TO_IMAGE = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny.safetensors"}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red heart", "clip": ["1", 1]}},
    "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["1", 1]}},
    "4": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 2}},
    "5": {
        "class_type": "KSampler",
        "inputs": {
            "model": ["1", 0],
            "positive": ["2", 0],
            "negative": ["3", 0],
            "latent_image": ["4", 0],
            "seed": 12345,
            "steps": STEPS,
            "cfg": 4.0,
            "sampler_name": "dpmpp_2m",
            "scheduler": "karras",
            "denoise": 1.0,
        },
    },
    "6": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["1", 2]}},
    "7": {"class_type": "SaveImage", "inputs": {"images": ["6", 0], "filename_prefix": "tiny/%KSampler.seed%"}},
}
WORKFLOW = {"nodes": [], "version": 0.4}


class Runner:
    """A worker's workshop in this process, and what it said of the last run."""

    def __init__(self, places):
        self.places = places
        compute = ComputeOptions(cpu=True, all_type="fp32")
        self.setup = WorkerSetup(places, compute=compute)
        self.registry = equip(self.setup).registry
        self.workshop = Workshop(self.setup)
        self.jobs = 0
        self.events = []

    def check(self, prompt):
        return check_graph(read_prompt(prompt), self.registry, self.places)

    def run(self, prompt):
        found = self.check(prompt)
        assert found.failure is None, found.failure
        self.jobs += 1
        self.events = []
        extra = {"extra_pnginfo": {"workflow": WORKFLOW}}
        request = RunRequest(f"job {self.jobs}", found.graph, found.targets, prompt, extra)
        return self.workshop.run(request, self.events.append)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def runner(places):
    made = Runner(places)
    yield made
    made.workshop.close()


def changed(prompt, node_id, **inputs):
    other = copy.deepcopy(prompt)
    other[node_id]["inputs"] |= inputs
    return other


def picture(places, shown):
    return np.asarray(Image.open(places.area(shown["type"]) / shown["subfolder"] / shown["filename"]))


def test_text_to_image_and_what_runs_again(runner, places):
    outcome = runner.run(TEXT_TO_IMAGE)
    assert outcome.status == "success", outcome.error
    assert set(outcome.executed) == set(TEXT_TO_IMAGE)
    shown = outcome.outputs["7"]["images"]
    assert [entry["filename"] for entry in shown] == ["12345_00001_.png", "12345_00002_.png"]
    assert {entry["subfolder"] for entry in shown} == {"tiny"}
    assert picture(places, shown[0]).shape == (64, 64, 3)
    assert not np.array_equal(picture(places, shown[0]), picture(places, shown[1])), "a batch differs by its noise"
    progress = [event for event in runner.of(NodeProgress) if event.place.node == "5"]
    assert [(event.value, event.maximum) for event in progress] == [(step + 1, STEPS) for step in range(STEPS)]
    assert progress[0].preview is not None
    assert progress[0].preview.data.startswith(b"\xff\xd8")
    with Image.open(places.output / "tiny" / "12345_00001_.png") as image:
        assert json.loads(image.text["prompt"]) == TEXT_TO_IMAGE
        assert json.loads(image.text["workflow"]) == WORKFLOW

    again = runner.run(TEXT_TO_IMAGE)
    assert again.executed == ()
    assert again.outputs["7"]["images"] == shown
    assert set(runner.of(NodesCached)[0].nodes) == set(TEXT_TO_IMAGE)
    assert runner.of(NodeFinished)[0].ui["images"] == shown

    other_seed = runner.run(changed(TEXT_TO_IMAGE, "5", seed=99))
    assert set(other_seed.executed) == {"5", "6", "7"}
    assert not np.array_equal(picture(places, other_seed.outputs["7"]["images"][0]), picture(places, shown[0]))

    other_words = runner.run(changed(TEXT_TO_IMAGE, "2", text="a blue ring"))
    assert set(other_words.executed) == {"2", "5", "6", "7"}

    first_again = runner.run(changed(TEXT_TO_IMAGE, "7", filename_prefix="again"))
    assert first_again.executed == ("7",)
    assert np.array_equal(picture(places, first_again.outputs["7"]["images"][0]), picture(places, shown[0]))


def test_sampling_put_together_of_nodes_gives_the_same_picture_and_runs_only_what_changed(runner, places):
    parts = {
        "n": entry("RandomNoise", noise_seed=12345),
        "g": entry("CFGGuider", model=["1", 0], positive=["2", 0], negative=["3", 0], cfg=4.0),
        "s": entry("KSamplerSelect", sampler_name="dpmpp_2m"),
        "l": entry("BasicScheduler", model=["1", 0], scheduler="karras", steps=STEPS, denoise=1.0),
        "5": entry(
            "SamplerCustomAdvanced",
            noise=["n", 0],
            guider=["g", 0],
            sampler=["s", 0],
            sigmas=["l", 0],
            latent_image=["4", 0],
        ),
    }
    custom = {**TEXT_TO_IMAGE, **parts}
    plain, outcome = runner.run(TEXT_TO_IMAGE), runner.run(custom)
    assert outcome.status == "success", outcome.error
    shown = outcome.outputs["7"]["images"][0]
    assert np.array_equal(picture(places, shown), picture(places, plain.outputs["7"]["images"][0]))
    assert len([event for event in runner.of(NodeProgress) if event.place.node == "5"]) == STEPS
    other = runner.run(changed(custom, "s", sampler_name="heun"))
    assert set(other.executed) == {"s", "5", "6", "7"}


def test_a_replaced_checkpoint_runs_everything_that_depends_on_it(runner, places, tmp_path):
    own = tmp_path / "checkpoints"
    tiny.write_checkpoint(own / "tiny.safetensors", seed=1)
    places.model_roots["checkpoints"] = (own,)
    runner.run(TEXT_TO_IMAGE)
    tiny.write_checkpoint(own / "tiny.safetensors", seed=2)
    outcome = runner.run(TEXT_TO_IMAGE)
    assert outcome.status == "success", outcome.error
    assert set(outcome.executed) == set(TEXT_TO_IMAGE) - {"4"}


def entry(node_type, **inputs):
    return {"class_type": node_type, "inputs": inputs}


IMAGE_TO_IMAGE = {
    **changed(TEXT_TO_IMAGE, "5", model=["40", 0], latent_image=["12", 0], positive=["21", 0], negative=["21", 1]),
    "10": entry("LoadImage", image="in.png"),
    "11": entry("ImageScale", image=["10", 0], upscale_method="lanczos", width=64, height=64, crop="center"),
    "12": entry("VAEEncodeForInpaint", pixels=["11", 0], vae=["1", 2], mask=["13", 0], grow_mask_by=6),
    "13": entry("LoadImageMask", image="in.png", channel="red"),
    "20": entry("ControlNetLoader", control_net_name="tiny.safetensors"),
    "21": entry(
        "ControlNetApplyAdvanced",
        positive=["22", 0],
        negative=["3", 0],
        control_net=["20", 0],
        image=["11", 0],
        strength=0.9,
        start_percent=0.0,
        end_percent=0.8,
    ),
    "22": entry("ConditioningCombine", conditioning_1=["2", 0], conditioning_2=["23", 0]),
    "23": entry("ConditioningSetArea", conditioning=["3", 0], width=64, height=64, x=0, y=0, strength=0.5),
    "30": entry("SaveLatent", samples=["5", 0], filename_prefix="latents/a"),
    "31": entry("LatentUpscaleBy", samples=["5", 0], upscale_method="bislerp", scale_by=1.5),
    "32": entry("VAEDecode", samples=["31", 0], vae=["1", 2]),
    "33": entry("PreviewImage", images=["32", 0]),
    "40": entry(
        "LoraLoader",
        model=["1", 0],
        clip=["1", 1],
        lora_name="tiny.safetensors",
        strength_model=0.5,
        strength_clip=0.5,
    ),
}


def test_image_to_image_with_everything(runner, places):
    generator = np.random.default_rng(1)
    Image.fromarray(generator.integers(0, 256, (80, 100, 3), np.uint8)).save(places.input / "in.png")
    outcome = runner.run(IMAGE_TO_IMAGE)
    assert outcome.status == "success", outcome.error
    assert outcome.outputs["30"]["latents"][0]["filename"] == "a_00001_.latent"
    preview = outcome.outputs["33"]["images"][0]
    assert preview["type"] == "temp"
    assert picture(places, preview).shape == (96, 96, 3)

    Image.fromarray(generator.integers(0, 256, (80, 100, 3), np.uint8)).save(places.input / "in.png")
    again = runner.run(IMAGE_TO_IMAGE)
    assert {"10", "11", "12", "13", "21", "5"} <= set(again.executed)
    assert not {"1", "2", "3", "20", "40"} & set(again.executed)

    loaded = {
        "1": {"class_type": "LoadLatent", "inputs": {"latent": "latents/a_00002_.latent [output]"}},
        "2": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny.safetensors"}},
        "3": {"class_type": "VAEDecode", "inputs": {"samples": ["1", 0], "vae": ["2", 2]}},
        "4": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "decoded"}},
    }
    decoded = runner.run(loaded).outputs["4"]["images"]
    assert np.array_equal(picture(places, decoded[0]), picture(places, again.outputs["7"]["images"][0]))


def test_a_job_that_fails_on_a_full_disk_keeps_what_was_computed(runner, places, monkeypatch):
    import errno
    import os

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        outcome = runner.run(TEXT_TO_IMAGE)
    assert (outcome.status, outcome.error.node, outcome.error.exception_type) == ("error", "7", "EngineError")
    assert "No room to save" in outcome.error.message
    assert not [path for path in places.output.rglob("*") if path.is_file()]
    later = runner.run(TEXT_TO_IMAGE)
    assert later.executed == ("7",)
    assert picture(places, later.outputs["7"]["images"][1]).shape == (64, 64, 3)


@pytest.mark.parametrize(
    "value", ["../../etc/passwd", "/etc/passwd [output]", "..\\x.png [temp]", "gone.png", "a\0.png"]
)
def test_hostile_names_are_refused_before_anything_runs(runner, value):
    prompt = {
        "1": {"class_type": "LoadImage", "inputs": {"image": value}},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
    found = runner.check(prompt)
    assert found.failure.kind == "prompt_outputs_failed_validation"
    assert [problem.kind for problem in found.problems["1"].problems] == ["value_not_in_list"]


@pytest.mark.parametrize("prefix", ["../../out", "/tmp/out", "a/../../../b", "C:\\out", "\ud800"])
def test_hostile_prefixes_are_refused_before_anything_runs(runner, prefix):
    found = runner.check(changed(TEXT_TO_IMAGE, "7", filename_prefix=prefix))
    assert found.failure.kind == "prompt_outputs_failed_validation"
    assert found.problems["7"].problems[0].kind == "custom_validation_failed"


def test_a_missing_model_is_named_with_what_there_is(runner):
    found = runner.check(changed(TEXT_TO_IMAGE, "1", ckpt_name="gone.safetensors"))
    problem = found.problems["1"].problems[0]
    assert problem.kind == "value_not_in_list"
    assert "tiny.safetensors" in problem.details
