"""How does a latent become another one? model + conditioning + latent + sampler + sigmas -> latent, on one page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.sampling.conditioning import Conditioning, Latent
from engine.sampling.denoiser import ConditionedModel, Denoiser
from engine.sampling.guidance import CfgGuider
from engine.sampling.inpainting import InpaintingDenoiser, fit_noise_mask, restore_protected
from engine.sampling.noise import draw_noise, make_noise_source
from engine.sampling.sampler_choice import SamplerChoice
from engine.sampling.schedules import cut_sigmas, plan_sigmas


@dataclass(frozen=True, eq=False)
class Step:
    """One step that was taken.

    Attributes:
        index: from 0.
        total: steps of the run.
        denoised: (B, C, h, w) the estimate of the result, as the network sees latents.
        x: (B, C, h, w) the noisy latent that it was made from.
    """

    index: int
    total: int
    denoised: Tensor
    x: Tensor


OnStep = Callable[[Step], None]


def denoise(
    model: ConditionedModel,
    latent: Latent,
    positive: Conditioning,
    negative: Conditioning,
    *,
    seed: int,
    steps: int,
    cfg: float,
    sampler: str = "euler",
    schedule: str = "normal",
    denoise: float = 1.0,
    start_step: int | None = None,
    last_step: int | None = None,
    add_noise: bool = True,
    force_full_denoise: bool = True,
    on_step: OnStep | None = None,
) -> Latent:
    """Denoise a latent, guided by a positive and a negative prompt.

    Args:
        latent: samples as the VAE gives them; only where its noise mask is above 0 they change.
        seed: 0 .. 2^64 - 1, of the first noise and of every later one.
        steps: levels of the whole schedule; a part of it runs from `start_step` to before `last_step`.
        cfg: strength of guidance; 1 leaves the negative prompt out.
        denoise: 1 starts from pure noise, less keeps more of the latent, 0 returns it.
        add_noise: False where the latent is noisy already.
        force_full_denoise: whether a run that ends early takes out all noise in its last step.
        on_step: called after each evaluation; may raise to stop.

    Raises:
        ValueError: no such sampler or schedule, or steps below 1.
    """
    choice = SamplerChoice(sampler)
    sigmas = plan_sigmas(
        schedule, model.noise_levels, steps, denoise=denoise, skips_last_level=choice.entry.skips_last_level
    )
    sigmas = cut_sigmas(sigmas, start_step=start_step, last_step=last_step, force_full_denoise=force_full_denoise)
    positive = model.prepare(positive, latent, seed, is_negative=False)
    negative = model.prepare(negative, latent, seed, is_negative=True)
    guider = CfgGuider(model, positive, negative, cfg)
    return denoise_along(model, guider, latent, choice, sigmas, seed=seed, add_noise=add_noise, on_step=on_step)


def denoise_along(
    model: ConditionedModel,
    denoiser: Denoiser,
    latent: Latent,
    sampler: SamplerChoice,
    sigmas: Tensor,
    *,
    seed: int,
    add_noise: bool = True,
    on_step: OnStep | None = None,
) -> Latent:
    """Denoise a latent with any denoiser along given levels (n + 1,), falling; with none or one it stays as it is."""
    if len(sigmas) < 2:
        return latent
    with torch.inference_mode():
        samples = _with_channels(latent.samples, model.latent_format.channels)
        latent = latent.with_(samples=samples)
        x = _run(model, denoiser, latent, sampler, sigmas, seed, add_noise, on_step)
        result = model.latent_format.from_network(x).cpu()
        if latent.noise_mask is not None and sigmas[-1] == 0:
            result = restore_protected(result, samples.to(result), latent.noise_mask)
        return latent.with_(samples=result)


def _run(
    model: ConditionedModel,
    denoiser: Denoiser,
    latent: Latent,
    sampler: SamplerChoice,
    sigmas: Tensor,
    seed: int,
    add_noise: bool,
    on_step: OnStep | None,
) -> Tensor:
    device, prediction = model.device, model.prediction
    start = model.latent_format.to_network(latent.samples.to(device=device, dtype=torch.float32))
    shape = start.shape
    noise = draw_noise(shape, seed, latent.batch_index) if add_noise else torch.zeros(shape)
    noise = noise.to(device)

    if latent.noise_mask is not None:
        kept_noise = draw_noise(shape, seed + 1).to(device) if sampler.entry.fresh_mask_noise else noise
        mask = fit_noise_mask(latent.noise_mask, start)
        denoiser = InpaintingDenoiser(denoiser, start, mask, kept_noise, prediction)

    sigma_start = float(sigmas[0])
    full = sigma_start >= model.noise_levels.sigma_max * (1 - 1e-5)
    x = prediction.add_noise(noise, start, torch.full(shape[:1], sigma_start, device=device), full=full)

    def report(index: int, denoised: Tensor, x: Tensor) -> None:
        if on_step is not None:
            on_step(Step(index, len(sigmas) - 1, denoised, x))

    source = make_noise_source(sampler.entry.noise, x, seed, sigmas)
    x = sampler.load(model.noise_levels)(denoiser, x, sigmas, source, report)
    return prediction.remove_scale(x, torch.full(shape[:1], float(sigmas[-1]), device=device))


def _with_channels(samples: Tensor, channels: int) -> Tensor:
    """Samples as they are, or an empty latent made for another family with this one's channels."""
    if samples.shape[1] == channels:
        return samples
    if bool(samples.any()):
        raise ValueError(
            f"The model's latents have {channels} channels, this one {samples.shape[1]} (shape {list(samples.shape)}): "
            "it comes from another kind of model. Encode the picture with the VAE that belongs to this one."
        )
    return samples.new_zeros(samples.shape[0], channels, *samples.shape[2:])
