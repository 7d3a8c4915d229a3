"""A picture becomes a film: nodes for Stable Video Diffusion, called like functions on a small one."""

import pytest
import torch

from engine import models
from engine.files.places import Places
from engine.sampling import Conditioning, ConditioningItem
from nodes import sampling, vae, video_models
from tests import film
from tests.nodes.conftest import RecordingContext

FRAMES = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    base = tmp_path_factory.mktemp("films")
    film.write_checkpoint(base / "models" / "checkpoints" / "svd.safetensors")
    return base


@pytest.fixture
def context(folder, places, resources):
    own = Places(places.input, places.output, places.temp, places.user, Places.under(folder).model_roots)
    return RecordingContext(own, resources)


@pytest.fixture
def parts(context):
    return video_models.load_film_checkpoint(ckpt_name="svd.safetensors", context=context)


def picture():
    return torch.rand(1, 40, 72, 3, generator=torch.Generator().manual_seed(1))


def steer(parts, context, **choices):
    usual = {"width": 64, "height": 32, "video_frames": FRAMES}
    return video_models.picture_to_film(
        clip_vision=parts.clip_vision, init_image=picture(), vae=parts.vae, context=context, **{**usual, **choices}
    )


def make(model, steering, context, **choices):
    usual = {"seed": 3, "steps": 2, "cfg": 2.5, "sampler_name": "euler", "scheduler": "karras"}
    return sampling.ksampler(
        model=model,
        positive=steering.positive,
        negative=steering.negative,
        latent_image=steering.latent,
        context=context,
        **{**usual, **choices},
    ).samples


def test_a_picture_becomes_a_film(parts, context):
    steering = steer(parts, context)
    said = steering.positive[0]
    assert said.embedding.shape == (1, 1, film.SIZES.context)
    assert (said.extra["fps"], said.extra["motion_bucket_id"], said.extra["augmentation_level"]) == (6, 127, 0.0)
    assert said.extra["concat_latent_image"].shape == (1, 4, 4, 8)
    assert not steering.negative[0].embedding.any()
    assert not steering.negative[0].extra["concat_latent_image"].any()
    samples = make(parts.model, steering, context)
    assert samples.shape == (FRAMES, 4, 4, 8)
    assert samples.isfinite().all()
    frames = vae.decode(vae=parts.vae, samples=steering.latent.with_(samples=samples), context=context)
    assert frames.shape == (FRAMES, 32, 64, 3)


def test_what_is_said_of_the_film_changes_it(parts, context):
    plain = make(parts.model, steer(parts, context), context)
    for choice in ({"motion_bucket_id": 10}, {"fps": 20}, {"augmentation_level": 0.5}):
        assert not torch.allclose(make(parts.model, steer(parts, context, **choice), context), plain, atol=1e-4), choice
    assert torch.equal(make(parts.model, steer(parts, context), context), plain)


def test_both_prompts_in_one_pass_or_one_after_the_other_make_the_same_film(parts, context, monkeypatch):
    """Frames must never be taken for those of the other prompt's film."""
    from engine.sampling import averaging

    steering = steer(parts, context)
    together = make(parts.model, steering, context)
    monkeypatch.setattr(averaging, "_fits", lambda *_: False)
    torch.testing.assert_close(make(parts.model, steering, context), together, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("guide", "cfgs"),
    [(video_models.rise_linearly, [1.0, 2.0, 3.0, 4.0]), (video_models.rise_and_fall, [1.0, 3.0, 3.0, 1.0])],
)
def test_guidance_along_the_film(guide, cfgs, parts):
    from types import SimpleNamespace

    guidance = guide(model=parts.model, min_cfg=1.0).guidance
    top = 4.0
    positive, negative = torch.ones(FRAMES, 4, 2, 2), torch.zeros(FRAMES, 4, 2, 2)
    call = SimpleNamespace(positive=positive, negative=negative, cfg=top)
    guided = guidance.guide(call)[:, 0, 0, 0]
    assert guided.tolist() == pytest.approx(cfgs)
    assert parts.model.guidance.function is None


def test_neutral_guidance_changes_nothing(parts, context):
    steering = steer(parts, context)
    plain = make(parts.model, steering, context)
    for guide in (video_models.rise_linearly, video_models.rise_and_fall):
        same = make(guide(model=parts.model, min_cfg=2.5), steering, context)
        torch.testing.assert_close(same, plain)
        assert not torch.allclose(make(guide(model=parts.model, min_cfg=1.0), steering, context), plain)


def test_saved_and_loaded_again_it_is_the_same(parts, context, places):
    video_models.save_film_checkpoint(model=parts.model, clip_vision=parts.clip_vision, vae=parts.vae, context=context)
    path = places.output / "checkpoints" / "ComfyUI_00001_.safetensors"
    precision = models.choose_precision("cpu", every="fp32", channels_last=False)
    again, vision = models.load_checkpoint(path, precision=precision), models.load_vision_encoder(path)
    pairs = ((again.model, parts.model), (again.vae, parts.vae), (vision, parts.clip_vision))
    for ours, theirs in pairs:
        assert ours.hosted.weights.keys() == theirs.hosted.weights.keys()
        for name in theirs.hosted.weights:
            assert torch.equal(ours.hosted.weights[name], theirs.hosted.weights[name])


def test_area_of_a_film():
    prompt = Conditioning((ConditioningItem(torch.zeros(1, 1, 4)),))
    item = video_models.set_area_of_film(conditioning=prompt, width=0.5, height=0.25, x=0.1, y=0.2, strength=2.0)[0]
    assert (item.area.width, item.area.height, item.area.x, item.area.y, item.area.relative) == (
        0.5,
        0.25,
        0.1,
        0.2,
        True,
    )
    assert item.strength == 2.0
    with pytest.raises(ValueError, match="set temporal to 1 and z to 0"):
        video_models.set_area_of_film(conditioning=prompt, temporal=0.5)
