"""GLIGEN's boxes give what `diffusers` gives, in both layouts, and leave no trace where there are none."""

import re

import pytest
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file, save_file

from engine import control, models
from engine.control.gligen import MOST_BOXES, gligen_names, read_gligen_config
from engine.errors import BadFile
from engine.models.layers.diffusers_names import our_unet_names
from engine.models.patch import PROMPT_LAYERS
from engine.sampling import Area, CfgGuider, Conditioning, ConditioningItem, NetworkInputs
from tests import tiny
from tests.models import oracle

SIZES = {
    "convolutions": tiny.Sizes(widths=(32, 64), depths=(1, 1), res_blocks=2),
    "matrices": tiny.Sizes(widths=(64, 128), depths=(1, 2), context=64, linear_projection=True, middle_depth=2),
}
BOXES = (Area(4, 6, 1, 2), Area(3, 3, 5, 0))


def precise():
    return models.choose_precision("cpu", every="fp32", channels_last=False)


@pytest.fixture(scope="module", params=SIZES)
def case(request, tmp_path_factory):
    """A model, its U-Net in diffusers with GLIGEN's layers, and those as a file."""
    sizes, folder = SIZES[request.param], tmp_path_factory.mktemp("gligen")
    path = tiny.write_checkpoint(folder / "m.safetensors", 3, sizes)
    plain = oracle.load_unet(path, sizes)
    gated = UNet2DConditionModel.from_config({**plain.config, "attention_type": "gated", "_use_default_values": []})
    added = {name: tuple(t.shape) for name, t in gated.state_dict().items() if name not in plain.state_dict()}
    drawn = tiny.random_weights(added, 5, torch.float32)
    drawn |= {name: torch.tensor(0.8) for name in added if "alpha" in name}
    gated.load_state_dict({**plain.state_dict(), **drawn}, strict=True)
    ours = our_unet_names([*plain.state_dict(), *added])
    save_file({own: drawn[name] for own, name in ours.items() if name in drawn}, folder / "gligen.safetensors")
    save_file({name: t.contiguous() for name, t in gated.state_dict().items()}, folder / "theirs.safetensors")
    model = models.load_checkpoint(path, precision=precise()).model
    return model, gated.eval().requires_grad_(False), folder


def words(count=2):
    return oracle.noise(count, 64, seed=7)


def boxed(gligen, count=2):
    prompt = Conditioning((ConditioningItem(oracle.noise(1, 77, 64, seed=1)),))
    for number in range(count):
        prompt = control.with_box(prompt, gligen, words()[[number]], BOXES[number])
    return prompt


@pytest.mark.parametrize("file", ["gligen.safetensors", "theirs.safetensors"])
def test_boxes(case, file):
    model, theirs, folder = case
    item = boxed(control.load_gligen(folder / file, precision=precise()))[0]
    x, sigma = oracle.noise(2, 4, 8, 8), torch.full((2,), 2.0)
    context = item.embedding.expand(2, -1, -1)
    denoised = model.denoise(x, sigma, NetworkInputs(context, extra=item.extra))
    corners, masks, positive = torch.zeros(2, MOST_BOXES, 4), torch.zeros(2, MOST_BOXES), torch.zeros(2, MOST_BOXES, 64)
    for number, area in enumerate(BOXES):
        edges = [area.x, area.y, area.x + area.width, area.y + area.height]
        corners[:, number] = torch.tensor(edges) / 8
        masks[:, number] = 1
        positive[:, number] = words()[number]
    epsilon = theirs(
        model.prediction.scale_input(x, sigma),
        model.noise_levels.timestep(sigma),
        encoder_hidden_states=context,
        cross_attention_kwargs={"gligen": {"boxes": corners, "positive_embeddings": positive, "masks": masks}},
    ).sample
    assert oracle.largest_error((x - denoised) / 2.0, epsilon) < 1e-4


def test_only_the_prompt_with_boxes_has_them_and_nothing_stays(case):
    model, _, folder = case
    gligen = control.load_gligen(folder / "gligen.safetensors", precision=precise())
    plain = Conditioning((ConditioningItem(oracle.noise(1, 77, 64, seed=1)),))
    x, sigma = oracle.noise(1, 4, 8, 8), torch.tensor([2.0])

    def estimate(positive, negative):
        return CfgGuider(model, positive, negative, 3.0)(x, sigma)

    before = estimate(plain, plain)
    with_boxes = estimate(boxed(gligen), plain)
    assert not torch.equal(before, with_boxes)
    assert not torch.equal(with_boxes, estimate(boxed(gligen), boxed(gligen)))
    assert torch.equal(before, estimate(plain, plain))


def test_gates_at_zero_change_nothing(case, tmp_path):
    model, _, folder = case
    shut = {name: t * 0 if "alpha" in name else t for name, t in load_file(folder / "gligen.safetensors").items()}
    save_file(shut, tmp_path / "shut.safetensors")
    item = boxed(control.load_gligen(tmp_path / "shut.safetensors", precision=precise()))[0]
    x, sigma = oracle.noise(1, 4, 8, 8), torch.tensor([2.0])
    found = (model.denoise(x, sigma, NetworkInputs(item.embedding, extra=extra)) for extra in ({}, item.extra))
    assert torch.equal(*found)


def test_a_pickle_with_more_in_it(case, tmp_path):
    _, _, folder = case
    tensors = load_file(folder / "gligen.safetensors")
    torch.save({"model": tensors, "diffusion": {"betas": torch.ones(3)}}, tmp_path / "whole.pth")
    assert (
        control.load_gligen(tmp_path / "whole.pth").config == control.load_gligen(folder / "gligen.safetensors").config
    )


def test_sizes_are_read_off_a_header(case):
    model, _, folder = case
    shapes = {name: tuple(t.shape) for name, t in load_file(folder / "gligen.safetensors").items()}
    names = gligen_names([*shapes, "input_blocks.0.0.weight"])
    config = read_gligen_config({own: shapes[name] for own, name in names.items()})
    wide = max(model.hosted.module.config.skip_channels)
    assert (config.text_width, config.position_width, config.hidden_width, config.token_width) == (64, 64, 512, 64)
    assert config.channels["middle_0_0"] == wide and "input_1_0" in config.channels


def test_what_does_not_fit_is_explained(case, tmp_path):
    _, _, folder = case
    with pytest.raises(BadFile, match=r"e\.safetensors holds no GLIGEN layers"):
        control.load_gligen(tiny.write_embedding(tmp_path / "e.safetensors"))
    tensors = load_file(folder / "gligen.safetensors")
    cut = {name: t for name, t in tensors.items() if not name.endswith("alpha_dense")}
    save_file(cut, tmp_path / "cut.safetensors")
    with pytest.raises(BadFile, match="alpha_dense"):
        control.load_gligen(tmp_path / "cut.safetensors")
    save_file(tensors | {"position_net.null_position_feature": torch.zeros(63)}, tmp_path / "odd.safetensors")
    with pytest.raises(BadFile, match=re.escape("null_position_feature [63]")):
        control.load_gligen(tmp_path / "odd.safetensors")
    gligen = control.load_gligen(folder / "gligen.safetensors", precision=precise())
    prompt = boxed(gligen)
    with pytest.raises(ValueError, match="64 numbers wide, and this text encoder gives 32"):
        control.with_box(prompt, gligen, torch.zeros(1, 32), BOXES[0])
    with pytest.raises(ValueError, match=f"at most {MOST_BOXES}"):
        for _ in range(MOST_BOXES):
            prompt = control.with_box(prompt, gligen, words(1), BOXES[0])


def test_another_kind_of_model_is_named(case, tmp_path):
    _, _, folder = case
    path = tiny.write_checkpoint(
        tmp_path / "wide.safetensors", 0, tiny.Sizes(widths=(96, 96), depths=(1, 1), res_blocks=2)
    )
    model = models.load_checkpoint(path, precision=precise()).model
    item = boxed(control.load_gligen(folder / "gligen.safetensors", precision=precise()))[0]
    with pytest.raises(ValueError, match=r"made for another kind of model: at input block 1 .* has 96 channels"):
        model.denoise(oracle.noise(1, 4, 8, 8), torch.tensor([2.0]), NetworkInputs(item.embedding, extra=item.extra))


def test_the_prompts_other_changes_are_kept(case):
    _, _, folder = case
    gligen = control.load_gligen(folder / "gligen.safetensors", precision=precise())
    other = object()
    item = ConditioningItem(oracle.noise(1, 77, 64), extra={"width": 64, PROMPT_LAYERS: (other,)})
    found = control.with_box(Conditioning((item,)), gligen, words(1), BOXES[0])[0].extra
    assert found["width"] == 64 and found[PROMPT_LAYERS][0] is other and len(found[PROMPT_LAYERS]) == 2
