"""What takes part inside a network does what its paper says, is neutral where it should be, and leaves no trace."""

import pytest
import torch

from engine import models
from engine.models.layer_patches import LayerPatches, LayerPlace
from engine.patches.attention_guidance import MIDDLE
from engine.patches.free_u import scale_low_frequencies
from engine.patches.hyper_tile import HyperTile
from engine.patches.token_merging import bipartite_matching
from engine.sampling import CfgGuider, Conditioning, ConditioningItem, NetworkInputs
from nodes import model_merging, model_patches
from tests import tiny

SIZES = tiny.Sizes(widths=(32, 64), depths=(1, 1), res_blocks=2)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("layer patches") / "model.safetensors"
    tiny.write_checkpoint(path, 3, SIZES)
    return models.load_checkpoint(path, precision=models.choose_precision("cpu", every="fp32", channels_last=False))


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    path = tmp_path_factory.mktemp("other model") / "model.safetensors"
    tiny.write_checkpoint(path, 4, SIZES)
    return models.load_checkpoint(path, precision=models.choose_precision("cpu", every="fp32", channels_last=False))


def latent(seed=0, size=16):
    return torch.randn(1, 4, size, size, generator=torch.Generator().manual_seed(seed))


def prompt(seed):
    return Conditioning((ConditioningItem(torch.randn(1, 77, 64, generator=torch.Generator().manual_seed(seed))),))


def run(model, x=None, sigma=2.0):
    return model.denoise(latent() if x is None else x, torch.tensor([sigma]), NetworkInputs(torch.ones(1, 77, 64)))


def guided(model, cfg=3.0):
    return CfgGuider(model, prompt(1), prompt(2), cfg)(latent(), torch.tensor([2.0]))


NEUTRAL = {
    "free_u": lambda model: model_patches.free_u(model=model, b1=1.0, b2=1.0, s1=1.0, s2=1.0),
    "free_u_v2": lambda model: model_patches.free_u_v2(model=model, b1=1.0, b2=1.0, s1=1.0, s2=1.0),
    "hyper_tile of one tile": lambda model: model_patches.hyper_tile(model=model, tile_size=2048),
    "merge_tokens": lambda model: model_patches.merge_tokens(model=model, ratio=0.0),
    "deep_shrink by 1": lambda model: shrunk(model, downscale_factor=1.0),
    "deep_shrink later": lambda model: shrunk(model, start_percent=0.9, end_percent=1.0),
    "perturbed_attention": lambda model: model_patches.perturbed_attention(model=model, scale=0.0),
    "self_attention": lambda model: model_patches.self_attention(model=model, scale=0.0),
    "self-attention times 1": lambda model: model_patches.multiply_self_attention(model=model),
    "what is learnt of time": lambda model: model_patches.multiply_by_time(model=model, self_temporal=0.0),
    "cross-attention times 1": lambda model: model_patches.multiply_cross_attention(model=model),
    "guidance times 1": lambda model: model_patches.apply_operation(model=model, operation=lambda latent: latent),
    "merged with itself": lambda model: model_merging.merge(model1=model, model2=model, ratio=0.5),
    "none": lambda model: model.with_layers(LayerPatches()),
}

AT_WORK = {
    "free_u": lambda model: model_patches.free_u(model=model),
    "free_u_v2": lambda model: model_patches.free_u_v2(model=model),
    "hyper_tile": lambda model: model.with_layers(tiled(model, cells=4)),
    "merge_tokens": lambda model: model_patches.merge_tokens(model=model, ratio=0.5),
    "deep_shrink": lambda model: shrunk(model, block_number=1),
    "deep_shrink before the skip": lambda model: shrunk(model, block_number=1, downscale_after_skip=False),
    "perturbed_attention": lambda model: model_patches.perturbed_attention(model=model),
    "self_attention": lambda model: model_patches.self_attention(model=model, blur_sigma=2.0),
    "multiply_self_attention": lambda model: model_patches.multiply_self_attention(model=model, q=2.0),
    "multiply_by_time": lambda model: model_patches.multiply_by_time(model=model, self_structural=0.5),
    "multiply_cross_attention": lambda model: model_patches.multiply_cross_attention(model=model, out=0.5),
    "apply_operation": lambda model: model_patches.apply_operation(model=model, operation=lambda latent: latent * 0.5),
}


def shrunk(model, **changes):
    settings = {"downscale_method": "bicubic", "upscale_method": "bicubic", "start_percent": 0.0, "end_percent": 1.0}
    return model_patches.deep_shrink(model=model, **{**settings, **changes})


def tiled(model, cells):
    tiles = HyperTile(cells, 1, 0, scale_depth=False)
    return model.layers.with_attention(1, before=tiles.divide, after=tiles.join)


@pytest.mark.parametrize("name", NEUTRAL)
def test_neutral_settings_change_nothing(checkpoint, name):
    plain = checkpoint.model
    torch.testing.assert_close(guided(NEUTRAL[name](plain)), guided(plain), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", AT_WORK)
def test_patches_change_the_estimate_and_leave_no_trace(checkpoint, name):
    plain = checkpoint.model
    before = guided(plain)
    changed = guided(AT_WORK[name](plain))
    assert changed.shape == before.shape and bool(changed.isfinite().all())
    assert not torch.allclose(changed, before, atol=1e-5)
    assert torch.equal(guided(plain), before)


def test_free_u_scales_half_of_the_features_and_low_frequencies():
    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    even = torch.ones(1, 1, 8, 8)
    assert torch.allclose(scale_low_frequencies(even, 0.25), even * 0.25, atol=1e-6)
    assert torch.allclose(scale_low_frequencies(x, 1.0), x, atol=1e-6)


def test_free_u_reaches_the_two_deepest_widths(checkpoint):
    base = checkpoint.model.hosted.module.config.model_channels
    (join,) = model_patches.free_u(model=checkpoint.model, b1=1.5).layers.joins
    assert set(join.factors) == {4 * base, 2 * base}
    features, skip = torch.ones(1, 4 * base, 4, 4), torch.ones(1, 8, 4, 4)
    scaled, filtered = join(features, skip, None)
    assert scaled[0, 0, 0, 0] == 1.5 and scaled[0, -1, 0, 0] == 1.0
    assert torch.allclose(filtered, skip * 0.9, atol=1e-6)


def test_attention_in_tiles_is_that_of_tiles_alone(checkpoint):
    """Where every tile holds the same picture, attending within tiles is attending within one of them."""
    tiles = HyperTile(4, 1, 0, scale_depth=False)
    place = LayerPlace("input", 1)
    call = type("Call", (), {"size": (8, 12), "place": place})
    tokens = torch.arange(96.0).reshape(1, 96, 1)
    divided, keys, values = tiles.divide(tokens, tokens, tokens, call)
    assert divided.shape == (6, 16, 1) and keys.equal(divided) and values.equal(divided)
    assert divided[1, :, 0].tolist() == [row * 12 + column for row in range(4) for column in range(4, 8)]
    assert tiles.join(divided, call).equal(tokens)
    deeper = tokens[:, :24]
    assert tiles.divide(deeper, deeper, deeper, call)[0] is deeper  # not at the latent's own size


def test_merged_tokens_are_the_most_alike_and_come_back_as_copies():
    tokens = torch.eye(16)[None].clone()
    tokens[0, 5] = tokens[0, 0]  # token 5 is the same as token 0, which stays
    merge, unmerge = bipartite_matching(tokens, 4, 4, 1)
    merged = merge(tokens)
    assert merged.shape == (1, 15, 16)
    assert unmerge(merged).equal(tokens)
    merge, unmerge = bipartite_matching(tokens, 4, 4, 99)
    assert merge(tokens).shape == (1, 4, 16)  # one of each 2 x 2 stays, whatever is asked
    assert unmerge(merge(tokens)).shape == tokens.shape


def test_pag_is_cfg_plus_the_difference_to_identity_attention(checkpoint):
    plain = checkpoint.model
    blind = plain.with_layers(plain.layers.with_function(1, MIDDLE, lambda q, k, v, call: v))
    positive = CfgGuider(plain, prompt(1), prompt(2), 1.0)(latent(), torch.tensor([2.0]))
    perturbed = CfgGuider(blind, prompt(1), prompt(2), 1.0)(latent(), torch.tensor([2.0]))
    assert not torch.allclose(positive, perturbed, atol=1e-5)
    expected = guided(plain) + (positive - perturbed) * 3.0
    torch.testing.assert_close(guided(model_patches.perturbed_attention(model=plain)), expected, rtol=1e-4, atol=1e-4)


def test_a_block_patch_is_told_where_it_is_and_for_which_prompts(checkpoint):
    seen = []

    def note(x, call):
        seen.append((call.place.part, call.place.block, call.prompts, call.size, float(call.sigma[0])))
        return x

    guided(checkpoint.model.with_layers(checkpoint.model.layers.with_blocks(after_block=note)))
    assert [entry[1] for entry in seen] == list(range(len(checkpoint.model.hosted.module.input_blocks)))
    assert {entry[2:] for entry in seen} == {((0, 1), (16, 16), 2.0)}


def weights(part):
    with part.hosted.holding(part.weight_patches) as module:
        return {name: t.clone() for name, t in module.state_dict().items()}


@pytest.mark.parametrize(
    ("merge", "expected"),
    [
        (lambda a, b: model_merging.merge(model1=a, model2=b, ratio=0.25), lambda x, y: 0.25 * x + 0.75 * y),
        (lambda a, b: model_merging.add(model1=a, model2=b), lambda x, y: x + y),
        (lambda a, b: model_merging.subtract(model1=a, model2=b, multiplier=2.0), lambda x, y: 2 * x - 2 * y),
    ],
)
def test_merged_weights_are_the_sums_they_should_be(checkpoint, other, merge, expected):
    first, second = weights(checkpoint.model), weights(other.model)
    merged = weights(merge(checkpoint.model, other.model))
    for name, weight in merged.items():
        torch.testing.assert_close(weight, expected(first[name], second[name]), rtol=1e-5, atol=1e-6)
    assert all(torch.equal(weight, first[name]) for name, weight in weights(checkpoint.model).items())


def test_blocks_are_mixed_each_by_its_ratio(checkpoint, other):
    merged = weights(
        model_merging.merge_blocks(model1=checkpoint.model, model2=other.model, input=1.0, middle=0.0, out=0.5)
    )
    first, second = weights(checkpoint.model), weights(other.model)
    for name, weight in merged.items():
        share = 0.0 if name.startswith("middle") else 0.5 if name.startswith("out") else 1.0
        torch.testing.assert_close(weight, share * first[name] + (1 - share) * second[name], rtol=1e-5, atol=1e-6)


def test_text_encoders_are_mixed_and_multiplied(checkpoint, other):
    first, second = checkpoint.text_encoder, other.text_encoder
    plain = first.encode("cat")[0]
    assert torch.equal(model_merging.merge_text(clip1=first, clip2=second, ratio=1.0).encode("cat")[0], plain)
    swapped = model_merging.merge_text(clip1=first, clip2=second, ratio=0.0).encode("cat")[0]
    torch.testing.assert_close(swapped, second.encode("cat")[0], rtol=1e-4, atol=1e-4)
    doubled = model_merging.add_text(clip1=first, clip2=first)
    nothing = model_merging.subtract_text(clip1=doubled, clip2=first)
    torch.testing.assert_close(nothing.encode("cat")[0], plain, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(model_patches.multiply_text_attention(clip=first, q=3.0).encode("cat")[0], plain)


def test_models_of_two_kinds_cannot_be_merged(checkpoint, tmp_path):
    tiny.write_checkpoint(tmp_path / "wide.safetensors", 3, tiny.Sizes(widths=(64, 128), depths=(1, 1)))
    wide = models.load_checkpoint(tmp_path / "wide.safetensors", precision=models.choose_precision("cpu", every="fp32"))
    with pytest.raises(ValueError, match=r"is .* in the first and .* in the second"):
        model_merging.merge(model1=checkpoint.model, model2=wide.model, ratio=0.5)
