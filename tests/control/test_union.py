"""Control networks of several kinds of pictures give what `diffusers` gives, told the kind or not."""

import pytest
import torch
from diffusers import ControlNetUnionModel
from safetensors.torch import load_file, save_file

from engine import control, models
from engine.control.control_names import UNION_KINDS
from engine.control.control_network import read_control_config
from engine.errors import BadFile
from engine.sampling import EPSILON, ControlCall, NoiseLevels
from nodes import control as nodes
from tests import tiny
from tests.models import oracle

LEVELS = NoiseLevels.scaled_linear()
POOLED, KINDS = 128, 8


@pytest.fixture(scope="module")
def theirs():
    torch.manual_seed(0)
    net = ControlNetUnionModel(
        block_out_channels=(64, 128),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        layers_per_block=1,
        transformer_layers_per_block=(1, 2),
        attention_head_dim=(1, 2),
        use_linear_projection=True,
        cross_attention_dim=192,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=POOLED + 6 * 256,
        conditioning_embedding_out_channels=(16, 32, 96, 256),
        num_control_type=KINDS,
        num_trans_channel=64,
        num_proj_channel=64,
    )
    state = {name: t for name, t in net.state_dict().items() if not name.startswith("task_embedding")}
    drawn = tiny.random_weights({name: tuple(t.shape) for name, t in state.items()}, 1, torch.float32)
    net.load_state_dict(drawn | {"task_embedding": net.task_embedding.data}, strict=True)
    return net.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def path(theirs, tmp_path_factory):
    path = tmp_path_factory.mktemp("union") / "promax.safetensors"
    save_file({name: t.contiguous() for name, t in theirs.state_dict().items()}, path)
    return path


def load(path):
    return control.load_controlnet(path, precision=models.choose_precision(every="fp32"))


def call(count=2):
    vector = oracle.noise(count, POOLED + 6 * 256, seed=3)
    x, context = oracle.noise(count, 4, 8, 8), oracle.noise(count, 77, 192, seed=1)
    return ControlCall(x, torch.full((count,), 2.0), context, None, 1, LEVELS, EPSILON, vector)


def picture(seed=0):
    return torch.rand(1, 64, 64, 3, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("number", [0, 1, 7])
def test_residuals(theirs, path, number):
    this, hint = call(), picture()
    found = nodes.set_union_type(control_net=load(path), type=UNION_KINDS[number]).use(hint, 0.7).residuals(this)
    ids = oracle.noise(2, 6, seed=4).abs()
    theirs.add_embedding.register_forward_pre_hook(lambda _module, _inputs: (this.vector,))
    kinds = torch.zeros(2, KINDS)
    kinds[:, number] = 1.0
    down, middle = theirs(
        this.network_input,
        this.timestep,
        encoder_hidden_states=this.embedding,
        controlnet_cond=[hint.movedim(-1, 1).expand(2, -1, -1, -1)],
        control_type=kinds,
        control_type_idx=[number],
        conditioning_scale=0.7,
        added_cond_kwargs={"text_embeds": torch.zeros(2, POOLED), "time_ids": ids},
        return_dict=False,
    )
    for ours, expected in zip((*found.output, *found.middle), (*down, middle), strict=True):
        assert oracle.largest_error(ours, expected) < 1e-4


def test_the_kind_counts_and_auto_is_none(path):
    net, this = load(path), call()
    told = {
        kind: nodes.set_union_type(control_net=net, type=kind).use(picture()).residuals(this).middle[0]
        for kind in ("auto", "depth", "tile")
    }
    assert torch.equal(told["auto"], net.use(picture()).residuals(this).middle[0])
    assert not torch.allclose(told["depth"], told["tile"], rtol=1e-3)
    assert not torch.allclose(told["auto"], told["depth"], rtol=1e-3)
    assert nodes.set_union_type(control_net=net, type="depth").use(picture(), 0.0).residuals(this) is None


def test_pictures_of_a_batch_do_not_see_each_other(path):
    net = load(path).for_kind("depth")
    both, this = torch.cat([picture(1), picture(2)]), call()
    two = ControlCall(this.x, this.sigma, this.embedding, None, 2, LEVELS, EPSILON, this.vector)
    found = net.use(both).residuals(two).output[0]
    for number, seed in enumerate((1, 2)):
        alone = net.use(picture(seed)).residuals(this).output[0][[number]]
        assert oracle.largest_error(found[[number]], alone) < 1e-5


def test_the_layout_of_one_file_is_the_same_network(path, tmp_path):
    net = load(path)
    own = {f"control_model.{name}": net.hosted.weights[name].clone() for name in net.hosted.weights}
    save_file(own, tmp_path / "single.safetensors")
    first, second = (
        load(p).for_kind("tile").use(picture()).residuals(call()) for p in (path, tmp_path / "single.safetensors")
    )
    assert all(torch.equal(a, b) for a, b in zip(first.output, second.output, strict=True))


def test_sizes_are_read_off_a_header(path):
    net = load(path)
    config = read_control_config({name: net.hosted.weights.shape(name) for name in net.hosted.weights})
    assert (config.union.kinds, config.union.width, config.union.layers, config.union.number_width) == (8, 64, 1, 256)
    plain = {name: tuple(shape) for name, shape in tiny.controlnet_shapes().items()}
    assert read_control_config({name.removeprefix("control_model."): s for name, s in plain.items()}).union is None


def test_a_network_of_one_kind_stays_as_it_is(tmp_path):
    net = load(tiny.write_controlnet(tmp_path / "c.safetensors"))
    assert nodes.set_union_type(control_net=net, type="depth") is net


def test_a_kind_that_the_network_does_not_know_and_damaged_sizes_are_named(path, tmp_path):
    tensors = load_file(path)
    wide = tensors["control_add_embedding.linear_1.weight"]
    six = tensors | {
        "task_embedding": tensors["task_embedding"][:6].clone(),
        "control_add_embedding.linear_1.weight": wide[:, : 6 * 256].clone(),
    }
    save_file(six, tmp_path / "six.safetensors")
    with pytest.raises(ValueError, match=r"six\.safetensors was not trained on pictures of the kind 'repaint'"):
        nodes.set_union_type(control_net=load(tmp_path / "six.safetensors"), type="repaint")
    for odd in ({"control_add_embedding.linear_1.weight": wide}, {"task_embedding": torch.ones(6, 32)}):
        save_file(six | odd, tmp_path / "odd.safetensors")
        with pytest.raises(BadFile, match="task_embedding of the shape"):
            load(tmp_path / "odd.safetensors")
