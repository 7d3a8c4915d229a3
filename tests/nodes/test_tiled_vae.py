"""Tiled coding gives what coding at once gives, where a network sees no further than a tile's overlap."""

import pytest
import torch

from nodes import upscaling, vae


def test_one_tile_is_the_whole(checkpoint, context):
    samples = vae.sampling.Latent(torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0)))
    whole = vae.decode(samples=samples, vae=checkpoint.vae, context=context)
    tiled = vae.decode_tiled(samples=samples, vae=checkpoint.vae, tile_size=512, context=context)
    torch.testing.assert_close(tiled, whole, atol=1e-5, rtol=1e-4)
    again = vae.encode(pixels=whole, vae=checkpoint.vae, context=context).samples
    in_tiles = vae.encode_tiled(pixels=whole, vae=checkpoint.vae, tile_size=512, context=context).samples
    torch.testing.assert_close(in_tiles, again, atol=1e-5, rtol=1e-4)
    assert context.steps[-1] == (3, 3)


@pytest.mark.parametrize("overlap", [0, 32, 4096])
def test_many_tiles_make_a_picture_of_the_same_size(checkpoint, context, overlap):
    samples = vae.sampling.Latent(torch.randn(2, 4, 20, 12, generator=torch.Generator().manual_seed(0)))
    tiled = vae.decode_tiled(samples=samples, vae=checkpoint.vae, tile_size=64, overlap=overlap, context=context)
    assert tiled.shape == (2, 160, 96, 3) and bool(tiled.isfinite().all())
    done, total = context.steps[-1]
    assert done == total > 6
    coded = vae.encode_tiled(pixels=tiled, vae=checkpoint.vae, tile_size=64, overlap=overlap, context=context)
    assert coded.samples.shape == (2, 4, 20, 12)


def test_a_picture_is_enlarged_by_a_network(context, places, tmp_path):
    from safetensors.torch import save_file

    from engine.models.upscalers.compact import CompactConfig, CompactNet

    folder = places.model_roots["upscale_models"][0]
    folder.mkdir(parents=True, exist_ok=True)
    save_file(CompactNet(CompactConfig(3, 1, 8, 2)).state_dict(), folder / "twice.safetensors")
    model = upscaling.load_upscale_model(model_name="twice.safetensors", context=context)
    enlarged = upscaling.upscale(upscale_model=model, image=torch.rand(1, 6, 5, 3), context=context)
    assert enlarged.shape == (1, 12, 10, 3) and context.steps == [(1, 1)]
