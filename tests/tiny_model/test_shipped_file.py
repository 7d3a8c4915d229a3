"""The checkpoint that ships: its layout, and what the engine draws with it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from engine.models import choose_precision, load_checkpoint
from tools.tiny_model.drawing import draw
from tools.tiny_model.scenes import Scene, Thing
from tools.tiny_model.score_file import draw_caption
from tools.tiny_model.scorer import detect

SHIPPED = Path(__file__).parents[2] / "models" / "checkpoints" / "weft-tiny.safetensors"
LARGEST = 28_000_000  # bytes
CAPTIONS = (
    ("a red heart on a white background", 1, [("heart", "red")]),
    ("a yellow star at night", 2, [("star", "yellow")]),
    ("a big blue circle on a pink background", 3, [("circle", "blue")]),
    ("an orange square in a meadow", 4, [("square", "orange")]),
)


@pytest.fixture(scope="module")
def shapes() -> dict[str, tuple[str, tuple[int, ...]]]:
    with safe_open(SHIPPED, "pt") as file:
        slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        return {name: (part.get_dtype(), tuple(part.get_shape())) for name, part in slices.items()}


def test_the_file_is_small_and_float16(shapes):
    assert SHIPPED.stat().st_size <= LARGEST
    assert {dtype for dtype, _ in shapes.values()} == {"F16"}


def test_names_and_shapes_are_those_of_stable_diffusion_1(shapes):
    known = re.compile(
        r"model\.diffusion_model\.(time_embed|input_blocks|middle_block|output_blocks|out)\.\d"
        r"|first_stage_model\.((en|de)coder\.(conv_in|conv_out|norm_out|mid|down|up)|quant_conv|post_quant_conv)\."
        r"|cond_stage_model\.transformer\.text_model\.(embeddings|encoder|final_layer_norm)\."
    )
    assert [name for name in shapes if not known.match(name)] == []
    text = "cond_stage_model.transformer.text_model."
    width = shapes[text + "final_layer_norm.weight"][1][0]
    assert shapes[text + "embeddings.token_embedding.weight"][1] == (49408, width)
    assert shapes[text + "embeddings.position_embedding.weight"][1] == (77, width)
    assert width % 64 == 0
    assert shapes["model.diffusion_model.input_blocks.0.0.weight"][1][1:] == (4, 3, 3)
    assert shapes["model.diffusion_model.middle_block.1.proj_in.weight"][1][2:] == (1, 1)  # a convolution
    assert shapes["model.diffusion_model.middle_block.1.transformer_blocks.0.attn2.to_k.weight"][1][1] == width
    assert shapes["first_stage_model.quant_conv.weight"][1] == (8, 8, 1, 1)
    norms = [shape for name, (_, shape) in shapes.items() if re.search(r"(norm\w*|layers\.0|out\.0)\.weight$", name)]
    assert len(norms) > 40
    assert all(shape[0] % 32 == 0 for shape in norms if len(shape) == 1)  # 32 groups everywhere


@pytest.fixture(scope="module")
def checkpoint():
    torch.set_num_threads(1)
    return load_checkpoint(SHIPPED, precision=choose_precision("cpu", every="fp32"))


def seen(picture: np.ndarray) -> list[tuple[str, str]]:
    return sorted((found.shape, found.colour) for found in detect(picture))


@pytest.mark.parametrize(("text", "seed", "wanted"), CAPTIONS)
def test_the_engine_draws_what_a_caption_asks(checkpoint, text, seed, wanted):
    assert seen(draw_caption(checkpoint, text, seed=seed)) == wanted


@pytest.mark.parametrize(("where", "axis"), [("left of", "x"), ("above", "y")])
@pytest.mark.parametrize(("first", "second"), [("red heart", "blue star"), ("blue star", "red heart")])
def test_two_objects_lie_as_a_caption_says(checkpoint, first, second, where, axis):
    picture = draw_caption(checkpoint, f"a {first} {where} a {second} on a yellow background", seed=3)
    places = {f"{found.colour} {found.shape}": found for found in detect(picture)}
    assert set(places) == {first, second}
    assert getattr(places[first], axis) < getattr(places[second], axis) - 30  # pixels


def test_the_same_seed_draws_the_same_picture_and_another_another(checkpoint):
    first, again, other = (draw_caption(checkpoint, "a pink heart", seed=seed, steps=6) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_image_to_image_changes_the_colour_and_keeps_the_place(checkpoint):
    original = draw(Scene("white", (Thing("circle", "red", 64, 70, 60, 0),), None))
    start = checkpoint.vae.encode(torch.from_numpy(original)[None].float() / 255)
    text = "a big blue circle on a white background"
    (found,) = detect(draw_caption(checkpoint, text, seed=1, start=start, strength=0.65))
    assert (found.shape, found.colour) == ("circle", "blue")
    assert abs(found.x - 70) < 7 and abs(found.y - 60) < 7


def test_inpainting_changes_what_is_masked_and_nothing_else(checkpoint):
    original = draw(Scene("pink", (Thing("heart", "red", 64, 64, 64, 0),), None))
    start = checkpoint.vae.encode(torch.from_numpy(original)[None].float() / 255)
    mask = torch.zeros(1, 1, 128, 128)
    mask[..., 16:112, 16:112] = 1.0
    text = "a big yellow star on a pink background"
    picture = draw_caption(checkpoint, text, seed=1, start=start, mask=mask)
    rebuilt = (checkpoint.vae.decode(start)[0].clamp(0, 1) * 255 + 0.5).byte().numpy()
    assert seen(picture) == [("star", "yellow")]
    difference = np.abs(picture.astype(int) - rebuilt)
    assert difference[:8].mean() < 5 and difference[:, :8].mean() < 5  # of 255, far from the mask
    assert difference[48:80, 48:80].mean() > 50
