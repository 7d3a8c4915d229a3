"""Networks, text encoders and VAEs in files of their own, folders of `diffusers`, tiny VAEs: as from one file."""

import json

import pytest
import torch
from diffusers import AutoencoderTiny
from safetensors.torch import load_file, save_file

from engine import models
from engine.errors import BadFile, UnknownModel
from engine.sampling import NetworkInputs
from tests import tiny
from tests.models import oracle

FP32 = models.choose_precision(every="fp32")
CASES = {"sd1": tiny.Sizes(), "sd2": tiny.SD2, "sdxl": tiny.SDXL}
TALL = tiny.Sizes(widths=(32, 64, 64), depths=(1, 0, 1), res_blocks=2, vae_blocks=2)


@pytest.fixture(scope="module", params=[*CASES, "tall"])
def case(request, tmp_path_factory):
    sizes = CASES.get(request.param, TALL)
    return tiny.write_checkpoint(tmp_path_factory.mktemp("split") / "x.safetensors", 7, sizes), sizes


def part_of(path, prefix, target):
    save_file({n.removeprefix(prefix): t for n, t in load_file(path).items() if n.startswith(prefix)}, target)
    return target


def as_diffusers(path, sizes, folder):
    """The checkpoint as a folder of `diffusers`, in its own names by its own converters."""
    modules = {"unet": oracle.load_unet(path, sizes), "vae": oracle.load_vae(path, sizes)}
    for name, module in modules.items():
        (folder / name).mkdir(parents=True)
        state = {key: t.contiguous() for key, t in module.state_dict().items()}
        save_file(state, folder / name / "diffusion_pytorch_model.safetensors")
    for name, encoder in zip(("text_encoder", "text_encoder_2"), oracle.load_text_encoders(path, sizes), strict=False):
        (folder / name).mkdir()
        prefix = "" if any(key.startswith("text_model.") for key in encoder.state_dict()) else "text_model."
        state = {key if "projection" in key else prefix + key: t for key, t in encoder.state_dict().items()}
        save_file({key: t.contiguous() for key, t in state.items()}, folder / name / "model.safetensors")
    (folder / "model_index.json").write_text("{}")
    return folder


def denoised(model, sizes):
    vector = oracle.noise(1, sizes.vector_channels) if sizes.vector_channels else None
    inputs = NetworkInputs(oracle.noise(1, 77, sizes.context, seed=1), vector=vector)
    return model.denoise(oracle.noise(1, 4, 8, 8), torch.tensor([2.0]), inputs)


def test_a_network_alone_is_the_checkpoints(case, tmp_path):
    path, sizes = case
    whole = models.load_checkpoint(path, precision=FP32).model
    for prefix in ("model.diffusion_model.", ""):
        alone = models.load_network(part_of(path, prefix, tmp_path / f"{len(prefix)}.safetensors"), precision=FP32)
        assert alone.family.name == whole.family.name
        assert alone.latent_format.scale == whole.latent_format.scale
        assert alone.latent_format.preview_colours.weight.shape == (4, 3)
        assert torch.equal(denoised(alone, sizes), denoised(whole, sizes))


def test_a_folder_of_diffusers_is_the_checkpoint(case, tmp_path):
    path, sizes = case
    folder = as_diffusers(path, sizes, tmp_path / "folder")
    one, many = models.load_checkpoint(path, precision=FP32), models.load_diffusers(folder, precision=FP32)
    assert many.model.family.name == one.model.family.name
    torch.testing.assert_close(denoised(many.model, sizes), denoised(one.model, sizes))
    if sizes.text_layout != "sd2":  # whose layout of text encoders tells OpenCLIP H only at its full width
        for ours, theirs in zip(
            many.text_encoder.encode("a (cat:1.2)"), one.text_encoder.encode("a (cat:1.2)"), strict=True
        ):
            torch.testing.assert_close(ours, theirs)
    images = torch.rand(1, 32, 32, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(many.vae.encode(images), one.vae.encode(images))
    latents = oracle.noise(1, 4, 4, 4)
    torch.testing.assert_close(many.vae.decode(latents), one.vae.decode(latents))
    assert many.model.names.aliases == one.model.names.aliases


def test_a_folders_scheduler_tells_what_is_predicted(tmp_path):
    path = tiny.write_checkpoint(tmp_path / "x.safetensors", 7)
    folder = as_diffusers(path, tiny.Sizes(), tmp_path / "folder")
    (folder / "scheduler").mkdir()
    said = folder / "scheduler" / "scheduler_config.json"
    for prediction, name in (("v_prediction", "velocity"), ("epsilon", "epsilon")):
        said.write_text(json.dumps({"prediction_type": prediction}))
        assert models.load_diffusers(folder, precision=FP32).model.prediction.name == name
    said.write_text("{")
    with pytest.raises(BadFile, match=r"scheduler_config\.json"):
        models.load_diffusers(folder)
    (folder / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(BadFile, match=r"folder/vae holds no weights.*diffusion_pytorch_model\.safetensors"):
        models.load_diffusers(folder)


def test_a_lora_fits_a_network_in_diffusers_names(tmp_path):
    from engine.patches import apply_lora, load_lora

    path = tiny.write_checkpoint(tmp_path / "x.safetensors", 7, tiny.SDXL)
    lora = load_lora(tiny.write_lora(tmp_path / "lora.safetensors", sizes=tiny.SDXL))
    unet = oracle.load_unet(path, tiny.SDXL).state_dict()
    save_file({name: t.contiguous() for name, t in unet.items()}, tmp_path / "unet.safetensors")
    alone = models.load_network(tmp_path / "unet.safetensors", precision=FP32)
    whole = models.load_checkpoint(path, precision=FP32).model
    changed = [denoised(apply_lora(model, None, lora, 1.0, 0.0)[0], tiny.SDXL) for model in (alone, whole)]
    torch.testing.assert_close(*changed)
    assert not torch.allclose(changed[0], denoised(whole, tiny.SDXL), atol=1e-3)


def test_a_network_alone_may_be_marked(tmp_path):
    path = tiny.write_checkpoint(tmp_path / "x.safetensors", 7, tiny.SDXL)
    alone = part_of(path, "model.diffusion_model.", tmp_path / "alone.safetensors")
    save_file(load_file(alone) | {"v_pred": torch.zeros(0)}, tmp_path / "marked.safetensors")
    assert models.load_network(tmp_path / "marked.safetensors", precision=FP32).prediction.name == "velocity"


def test_files_without_a_network_are_named(tmp_path):
    with pytest.raises(UnknownModel, match=r"e\.safetensors holds no network.*emb_params"):
        models.load_network(tiny.write_embedding(tmp_path / "e.safetensors"))


def test_text_encoders_of_their_own_files(tmp_path):
    path = tiny.write_checkpoint(tmp_path / "x.safetensors", 7, tiny.SDXL)
    small = part_of(path, "conditioner.embedders.0.transformer.", tmp_path / "l.safetensors")
    large = part_of(path, "conditioner.embedders.1.model.", tmp_path / "g.safetensors")
    whole = models.load_checkpoint(path, precision=FP32).text_encoder.encode("a cat")
    for order in ([small, large], [large, small]):
        both = models.load_text_encoder(order, for_sdxl=True, precision=FP32).encode("a cat")
        assert torch.equal(both[0], whole[0]) and torch.equal(both[1], whole[1])
    one = models.load_text_encoder([small], precision=FP32)
    assert [use.name for use, _ in one.uses] == ["clip_l"] and one.encode("cat")[0].shape == (1, 77, 64)
    assert [use.name for use, _ in models.load_text_encoder([large], precision=FP32).uses] == ["clip_h"]
    with pytest.raises(BadFile, match=r"l\.safetensors and l\.safetensors are both 64 wide"):
        models.load_text_encoder([small, small], for_sdxl=True)
    with pytest.raises(BadFile, match=r"e\.safetensors holds no CLIP text encoder"):
        models.load_text_encoder([tiny.write_embedding(tmp_path / "e.safetensors")])


@pytest.mark.parametrize(("layers", "stops_at"), [(23, -1), (24, -2)])
def test_where_diffusers_cut_the_last_layer_the_last_is_read(layers, stops_at, tmp_path):
    sizes = tiny.Sizes(context=1024, text_layers=layers)
    shapes = {n.removeprefix("cond_stage_model.transformer."): s for n, s in tiny.text_shapes(sizes).items()}
    encoder = models.load_text_encoder([tiny.write_header(tmp_path / "h.safetensors", shapes)])
    ((use, _config),) = encoder.uses
    assert (use.name, use.stop_at_layer, use.pads_with) == ("clip_h", stops_at, 0)


def tiny_vae_files(folder, name):
    """A tiny autoencoder of `diffusers`, and its weights in the two files of its makers."""
    theirs = AutoencoderTiny().eval().requires_grad_(False)
    shapes = {key: tuple(t.shape) for key, t in theirs.state_dict().items()}
    theirs.load_state_dict({key: t * 0.5 for key, t in tiny.random_weights(shapes, 3, torch.float32).items()})
    state = theirs.state_dict()
    encoder = {key.removeprefix("encoder.layers."): t for key, t in state.items() if key.startswith("encoder.")}
    decoder = {key.removeprefix("decoder.layers."): t for key, t in state.items() if key.startswith("decoder.")}
    shifted = {f"{int(key.split('.')[0]) + 1}.{key.split('.', 1)[1]}": t for key, t in decoder.items()}
    torch.save(encoder, folder / f"{name}_encoder.pth")
    torch.save(shifted, folder / f"{name}_decoder.pth")
    save_file(state, folder / f"{name}.safetensors")
    return theirs


@pytest.mark.parametrize("kind", ["fp32", "bf16"])
@pytest.mark.parametrize(("name", "scale"), [("taesd", 0.18215), ("taesdxl", 0.13025)])
def test_tiny_vaes(name, scale, kind, tmp_path):
    theirs, precision = tiny_vae_files(tmp_path, name), models.choose_precision(every=kind)
    two = models.load_tiny_vae(tmp_path / f"{name}_encoder.pth", tmp_path / f"{name}_decoder.pth", precision=precision)
    one = models.load_vae(tmp_path / f"{name}.safetensors", precision=precision)
    images, latents = torch.rand(1, 32, 40, 3, generator=torch.Generator().manual_seed(0)), oracle.noise(1, 4, 4, 5)
    encoded = theirs.encode(images.movedim(-1, 1) * 2 - 1).latents
    decoded = (theirs.decode(latents * scale).sample.movedim(1, -1) + 1) / 2
    error = 1e-4 if kind == "fp32" else 0.03
    for vae in (one, two):
        assert oracle.largest_error(vae.encode(images) * scale, encoded) < error
        assert oracle.largest_error(vae.decode(latents), decoded.clamp(0, 1)) < error
    assert (two.config.downscale, two.config.latent_channels) == (8, 4)


def test_a_tiny_vae_of_wrong_files_is_named(tmp_path):
    path = tiny.write_embedding(tmp_path / "e.safetensors")
    with pytest.raises(BadFile, match=r"e\.safetensors holds no tiny autoencoder"):
        models.load_tiny_vae(path, path)


def test_the_vae_of_pixels_changes_nothing():
    vae, images = models.pixel_vae(), torch.rand(1, 5, 7, 3)
    torch.testing.assert_close(vae.decode(vae.encode(images)), images)
    assert vae.encode(images).shape == (1, 3, 5, 7)
    assert float(vae.encode(torch.zeros(1, 4, 4, 3)).max()) == -1.0


def test_a_vae_of_other_channels_is_named(tmp_path):
    vae = models.load_vae(tiny.write_checkpoint(tmp_path / "x.safetensors"), precision=FP32)
    with pytest.raises(ValueError, match=r"\(B, 4, h, w\), not \(1, 16, 4, 4\)"):
        vae.decode(torch.zeros(1, 16, 4, 4))


def test_a_vae_that_overflows_computes_in_float32(tmp_path, caplog):
    """Weights at which a middle layer exceeds 65504, float16's largest number, and later layers bring it back."""
    weights = load_file(tiny.write_checkpoint(tmp_path / "x.safetensors"))
    weights = {name: t.float() for name, t in weights.items()}
    weights["first_stage_model.decoder.conv_in.weight"] *= 1e6
    save_file(weights, tmp_path / "large.safetensors")
    latents = oracle.noise(1, 4, 4, 4)
    expected = models.load_vae(tmp_path / "large.safetensors", precision=FP32).decode(latents)
    vae = models.load_vae(tmp_path / "large.safetensors", precision=models.choose_precision(vae="fp16"))
    with models.DeviceMemory().hold(vae):
        first = vae.decode(latents)
    assert "float32 from now on" in caplog.text
    caplog.clear()
    assert torch.equal(first, vae.decode(latents)) and not caplog.text
    torch.testing.assert_close(first, expected, rtol=1e-4, atol=1e-4)
    assert not vae.usual.is_resident and vae.hosted.placement.dtype == torch.float32


def test_attention_in_older_diffusers_names():
    from engine.models.layers.diffusers_names import our_vae_names

    here = "decoder.mid_block.attentions.0"
    older = {"group_norm": "norm", "query": "q", "key": "k", "value": "v", "proj_attn": "proj_out"}
    expected = {f"decoder.mid.attn_1.{ours}.weight": f"{here}.{theirs}.weight" for theirs, ours in older.items()}
    assert our_vae_names(expected.values()) == expected
