"""Control networks give what `diffusers` gives, at their strength and in their time range."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine import control, models
from engine.errors import BadFile
from engine.sampling import EPSILON, ControlCall, NetworkInputs, NoiseLevels
from tests import tiny
from tests.models import oracle

SIZES = {
    "default": tiny.TINY,
    "deeper": tiny.Sizes(widths=(32, 64, 64), depths=(1, 0, 1), res_blocks=2, context=128),
}
LEVELS = NoiseLevels.scaled_linear()


@pytest.fixture(scope="module", params=SIZES)
def case(request, tmp_path_factory):
    sizes = SIZES[request.param]
    return tiny.write_controlnet(tmp_path_factory.mktemp("control") / "c.safetensors", 4, sizes), sizes


def load(path, kind="fp32"):
    return control.load_controlnet(path, precision=models.choose_precision(every=kind))


def call(sizes, sigma=2.0, count=2, batch_size=1, height=8, width=6):
    x = oracle.noise(count, 4, height, width)
    context = oracle.noise(count, 77, sizes.context, seed=1)
    return ControlCall(x, torch.full((count,), sigma), context, None, batch_size, LEVELS, EPSILON)


def picture(count=1, height=64, width=48, seed=0):
    return torch.rand(count, height, width, 3, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("kind", "error"), [("fp32", 1e-4), ("bf16", 0.08)])
def test_residuals(case, kind, error):
    path, sizes = case
    hint, this = picture(), call(sizes)
    found = load(path, kind).use(hint, 0.7).residuals(this)
    theirs = oracle.load_controlnet(path, sizes)(
        this.network_input,
        this.timestep,
        encoder_hidden_states=this.embedding,
        controlnet_cond=hint.movedim(-1, 1).expand(2, -1, -1, -1),
        conditioning_scale=0.7,
    )
    assert len(found.output) == len(theirs.down_block_res_samples)
    for ours, expected in zip(found.output, theirs.down_block_res_samples, strict=True):
        assert oracle.largest_error(ours, expected) < error
    assert oracle.largest_error(found.middle[0], theirs.mid_block_res_sample) < error


def test_a_controlled_network(tmp_path):
    path = tiny.write_checkpoint(tmp_path / "m.safetensors")
    model = models.load_checkpoint(path, precision=models.choose_precision(every="fp32")).model
    net = tiny.write_controlnet(tmp_path / "c.safetensors")
    this, hint = call(tiny.TINY), picture()
    added = load(net).use(hint).residuals(this)
    denoised = model.denoise(this.x, this.sigma, NetworkInputs(this.embedding, control=added))
    unet, theirs = oracle.load_unet(path, tiny.TINY), oracle.load_controlnet(net, tiny.TINY)
    shared = {"encoder_hidden_states": this.embedding}
    down, middle = theirs(
        this.network_input, this.timestep, controlnet_cond=hint.movedim(-1, 1), return_dict=False, **shared
    )
    epsilon = unet(
        this.network_input,
        this.timestep,
        down_block_additional_residuals=down,
        mid_block_additional_residual=middle,
        **shared,
    ).sample
    assert oracle.largest_error((this.x - denoised) / 2.0, epsilon) < 1e-4


def test_strength_zero_changes_nothing_and_strength_is_a_factor(case):
    path, sizes = case
    net, this = load(path), call(sizes)
    assert net.use(picture(), 0.0).residuals(this) is None
    one, half = (net.use(picture(), strength).residuals(this) for strength in (1.0, 0.5))
    torch.testing.assert_close(one.middle[0] * 0.5, half.middle[0])


def test_it_counts_only_in_its_time_range(case):
    path, sizes = case
    use = load(path).use(picture(), 1.0, 0.2, 0.6)
    inside, before, after = (LEVELS.at_percent(p) for p in (0.4, 0.1, 0.7))
    assert use.residuals(call(sizes, inside)) is not None
    assert use.residuals(call(sizes, before)) is None
    assert use.residuals(call(sizes, after)) is None


def test_the_picture_is_fitted_and_read_once(case):
    path, sizes = case
    net = load(path)
    wide = torch.zeros(1, 64, 96, 4)  # twice as wide: its middle is taken
    wide[:, :, 24:72, :3] = picture()
    wide[:, :, :24] = wide[:, :, 72:] = 1.0
    use = net.use(wide)
    reads = []
    net.hosted.module.input_hint_block.register_forward_hook(lambda *_: reads.append(1))
    first = use.residuals(call(sizes))
    again = use.residuals(call(sizes))
    assert len(reads) == 1
    assert torch.equal(first.middle[0], again.middle[0])
    torch.testing.assert_close(first.middle[0], net.use(picture()).residuals(call(sizes)).middle[0])
    smaller = call(sizes, height=4, width=4)
    fresh = net.use(wide).residuals(smaller).middle[0]
    assert torch.equal(use.residuals(smaller).middle[0], fresh)
    assert len(reads) == 4  # wide, picture, and wide twice for the smaller latent


def test_each_latent_of_a_batch_has_its_picture(case):
    path, sizes = case
    net = load(path)
    pictures = torch.cat([picture(seed=1), picture(seed=2)])
    this = call(sizes, count=6, batch_size=3)  # two prompts, three latents, two pictures: 1 2 1, 1 2 1
    found = net.use(pictures).residuals(this).output[0]
    for number, seed in enumerate((1, 2, 1, 1, 2, 1)):
        alone = ControlCall(this.x[[number]], this.sigma[:1], this.embedding[[number]], None, 1, LEVELS, EPSILON)
        expected = net.use(picture(seed=seed)).residuals(alone).output[0]
        torch.testing.assert_close(found[[number]], expected, rtol=1e-4, atol=1e-4)


def test_what_does_not_fit_is_explained(case, tmp_path):
    path, sizes = case
    net, this = load(path), call(tiny.Sizes(context=64 if sizes.context == 128 else 128))
    with pytest.raises(ValueError, match=f"width {sizes.context}"):
        net.use(picture()).residuals(this)
    with pytest.raises(BadFile, match="no control network"):
        control.load_controlnet(tiny.write_embedding(tmp_path / "e.safetensors"))
    weights = load_file(path)
    del weights["control_model.zero_convs.1.0.bias"]
    save_file(weights, tmp_path / "broken.safetensors")
    with pytest.raises(BadFile, match=r"zero_convs\.1\.0\.bias"):
        control.load_controlnet(tmp_path / "broken.safetensors")


def test_names_without_a_prefix(case, tmp_path):
    path, sizes = case
    bare = {name.removeprefix("control_model."): t for name, t in load_file(path).items()}
    save_file(bare, tmp_path / "bare.safetensors")
    results = [load(p).use(picture()).residuals(call(sizes)).middle[0] for p in (path, tmp_path / "bare.safetensors")]
    assert torch.equal(*results)


def test_the_layout_of_diffusers_is_the_same_network(case, tmp_path):
    path, sizes = case
    theirs = oracle.load_controlnet(path, sizes)
    save_file({name: t.contiguous() for name, t in theirs.state_dict().items()}, tmp_path / "theirs.safetensors")
    hint, this = picture(), call(sizes)
    ours, again = (load(file).use(hint).residuals(this) for file in (path, tmp_path / "theirs.safetensors"))
    for first, second in zip((*ours.output, *ours.middle), (*again.output, *again.middle), strict=True):
        assert torch.equal(first, second)


def test_a_network_that_reads_a_mask(tmp_path):
    shapes = dict(tiny.controlnet_shapes())
    first = "control_model.input_hint_block.0.weight"
    shapes[first] = (shapes[first][0], 4, 3, 3)
    path = tmp_path / "inpaint.safetensors"
    save_file(tiny.random_weights(shapes, 4, torch.float32), path)
    net, this, image = load(path), call(tiny.TINY), picture()
    mask = torch.zeros(1, 64, 48)
    mask[:, 16:40, 8:32] = 0.9
    use = net.use(image, mask=mask)
    assert torch.equal(use.hint[..., 3], 1 - mask.round())
    assert torch.equal(use.hint[..., :3], image * (1 - mask.round()).unsqueeze(-1))
    hidden = image.clone()
    hidden[:, 16:40, 8:32] = 0.5
    assert torch.equal(use.residuals(this).middle[0], net.use(hidden, mask=mask).residuals(this).middle[0])
    elsewhere = net.use(image, mask=torch.zeros(1, 8, 8)).residuals(this).middle[0]
    assert not torch.allclose(use.residuals(this).middle[0], elsewhere, rtol=1e-3)
    assert net.use(image, mask=torch.zeros(3, 8, 8)).hint.shape == (3, 64, 48, 4)
    with pytest.raises(ValueError, match=r"inpaint\.safetensors reads a mask .* ControlNetInpaintingAliMamaApply"):
        net.use(image)


def test_networks_without_a_mask_see_the_whole_picture(case):
    path, _ = case
    net, image = load(path), picture()
    assert torch.equal(net.use(image, mask=torch.ones(1, 64, 48)).hint, image)


def test_a_difference_is_added_to_its_model(tmp_path):
    checkpoint = tiny.write_checkpoint(tmp_path / "m.safetensors")
    whole = tiny.write_controlnet(tmp_path / "whole.safetensors", 4, tiny.TINY)
    model = models.load_checkpoint(checkpoint, precision=models.choose_precision(every="fp32")).model
    base = model.hosted.weights
    tensors = {name: t.float() for name, t in load_file(whole).items()}
    own = {name: name.removeprefix("control_model.") for name in tensors}
    differences = {name: t - base[own[name]].float() if own[name] in base else t for name, t in tensors.items()}
    save_file({**differences, "difference": torch.zeros(1)}, tmp_path / "diff.safetensors")
    precision = models.choose_precision(every="fp32")
    with pytest.raises(BadFile, match=r"Load ControlNet Model \(diff\)"):
        load(tmp_path / "diff.safetensors")
    added = control.load_controlnet(tmp_path / "diff.safetensors", precision=precision, base=model)
    hint, this = picture(), call(tiny.TINY)
    expected, found = (part.use(hint).residuals(this) for part in (load(whole), added))
    for first, second in zip(expected.output, found.output, strict=True):
        torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-4)


def test_a_difference_to_another_kind_of_model_is_named(tmp_path):
    tiny.write_checkpoint(tmp_path / "m.safetensors", 3, tiny.Sizes(widths=(64, 128)))
    whole = tiny.write_controlnet(tmp_path / "whole.safetensors", 4, tiny.TINY)
    save_file({**load_file(whole), "difference": torch.zeros(1)}, tmp_path / "diff.safetensors")
    precision = models.choose_precision(every="fp32")
    model = models.load_checkpoint(tmp_path / "m.safetensors", precision=precision).model
    with pytest.raises(BadFile, match=r"diff\.safetensors was made for another kind of model"):
        control.load_controlnet(tmp_path / "diff.safetensors", precision=precision, base=model)
