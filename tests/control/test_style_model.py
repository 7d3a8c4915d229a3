"""Style models say what their papers' code says, and their strength is a factor or a bias."""

import pytest
import torch
import torch.nn.functional as F
from diffusers.pipelines.flux.modeling_flux import ReduxImageEncoder
from safetensors.torch import save_file
from torch import nn

from engine import control, models
from engine.control.style_model import TokenBias, read_style_config
from engine.errors import BadFile
from engine.models.layer_patches import LayerCall, LayerPatches, LayerPlace, PatchedCall
from engine.models.patch import prompt_layers
from engine.models.vision.encoder import VisionOutput
from engine.sampling import Conditioning, ConditioningItem, NetworkInputs
from tests import tiny
from tests.models import oracle

WIDTH, WORDS, TOKENS = 32, 64, 3
LAYER = {
    "attn.in_proj_weight": (3 * WIDTH, WIDTH),
    "attn.in_proj_bias": (3 * WIDTH,),
    "attn.out_proj.weight": (WIDTH, WIDTH),
    "attn.out_proj.bias": (WIDTH,),
    "ln_1.weight": (WIDTH,),
    "ln_1.bias": (WIDTH,),
    "mlp.c_fc.weight": (4 * WIDTH, WIDTH),
    "mlp.c_fc.bias": (4 * WIDTH,),
    "mlp.c_proj.weight": (WIDTH, 4 * WIDTH),
    "mlp.c_proj.bias": (WIDTH,),
    "ln_2.weight": (WIDTH,),
    "ln_2.bias": (WIDTH,),
}
ADAPTER = {
    "style_embedding": (1, TOKENS, WIDTH),
    "proj": (WIDTH, WORDS),
    **{f"{norm}.{kind}": (WIDTH,) for norm in ("ln_pre", "ln_post") for kind in ("weight", "bias")},
    **{f"transformer_layes.{number}.{name}": shape for number in range(2) for name, shape in LAYER.items()},
}


def precise():
    return models.choose_precision("cpu", every="fp32", channels_last=False)


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    tensors = tiny.random_weights(ADAPTER, 1, torch.float32)
    path = tmp_path_factory.mktemp("style") / "style.pth"
    torch.save(tensors, path)
    return tensors, control.load_style_model(path, precision=precise())


def seen(count=1, width=WIDTH):
    hidden = oracle.noise(count, 5, width, seed=2)
    return VisionOutput(None, hidden, torch.zeros_like(hidden))


def by_torch(tensors, x):
    """The adapter written out with torch's own attention."""

    def norm(x, name):
        return F.layer_norm(x, (WIDTH,), tensors[f"{name}.weight"], tensors[f"{name}.bias"])

    x = norm(torch.cat([x, tensors["style_embedding"].expand(len(x), -1, -1)], dim=1), "ln_pre")
    for number in range(2):
        layer = f"transformer_layes.{number}"
        attention = nn.MultiheadAttention(WIDTH, 8, batch_first=True)
        attention.load_state_dict({n: tensors[f"{layer}.attn.{n}"] for n in attention.state_dict()})
        y = norm(x, f"{layer}.ln_1")
        x = x + attention(y, y, y, need_weights=False)[0]
        wide = F.linear(
            norm(x, f"{layer}.ln_2"), tensors[f"{layer}.mlp.c_fc.weight"], tensors[f"{layer}.mlp.c_fc.bias"]
        )
        wide = wide * torch.sigmoid(1.702 * wide)
        x = x + F.linear(wide, tensors[f"{layer}.mlp.c_proj.weight"], tensors[f"{layer}.mlp.c_proj.bias"])
    return norm(x[:, -TOKENS:], "ln_post") @ tensors["proj"]


def test_the_adapters_tokens(adapter):
    tensors, model = adapter
    with torch.no_grad():
        expected = by_torch(tensors, seen(2).last_hidden_state)
    found = model.tokens(seen(2))
    assert found.shape == (1, 2 * TOKENS, WORDS)
    torch.testing.assert_close(found, expected.reshape(1, -1, WORDS), rtol=1e-4, atol=1e-5)


def test_reduxs_tokens(tmp_path):
    torch.manual_seed(0)
    theirs = ReduxImageEncoder(redux_dim=WIDTH, txt_in_features=WORDS).eval()
    save_file(theirs.state_dict(), tmp_path / "redux.safetensors")
    model = control.load_style_model(tmp_path / "redux.safetensors", precision=precise())
    with torch.no_grad():
        expected = theirs(seen().last_hidden_state).image_embeds
    torch.testing.assert_close(model.tokens(seen()), expected, rtol=1e-5, atol=1e-6)


def prompt(length=4, **extra):
    return Conditioning((ConditioningItem(oracle.noise(1, length, WORDS, seed=1), extra=extra),))


def test_strength_multiplies_or_biases():
    tokens, before = oracle.noise(1, 2, WORDS, seed=5), prompt()
    assert control.with_style(before, tokens, 0.0, "multiply") is before
    assert control.with_style(before, tokens, 0.0, "attn_bias") is before
    weaker = control.with_style(before, tokens, 0.5, "multiply")[0]
    assert torch.equal(weaker.embedding[:, 4:], tokens * 0.5) and not prompt_layers(weaker.extra)
    assert torch.equal(weaker.embedding[:, :4], before[0].embedding)
    biased = control.with_style(before, tokens, 0.5, "attn_bias")[0]
    assert torch.equal(biased.embedding[:, 4:], tokens)
    (bias,) = prompt_layers(biased.extra)
    torch.testing.assert_close(bias.bias.exp(), torch.tensor([1, 1, 1, 1, 0.5, 0.5]))
    assert control.with_style(before, tokens, 1.0, "attn_bias")[0].extra == {}


def test_several_styles_keep_their_biases():
    tokens = oracle.noise(1, 2, WORDS, seed=5)
    first = control.with_style(prompt(), tokens, 0.5, "attn_bias")
    (bias,) = prompt_layers(control.with_style(first, tokens, 3.0, "attn_bias")[0].extra)
    torch.testing.assert_close(bias.bias.exp(), torch.tensor([1, 1, 1, 1, 0.5, 0.5, 3, 3]))
    (bias,) = prompt_layers(control.with_style(first, tokens, 1.0, "multiply")[0].extra)
    torch.testing.assert_close(bias.bias.exp(), torch.tensor([1, 1, 1, 1, 0.5, 0.5, 1, 1]))


def test_a_bias_of_log_n_is_a_token_said_n_times():
    q, k, v = (oracle.noise(2, count, 64, seed=count) for count in (7, 5, 6))
    v = v[:, :5]
    call = LayerCall(LayerPlace("input", 1), torch.ones(2), (0,), (8, 8), heads=4)
    plain = TokenBias(torch.zeros(8)).attend(q, k[:, [0, 1, 2, 3, 4, 4, 4, 4]], v[:, [0, 1, 2, 3, 4, 4, 4, 4]], call)
    bias = torch.tensor([0, 0, 0, 0, 4.0]).log().clamp(min=0)
    biased = TokenBias(bias)
    torch.testing.assert_close(biased.attend(q, k, v, call), plain, rtol=1e-4, atol=1e-5)
    twice = biased.attend(q, k.repeat(1, 2, 1), v.repeat(1, 2, 1), call)
    torch.testing.assert_close(twice, plain, rtol=1e-4, atol=1e-5)
    longer = TokenBias(bias[:3]).attend(q, k, v, call)
    torch.testing.assert_close(longer, TokenBias(torch.zeros(5)).attend(q, k, v, call))


def test_a_bias_takes_part_in_every_attention_to_the_prompt(tmp_path):
    model = models.load_checkpoint(tiny.write_checkpoint(tmp_path / "m.safetensors"), precision=precise()).model
    x, sigma, tokens = oracle.noise(1, 4, 8, 8), torch.tensor([2.0]), oracle.noise(1, 2, WORDS, seed=5)

    def estimate(item):
        return model.denoise(x, sigma, NetworkInputs(item.embedding, extra=item.extra))

    plain = prompt(77)
    without = estimate(plain[0])
    hidden = estimate(control.with_style(plain, tokens, 1e-30, "attn_bias")[0])
    torch.testing.assert_close(hidden, without, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(estimate(control.with_style(plain, tokens, 5.0, "attn_bias")[0]), without, atol=1e-3)
    assert torch.equal(estimate(plain[0]), without)


def test_a_place_with_its_own_function_keeps_it():
    own, everywhere, place = object(), object(), LayerPlace("middle", 0)
    patches = LayerPatches().with_function(2, None, everywhere).with_function(2, place, own)
    call = PatchedCall(patches, LayerCall(place, torch.ones(1), (0,), (8, 8)))
    assert call.function(2) is own and call.at("input", 1).function(2) is everywhere and call.function(1) is None


def test_sizes_are_read_off_a_header():
    config = read_style_config(ADAPTER)
    assert (config.vision_width, config.token_width, config.tokens, config.layers) == (WIDTH, WORDS, TOKENS, 2)
    assert read_style_config({"redux_up.weight": (12288, 1152), "redux_down.weight": (4096, 12288)}).token_width == 4096
    assert read_style_config(tiny.controlnet_shapes()) is None


def test_what_does_not_fit_is_explained(adapter, tmp_path):
    tensors, model = adapter
    with pytest.raises(BadFile, match=r"e\.safetensors is no style model"):
        control.load_style_model(tiny.write_embedding(tmp_path / "e.safetensors"))
    save_file({**tensors, "proj": torch.zeros(WIDTH)}, tmp_path / "odd.safetensors")
    with pytest.raises(BadFile, match=r"proj \[32\]"):
        control.load_style_model(tmp_path / "odd.safetensors")
    save_file({n: t for n, t in tensors.items() if n != "ln_pre.bias"}, tmp_path / "cut.safetensors")
    with pytest.raises(BadFile, match=r"ln_pre\.bias"):
        control.load_style_model(tmp_path / "cut.safetensors")
    with pytest.raises(ValueError, match="reads pictures by 32 numbers a patch, and the vision encoder gave 48"):
        model.tokens(seen(width=48))
    with pytest.raises(ValueError, match="makes tokens of width 32, and this prompt's are 64 wide"):
        control.with_style(prompt(), oracle.noise(1, 2, 32), 1.0, "multiply")
