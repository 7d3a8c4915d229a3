"""A Control-LoRA beside its model is the control network whose weights are the model's and what the file adds."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine import control, models, patches
from engine.control.control_lora import ControlLora
from engine.errors import BadFile
from engine.sampling import EPSILON, CfgGuider, Conditioning, ConditioningItem, ControlCall, NoiseLevels
from tests import tiny
from tests.models import oracle

LEVELS = NoiseLevels.scaled_linear()
SIZES = {"sd1": tiny.TINY, "sdxl": tiny.SDXL}
PREFIX = "model.diffusion_model."


def precise():
    return models.choose_precision("cpu", every="fp32", channels_last=False)


def ranks_of(whole, base, seed=0):
    """A Control-LoRA's tensors, and those of the control network that it stands for."""
    generator = torch.Generator().manual_seed(seed)
    ranks, summed = {"lora_controlnet": torch.zeros(0)}, {}
    for name, tensor in whole.items():
        own = name.removeprefix("control_model.")
        before, layer = base.get(PREFIX + own), own.removesuffix(".weight")
        if before is None or before.ndim < 2 or own == "input_blocks.0.0.weight":
            ranks[own] = summed[name] = tensor.float()
            continue
        narrow = 3
        kernel = before.shape[2:]
        up = torch.randn(before.shape[0], narrow, *(1 for _ in kernel), generator=generator)
        down = torch.randn(narrow, *before.shape[1:], generator=generator) * 0.1
        summed[name] = before.float() + (up.flatten(1) @ down.flatten(1)).reshape(before.shape)
        if not own.endswith("attn2.to_q.weight"):
            ranks |= {f"{layer}.up": up, f"{layer}.down": down}
        else:
            summed[name] = before.float()  # what the file does not tell is the model's
    return ranks, summed


@pytest.fixture(scope="module", params=SIZES)
def case(request, tmp_path_factory):
    """The model, its file, a Control-LoRA, and the control network that it stands for, as files."""
    sizes, folder = SIZES[request.param], tmp_path_factory.mktemp("control lora")
    path = tiny.write_checkpoint(folder / "m.safetensors", 3, sizes)
    whole = tiny.write_controlnet(folder / "whole.safetensors", 4, sizes)
    base = load_file(path)
    vector = {
        f"control_model.{name.removeprefix(PREFIX)}": t for name, t in base.items() if f"{PREFIX}label_emb" in name
    }
    ranks, summed = ranks_of(load_file(whole) | vector, base)
    save_file(ranks, folder / "ranks.safetensors")
    save_file(summed, folder / "summed.safetensors")
    return models.load_checkpoint(path, precision=precise()).model, sizes, folder


def call(model, sizes, count=2):
    vector = oracle.noise(count, sizes.vector_channels, seed=3) if sizes.vector_channels else None
    x, context = oracle.noise(count, 4, 8, 8), oracle.noise(count, 77, sizes.context, seed=1)
    return ControlCall(x, torch.full((count,), 2.0), context, None, 1, LEVELS, EPSILON, vector, model)


def picture():
    return torch.rand(1, 64, 64, 3, generator=torch.Generator().manual_seed(0))


def load(path):
    return control.load_controlnet(path, precision=precise())


def agree(first, second):
    for ours, theirs in zip((*first.output, *first.middle), (*second.output, *second.middle), strict=True):
        assert oracle.largest_error(ours, theirs) < 1e-5


def test_ranks_are_added_to_the_model(case):
    model, sizes, folder = case
    lora = load(folder / "ranks.safetensors")
    assert isinstance(lora, ControlLora) and lora.for_kind("depth") is lora
    this = call(model, sizes)
    use = lora.use(picture(), 0.7)
    agree(use.residuals(this), load(folder / "summed.safetensors").use(picture(), 0.7).residuals(this))
    assert use.holdables(model) == (lora.beside(model),)
    assert lora.use(picture(), 0.0).residuals(this) is None
    assert lora.use(picture(), 1.0, 0.0, 0.1).residuals(this) is None


def test_the_models_own_patches_count_and_it_stays_as_it_is(case):
    model, sizes, folder = case
    lora = load(folder / "ranks.safetensors")
    plain = Conditioning((ConditioningItem(oracle.noise(1, 77, sizes.context, seed=1), **_vector(sizes)),))
    controlled = plain.with_(controls=(lora.use(picture()),))

    def estimate(positive, model):
        return CfgGuider(model, positive, plain, 3.0)(oracle.noise(1, 4, 8, 8), torch.tensor([2.0]))

    before = estimate(plain, model)
    steered = estimate(controlled, model)
    assert not torch.allclose(steered, before, atol=1e-3)
    assert torch.equal(estimate(plain, model), before)
    changed = patches.with_multiplied_attention(model, "attn2", 1.0, 3.0, 1.0, 1.0)
    ours = lora.beside(changed).hosted.weights
    name = next(name for name in ours if name.endswith("attn2.to_k.weight"))
    base = model.hosted.weights[name].float()
    added = lora.beside(model).hosted.weights[name] - base
    torch.testing.assert_close(ours[name], 3 * base + added, rtol=1e-4, atol=1e-4)
    assert torch.equal(estimate(controlled, model), steered)


def _vector(sizes):
    return {"vector": oracle.noise(1, sizes.vector_channels, seed=3)} if sizes.vector_channels else {}


def test_another_kind_of_model_is_named(case, tmp_path):
    _, sizes, folder = case
    other = tiny.SDXL if sizes is tiny.TINY else tiny.TINY
    path = tiny.write_checkpoint(tmp_path / "other.safetensors", 3, other)
    stranger = models.load_checkpoint(path, precision=precise()).model
    with pytest.raises(BadFile, match=r"Control-LoRA ranks\.safetensors was made for another kind of model: "):
        load(folder / "ranks.safetensors").use(picture()).residuals(call(stranger, other))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda name, t: (name, t[:-1]) if name == "time_embed.0.up" else (name, t), r"time_embed\.0 has the ranks"),
        (lambda name, t: ("x.up", t) if name == "time_embed.0.up" else (name, t), r"it has x\.up"),
        (
            lambda name, t: (name, t[:, :2]) if name == "zero_convs.0.0.weight" else (name, t),
            r"zero_convs\.0\.0\.weight is",
        ),
    ],
)
def test_damaged_ranks_are_named(case, change, told, tmp_path):
    model, _, folder = case
    ranks = dict(change(name, t) for name, t in load_file(folder / "ranks.safetensors").items())
    save_file({name: t.contiguous() for name, t in ranks.items()}, tmp_path / "odd.safetensors")
    with pytest.raises(BadFile, match=told):
        load(tmp_path / "odd.safetensors").beside(model)


def test_what_is_missing_is_named(case, tmp_path):
    model, _, folder = case
    ranks = load_file(folder / "ranks.safetensors")
    del ranks["zero_convs.1.0.bias"]
    save_file(ranks, tmp_path / "cut.safetensors")
    with pytest.raises(BadFile, match=r"zero_convs\.1\.0\.bias"):
        load(tmp_path / "cut.safetensors").beside(model)
