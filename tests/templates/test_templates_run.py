"""Every template that ships runs through the engine: on the models that ship, else on small ones of the same layout."""

import copy
import json
from dataclasses import replace

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from engine.files.places import Places
from engine.models.layers.tiny_autoencoder import TinyAutoencoder, TinyVaeConfig
from engine.models.upscalers.rrdb import RrdbConfig, RrdbNet
from tests import film, tiny
from tools import gallery
from tools.tiny_model.companions import vision

TEMPLATES = gallery.read_templates()
NETWORK = "model.diffusion_model."
SMALL = 64  # pixels of what the stand-ins draw


def write_network(path, in_channels=4, vector_channels=0):
    """A network alone that is shown a picture: by further channels, or by what a vision encoder sees in it."""
    sizes = replace(tiny.TINY, in_channels=in_channels, vector_channels=vector_channels)
    whole = tiny.random_weights(tiny.checkpoint_shapes(sizes), 3, torch.float16)
    save_file({name: tensor for name, tensor in whole.items() if name.startswith(NETWORK)}, path)


def write_vision(path):
    """A vision encoder that says 32 numbers of a picture."""
    encoder = vision.build_vision(vision.VisionSizes(width=64, hidden=64, layers=1, patch=32, says=32))
    save_file({name: tensor.contiguous() for name, tensor in vision.weights_of(encoder).items()}, path)


def write_gligen(path):
    save_file(tiny.random_weights(tiny.gligen_shapes(), 2, torch.float32), path)


def write_tiny_vae_half(path):
    torch.manual_seed(1)
    half = getattr(TinyAutoencoder(TinyVaeConfig(16, 4, 0.18215)), path.stem.rsplit("_", 1)[1])
    save_file(half.state_dict(), path)


def write_upscaler(path):
    torch.manual_seed(1)
    network = RrdbNet(RrdbConfig(3, 3, blocks=2, features=8, growth=4, doublings=2, unshuffle=1))
    torch.save(network.state_dict(), path)


# A stand-in for each file that a template names.
WRITERS = {
    "checkpoints/weft-tiny.safetensors": tiny.write_checkpoint,
    "checkpoints/v1-5-pruned-emaonly.safetensors": tiny.write_checkpoint,
    "checkpoints/sd_xl_base_1.0.safetensors": lambda path: tiny.write_checkpoint(path, sizes=tiny.SDXL),
    "checkpoints/sd_xl_refiner_1.0.safetensors": lambda path: tiny.write_checkpoint(path, sizes=tiny.REFINER),
    "checkpoints/x4-upscaler-ema.safetensors": lambda path: tiny.write_checkpoint(path, sizes=tiny.UPSCALER),
    "checkpoints/svd_xt.safetensors": film.write_checkpoint,
    "clip_vision/weft-tiny-vision.safetensors": write_vision,
    "loras/weft-tiny-style.safetensors": tiny.write_lora,
    "loras/weft-tiny-object.safetensors": tiny.write_lora,
    "embeddings/weft-tiny-word.safetensors": tiny.write_embedding,
    "controlnet/weft-tiny-edges.safetensors": tiny.write_controlnet,
    "controlnet/weft-tiny-segments.safetensors": tiny.write_controlnet,
    "diffusion_models/weft-tiny-inpaint.safetensors": lambda path: write_network(path, 9),
    "diffusion_models/weft-tiny-instruct.safetensors": lambda path: write_network(path, 8),
    "diffusion_models/weft-tiny-upscale.safetensors": lambda path: write_network(path, 8),
    "vae_approx/taesd-weft-tiny_decoder.safetensors": write_tiny_vae_half,
    "vae_approx/taesd-weft-tiny_encoder.safetensors": write_tiny_vae_half,
    "diffusion_models/weft-tiny-unclip.safetensors": lambda path: write_network(path, vector_channels=2 * 32),
    "gligen/gligen_sd14_textbox_pruned.safetensors": write_gligen,
    "upscale_models/RealESRGAN_x4plus.pth": write_upscaler,
}


def studio_on(base, models):
    own = Places.under(base)
    places = Places(own.input, own.output, own.temp, own.user, models)
    places.make()
    gallery.place_inputs(places)
    return gallery.Studio(places)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    studio = studio_on(tmp_path_factory.mktemp("shipped"), Places.under(gallery.ROOT).model_roots)
    yield studio
    studio.close()


@pytest.fixture(scope="module")
def standing_in(tmp_path_factory):
    base = tmp_path_factory.mktemp("stand-ins")
    for name, write in WRITERS.items():
        path = base / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path)
    studio = studio_on(base, Places.under(base).model_roots)
    yield studio
    studio.close()


def shortened(prompt):
    """Two steps: what is left is every node, link and value that a full run meets."""
    prompt = copy.deepcopy(prompt)
    for inputs in (entry["inputs"] for entry in prompt.values()):
        if inputs.get("start_at_step", 0) > 0:
            inputs["start_at_step"] = 1
        if inputs.get("end_at_step", 10_000) < 10_000:
            inputs["end_at_step"] = 1
        if "steps" in inputs:
            inputs["steps"] = 2
    return prompt


def made_smaller(prompt):
    """Pictures for stand-ins: what full-size models draw would take them minutes."""
    for entry in prompt.values():
        inputs = entry["inputs"]
        sized = entry["class_type"] in ("EmptyLatentImage", "SVD_img2vid_Conditioning")
        if sized:
            inputs |= {side: SMALL for side in ("width", "height") if inputs[side] > 2 * SMALL}
        if "video_frames" in inputs:
            inputs["video_frames"] = 2
    return prompt


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_it_runs(template, request):
    can_run = not gallery.missing_models(template, Places.under(gallery.ROOT))
    studio = request.getfixturevalue("shipped" if can_run else "standing_in")
    prompt = shortened(template.prompt)
    outcome = studio.run(prompt if can_run else made_smaller(prompt), template.name)
    assert set(outcome.executed) >= {node for node, entry in prompt.items() if entry["class_type"].startswith("Save")}
    for file in gallery.pictures_of(outcome, prompt, studio.places):
        with Image.open(file) as picture:
            lowest, highest = zip(*picture.convert("RGB").getextrema(), strict=True)
        assert max(highest) > min(lowest), "a picture of one colour"


def test_the_index_names_each_model_that_a_stand_in_is_there_for():
    assert {name for template in TEMPLATES for name in template.models} == set(WRITERS)


def test_first_steps_need_nothing_but_what_ships():
    first = [template for template in TEMPLATES if template.technique == "First steps"]
    assert first and all(not gallery.missing_models(template, Places.under(gallery.ROOT)) for template in first)


def test_what_lies_beside_the_templates_is_small():
    files = [path for path in gallery.TEMPLATES.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 2**20
    assert {path.name for path in (gallery.TEMPLATES / "inputs").iterdir()} == {
        name for template in TEMPLATES for name in template.inputs
    }


def test_the_page_says_of_each_template_what_the_index_says():
    page = gallery.PAGE.read_text(encoding="utf-8")
    assert page == gallery.page_of(TEMPLATES)
    for template in TEMPLATES:
        assert template.description in page
        workflow = json.loads((gallery.TEMPLATES / f"{template.name}.json").read_text(encoding="utf-8"))
        assert any(node["type"] == "MarkdownNote" for node in workflow["nodes"])
