"""Nodes that denoise along levels, with samplers, guiders and noise that are nodes of their own."""

from typing import Annotated, NamedTuple

from engine import diffusion, models, sampling
from engine.execution import NodeContext
from engine.graph import Choice, Range, node
from nodes.sampling import control_nets, reporter
from nodes.sockets import Cfg, Conditioning, Guider, Latent, Model, Noise, Sampler, Seed, Sigmas

NegativeScale = Annotated[float, Range(0.0, 100.0, step=0.01)]


class TwoLatents(NamedTuple):
    output: Latent
    denoised_output: Latent


@node("SamplerCustom", category="sampling/custom_sampling")
def sample(
    *,
    model: Model,
    add_noise: bool = True,
    noise_seed: Seed = 0,
    cfg: Cfg = 8.0,
    positive: Conditioning,
    negative: Conditioning,
    sampler: Sampler,
    sigmas: Sigmas,
    latent_image: Latent,
    context: NodeContext,
) -> TwoLatents:
    """Denoise a latent along given noise levels, guided by a positive and a negative prompt.

    The second output is the last estimate of the picture without noise, where the run stops early.

    Args:
        add_noise: turn it off where the latent comes, still noisy, from another sampler.
        noise_seed: the noise to start from, and all later noise.
        cfg: how strongly to follow the prompt.
        sigmas: the noise levels to visit, from a scheduler.
    """
    guider = sampling.CfgGuider(model, positive, negative, cfg)
    noise = sampling.SeededNoise(noise_seed) if add_noise else sampling.NoNoise(noise_seed)
    return _denoise(noise, guider, sampler, sigmas, latent_image, context)


@node("SamplerCustomAdvanced", category="sampling/custom_sampling")
def sample_advanced(
    *, noise: Noise, guider: Guider, sampler: Sampler, sigmas: Sigmas, latent_image: Latent, context: NodeContext
) -> TwoLatents:
    """Denoise a latent with any noise, guider, sampler and noise levels.

    The second output is the last estimate of the picture without noise, where the run stops early.

    Args:
        guider: the model and its prompts.
        sigmas: the noise levels to visit, from a scheduler.
    """
    return _denoise(noise, guider, sampler, sigmas, latent_image, context)


def _denoise(
    noise: Noise, guider: Guider, sampler: Sampler, sigmas: Sigmas, latent: Latent, context: NodeContext
) -> TwoLatents:
    model: Model = guider.model
    with context.resource(models.DeviceMemory).hold(model, *control_nets(model, *guider.prompts)):
        report = reporter(context, model)
        return TwoLatents(*diffusion.denoise_guided(guider, latent, sampler, sigmas, noise, on_step=report))


@node("BasicGuider", category="sampling/custom_sampling/guiders")
def make_basic_guider(*, model: Model, conditioning: Conditioning) -> Guider:
    """Steer a model by one prompt, without guidance: for models that need none."""
    return sampling.BasicGuider(model, conditioning)


@node("CFGGuider", category="sampling/custom_sampling/guiders")
def make_cfg_guider(*, model: Model, positive: Conditioning, negative: Conditioning, cfg: Cfg = 8.0) -> Guider:
    """Steer a model towards a prompt and away from another.

    Args:
        cfg: how strongly to follow the prompt; 1 leaves the negative prompt out.
    """
    return sampling.CfgGuider(model, positive, negative, cfg)


@node("DualCFGGuider", category="sampling/custom_sampling/guiders")
def make_dual_guider(
    *,
    model: Model,
    cond1: Conditioning,
    cond2: Conditioning,
    negative: Conditioning,
    cfg_conds: Cfg = 8.0,
    cfg_cond2_negative: Cfg = 8.0,
    style: Annotated[str, Choice(("regular", "nested"))],
) -> Guider:
    """Steer a model by two prompts with a strength for each, as InstructPix2Pix does by words and picture.

    Args:
        cond1: the whole of what is wanted.
        cond2: a part of it, such as the picture to edit without the words.
        cfg_conds: how strongly to lead from cond2 to cond1.
        cfg_cond2_negative: how strongly to lead from the negative prompt to cond2.
        style: "nested" leads from cond2 to cond1 first, and from the negative prompt to the result of that.
    """
    strengths = {"cfg_positive": cfg_conds, "cfg_negative": cfg_cond2_negative}
    return sampling.DualCfgGuider(model, cond1, cond2, negative, **strengths, nested=style == "nested")


@node("PerpNegGuider", category="_for_testing", experimental=True)
def make_perp_neg_guider(
    *,
    model: Model,
    positive: Conditioning,
    negative: Conditioning,
    empty_conditioning: Conditioning,
    cfg: Cfg = 8.0,
    neg_scale: NegativeScale = 1.0,
) -> Guider:
    """Steer a model away from only that part of the negative prompt which the positive one does not share.

    Args:
        empty_conditioning: the prompt of an empty text.
        cfg: how strongly to follow both prompts.
        neg_scale: weight of the negative prompt.
    """
    return sampling.PerpNegGuider(model, positive, negative, empty_conditioning, cfg=cfg, neg_scale=neg_scale)


@node("RandomNoise", category="sampling/custom_sampling/noise")
def make_noise(*, noise_seed: Seed = 0) -> Noise:
    """Start from the noise of a seed.

    Args:
        noise_seed: the same seed and settings give the same picture.
    """
    return sampling.SeededNoise(noise_seed)


@node("DisableNoise", category="sampling/custom_sampling/noise")
def make_no_noise() -> Noise:
    """Start from the latent as it is: for one that comes, still noisy, from another sampler."""
    return sampling.NoNoise()


@node("AddNoise", category="_for_testing/custom_sampling/noise")
def add_noise(*, model: Model, noise: Noise, sigmas: Sigmas, latent_image: Latent) -> Latent:
    """Add noise to a latent, as much as lies between the first and the last of some noise levels."""
    return diffusion.add_noise(model, latent_image, noise, sigmas)
