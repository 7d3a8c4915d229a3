"""How does a latent become another one? model + conditioning + latent + sampler + sigmas -> latent, on one page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from engine.models.memory.devices import room
from engine.sampling.averaging import FreeBytes
from engine.sampling.conditioning import Conditioning, Latent
from engine.sampling.denoiser import ConditionedModel, Denoiser
from engine.sampling.guidance import CfgGuider, Guider
from engine.sampling.inpainting import InpaintingDenoiser, MaskAt, fit_noise_mask, restore_protected
from engine.sampling.noise import FirstNoise, NoNoise, SeededNoise, draw_noise, make_noise_source
from engine.sampling.sampler_choice import SamplerChoice
from engine.sampling.schedules import cut_sigmas, plan_sigmas

PASS_SHARE = 1 / 1.5  # of the free memory that one pass may take by estimate: estimates are rough


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


class Denoised(NamedTuple):
    """What a run gives: the latent at its last level, and the last estimate of the latent without noise."""

    latent: Latent
    estimate: Latent


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
    if len(sigmas) < 2:
        return latent
    guider = CfgGuider(model, positive, negative, cfg)
    noise = SeededNoise(seed) if add_noise else NoNoise(seed)
    return denoise_guided(guider, latent, choice, sigmas, noise, on_step=on_step).latent


def denoise_guided(
    guider: Guider,
    latent: Latent,
    sampler: SamplerChoice,
    sigmas: Tensor,
    noise: FirstNoise,
    *,
    on_step: OnStep | None = None,
) -> Denoised:
    """Denoise a latent, steered by a guider, along given levels (n + 1,): see denoise_along."""
    latent = _with_channels(latent, guider.model.latent_format.channels)
    ready = guider.for_run(latent, noise.seed, memory_meter(guider.model.device))
    return denoise_along(guider.model, ready, latent, sampler, sigmas, noise, on_step=on_step)


def denoise_along(
    model: ConditionedModel,
    denoiser: Denoiser,
    latent: Latent,
    sampler: SamplerChoice,
    sigmas: Tensor,
    noise: FirstNoise,
    *,
    on_step: OnStep | None = None,
) -> Denoised:
    """Denoise a latent with any denoiser along given levels (n + 1,).

    Levels fall; samplers that add no noise can also go up. A level that would be visited twice in a row is visited
    once. With one level the latent gets that much noise and nothing else is done; with none it stays as it is.
    """
    if len(sigmas) == 0:
        return Denoised(latent, latent)
    sigmas = sigmas.float().cpu()
    sigmas = sigmas[torch.cat([torch.tensor([True]), sigmas[1:] != sigmas[:-1]])]
    with torch.inference_mode():
        latent = _with_channels(latent, model.latent_format.channels)
        x, estimate = _run(model, denoiser, latent, sampler, sigmas, noise, on_step)
        samples = model.latent_format.from_network(x).cpu()
        if latent.noise_mask is not None and sigmas[-1] == 0:
            samples = restore_protected(samples, latent.samples.to(samples), latent.noise_mask)
        if estimate is None:
            return Denoised(latent.with_(samples=samples), latent.with_(samples=samples))
        last = model.latent_format.from_network(estimate.cpu())
        return Denoised(latent.with_(samples=samples), latent.with_(samples=last))


def memory_meter(device: torch.device) -> FreeBytes | None:
    """What tells how many bytes one pass of a network may take on a device; None where nobody says what is free."""
    if room(device) is None:
        return None
    return lambda: int((room(device) or 0) * PASS_SHARE)


def _run(
    model: ConditionedModel,
    denoiser: Denoiser,
    latent: Latent,
    sampler: SamplerChoice,
    sigmas: Tensor,
    noise: FirstNoise,
    on_step: OnStep | None,
) -> tuple[Tensor, Tensor | None]:
    """The latent as the network sees it at the last level, and the last estimate if there was one."""
    device, prediction = model.device, model.prediction
    start = _for_network(model, latent.samples.to(device=device, dtype=torch.float32))
    first = noise.draw(latent).to(device=device, dtype=torch.float32)
    if latent.noise_mask is not None:
        kept = draw_noise(start.shape, noise.seed + 1).to(device) if sampler.entry.fresh_mask_noise else first
        mask = fit_noise_mask(latent.noise_mask, start)
        denoiser = InpaintingDenoiser(denoiser, start, mask, kept, prediction, _mask_change(model, sigmas))

    level = partial(torch.full, start.shape[:1], device=device)
    full = float(sigmas[0]) >= model.noise_levels.sigma_max * (1 - 1e-5)
    x = prediction.add_noise(first, start, level(float(sigmas[0])), full=full)
    if len(sigmas) == 1:
        return prediction.remove_scale(x, level(float(sigmas[0]))), None

    estimate: Tensor | None = None

    def report(index: int, denoised: Tensor, x: Tensor) -> None:
        nonlocal estimate
        estimate = denoised
        if on_step is not None:
            on_step(Step(index, len(sigmas) - 1, denoised, x))

    source = make_noise_source(sampler.entry.noise, x, noise.seed, sigmas)
    x = sampler.load(model.noise_levels)(denoiser, x, sigmas, source, report)
    return prediction.remove_scale(x, level(float(sigmas[-1]))), estimate


def _mask_change(model: ConditionedModel, sigmas: Tensor) -> MaskAt | None:
    """How the model's patches change a noise mask from step to step."""
    patch, levels = model.guidance.noise_mask, model.noise_levels
    return None if patch is None else lambda mask, sigma: patch(mask, sigma, sigmas, levels)


def add_noise(model: ConditionedModel, latent: Latent, noise: FirstNoise, sigmas: Tensor) -> Latent:
    """A latent with as much noise as lies between the first and the last of some levels; at one level, that level's."""
    if len(sigmas) == 0:
        return latent
    latent = _with_channels(latent, model.latent_format.channels)
    sigma = abs(float(sigmas[0]) - (float(sigmas[-1]) if len(sigmas) > 1 else 0.0))
    start = _for_network(model, latent.samples.float())
    x = model.prediction.add_noise(noise.draw(latent), start, torch.full(start.shape[:1], sigma))
    return latent.with_(samples=model.latent_format.from_network(x).nan_to_num(nan=0.0, posinf=0.0, neginf=0.0))


def _for_network(model: ConditionedModel, samples: Tensor) -> Tensor:
    """Samples as the network sees them; empty ones stay 0, whatever the mean of this family's latents is."""
    return model.latent_format.to_network(samples) if bool(samples.any()) else samples


def _with_channels(latent: Latent, channels: int) -> Latent:
    """A latent as it is, or an empty one made for another family with this one's channels."""
    samples = latent.samples
    if samples.shape[1] == channels:
        return latent
    if bool(samples.any()):
        raise ValueError(
            f"The model's latents have {channels} channels, this one {samples.shape[1]} (shape {list(samples.shape)}): "
            "it comes from another kind of model. Encode the picture with the VAE that belongs to this one."
        )
    return latent.with_(samples=samples.new_zeros(samples.shape[0], channels, *samples.shape[2:]))
