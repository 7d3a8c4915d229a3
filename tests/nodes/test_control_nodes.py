"""Nodes that bring further networks into a run, called like functions on small real models and files."""

import pytest
import torch
from safetensors.torch import save_file

from engine.errors import BadReference
from engine.models.patch import prompt_layers
from engine.models.vision.encoder import VisionOutput
from nodes import control, gligen, hypernetwork, latent, sampling, style, text
from tests import tiny


@pytest.fixture
def encode(checkpoint, context):
    return lambda words: text.encode_text(text=words, clip=checkpoint.clip, context=context)


@pytest.fixture
def sample(checkpoint, encode, context):
    """A short run of KSampler; keyword arguments replace its inputs."""

    def run(**inputs):
        usual = {
            "model": checkpoint.model,
            "seed": 5,
            "steps": 2,
            "cfg": 4.0,
            "sampler_name": "euler",
            "scheduler": "normal",
            "positive": encode("a red cat"),
            "negative": encode(""),
            "latent_image": latent.make_empty(width=64, height=64),
            "context": context,
        }
        return sampling.ksampler(**{**usual, **inputs}).samples

    return run


def model_file(model_folder, folder, name):
    path = model_folder / "models" / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_words_in_boxes(model_folder, context, checkpoint, encode, sample):
    save_file(
        tiny.random_weights(tiny.gligen_shapes(), 2, torch.float32),
        model_file(model_folder, "gligen", "boxes.safetensors"),
    )
    layers = gligen.load_gligen(gligen_name="boxes.safetensors", context=context)
    prompt = encode("a red cat")
    for words, x in (("a cat", 0), ("a dog", 32)):
        prompt = gligen.apply_text_box(
            conditioning_to=prompt, clip=checkpoint.clip, gligen_textbox_model=layers, text=words,
            width=32, height=64, x=x, context=context,
        )  # fmt: skip
    (boxes,) = prompt_layers(prompt[0].extra)
    assert [box.corners(8, 8) for box in boxes.boxes] == [(0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0)]
    without = sample()
    assert not torch.allclose(without, sample(positive=prompt), atol=1e-3)
    assert torch.equal(without, sample())
    assert layers in sampling.control_nets(checkpoint.model, prompt)
    with pytest.raises(BadReference, match=r"gone\.safetensors"):
        gligen.load_gligen(gligen_name="gone.safetensors", context=context)


@pytest.mark.parametrize("strength_type", ["multiply", "attn_bias"])
def test_the_style_of_a_picture(strength_type, model_folder, context, encode, sample):
    shapes = {"redux_up.weight": (24, 16), "redux_up.bias": (24,), "redux_down.weight": (64, 24)}
    redux = tiny.random_weights(shapes | {"redux_down.bias": (64,)}, 3, torch.float32)
    save_file(redux, model_file(model_folder, "style_models", "redux.safetensors"))
    model = style.load_style_model(style_model_name="redux.safetensors", context=context)
    seen = torch.randn(1, 5, 16, generator=torch.Generator().manual_seed(0))
    given = {
        "conditioning": encode("a red cat"),
        "style_model": model,
        "clip_vision_output": VisionOutput(None, seen, seen),
        "strength_type": strength_type,
        "context": context,
    }
    assert style.apply_style_model(strength=0.0, **given) is given["conditioning"]
    one, half = (style.apply_style_model(strength=strength, **given) for strength in (1.0, 0.5))
    assert one[0].embedding.shape == (1, 77 + 5, 64)
    pictures = [sample(), sample(positive=one), sample(positive=half)]
    assert all(torch.isfinite(samples).all() for samples in pictures)
    assert all(not torch.allclose(pictures[i], pictures[j], atol=1e-3) for i, j in ((0, 1), (0, 2), (1, 2)))
    assert torch.equal(pictures[0], sample())


def test_a_hypernetwork(model_folder, context, checkpoint, sample):
    state = {"linear.0.weight": torch.eye(64) * 0.5, "linear.0.bias": torch.zeros(64)}
    torch.save({64: (state, state), "name": "half"}, model_file(model_folder, "hypernetworks", "half.pt"))
    given = {"model": checkpoint.model, "hypernetwork_name": "half.pt", "context": context}
    assert hypernetwork.load_hypernetwork(strength=0.0, **given) is checkpoint.model
    changed = hypernetwork.load_hypernetwork(strength=1.0, **given)
    before = sample()
    assert not torch.allclose(sample(model=changed), before, atol=1e-3)
    assert torch.equal(sample(), before)


def test_a_control_lora_is_held_beside_its_model(model_folder, context, checkpoint, encode, sample):
    base = checkpoint.model.hosted.weights
    shapes = {name.removeprefix("control_model."): shape for name, shape in tiny.controlnet_shapes().items()}
    own = tiny.random_weights({name: shape for name, shape in shapes.items() if name not in base}, 4, torch.float32)
    save_file(own | {"lora_controlnet": torch.zeros(0)}, model_file(model_folder, "controlnet", "ranks.safetensors"))
    lora = control.load_control_net(control_net_name="ranks.safetensors", context=context)
    hint = torch.rand(1, 64, 64, 3, generator=torch.Generator().manual_seed(1))
    given = {"positive": encode("a red cat"), "negative": encode(""), "control_net": lora, "image": hint}
    applied = control.apply_control_net_advanced(**given)
    (held,) = sampling.control_nets(checkpoint.model, *applied)
    assert held is lora.beside(checkpoint.model)
    before = sample()
    assert not torch.allclose(sample(positive=applied.positive, negative=applied.negative), before, atol=1e-3)
    assert torch.equal(sample(), before)


APPLY = {
    "with a VAE": control.apply_control_net_with_vae,
    "with a mask": lambda **inputs: control.apply_inpainting_control_net(mask=torch.ones(1, 64, 64), **inputs),
}


@pytest.mark.parametrize("way", APPLY)
def test_further_nodes_that_apply_a_control_network(way, checkpoint, context, encode):
    net = control.load_control_net(control_net_name="tiny.safetensors", context=context)
    hint = torch.rand(1, 64, 64, 3)
    given = {"positive": encode("a red cat"), "negative": encode(""), "control_net": net, "image": hint}
    given |= {"vae": checkpoint.vae}
    applied = APPLY[way](strength=0.9, start_percent=0.1, end_percent=0.6, **given)
    use = applied.positive[0].controls[0]
    assert (use.strength, use.start_percent, use.end_percent) == (0.9, 0.1, 0.6)
    assert torch.equal(use.hint, hint) and applied.negative[0].controls == (use,)
    assert APPLY[way](strength=0.0, **given) == (given["positive"], given["negative"])


def test_a_control_network_reads_a_prompt_of_its_own(checkpoint, context, encode, sample):
    net = control.load_control_net(control_net_name="tiny.safetensors", context=context)
    hint = torch.rand(1, 64, 64, 3, generator=torch.Generator().manual_seed(1))

    def steered(positive):
        return control.apply_control_net(conditioning=positive, control_net=net, image=hint)

    def told(positive, words):
        return control.encode_control_text(clip=checkpoint.clip, conditioning=positive, text=words, context=context)

    cat = encode("a red cat")
    same, other = told(steered(cat), "a red cat"), told(steered(cat), "a blue dog")
    assert torch.equal(same[0].embedding, cat[0].embedding)
    plain = sample(positive=steered(cat))
    torch.testing.assert_close(sample(positive=same), plain, rtol=1e-3, atol=1e-3)
    assert not torch.allclose(sample(positive=other), plain, rtol=1e-2, atol=1e-2)
    torch.testing.assert_close(sample(positive=told(cat, "a blue dog")), sample(positive=cat), rtol=1e-3, atol=1e-3)
