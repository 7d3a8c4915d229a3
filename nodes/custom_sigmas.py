"""Nodes that make the noise levels of a run, cut them and turn them round."""

from typing import Annotated, NamedTuple

from engine import sampling
from engine.graph import Choice, Range, node
from nodes.sockets import Model, ScheduleName, Share, Sigmas, StepIndex, Steps

Level = Annotated[float, Range(0.0, 5000.0, step=0.01, round_to=False)]
Exponent = Annotated[float, Range(0.0, 100.0, step=0.01, round_to=False)]
BetaShape = Annotated[float, Range(0.0, 50.0, step=0.01, round_to=False)]

HIGHEST, LOWEST = 14.614642, 0.0291675  # Stable Diffusion's own


class TwoParts(NamedTuple):
    high_sigmas: Sigmas
    low_sigmas: Sigmas


@node("BasicScheduler", category="sampling/custom_sampling/schedulers")
def basic(*, model: Model, scheduler: ScheduleName, steps: Steps = 20, denoise: Share = 1.0) -> Sigmas:
    """Space noise levels over those that a model knows.

    Args:
        scheduler: how to space them.
        denoise: less than 1 takes the last steps of a longer schedule, to keep more of a latent.
    """
    return sampling.plan_sigmas(scheduler, model.noise_levels, steps, denoise=denoise)


@node("KarrasScheduler", category="sampling/custom_sampling/schedulers")
def karras(*, steps: Steps = 20, sigma_max: Level = HIGHEST, sigma_min: Level = LOWEST, rho: Exponent = 7.0) -> Sigmas:
    """Space noise levels as Karras et al. do.

    Args:
        rho: above 1 the steps are finer towards the end.
    """
    return sampling.space_karras(steps, sigma_max, sigma_min, rho)


@node("ExponentialScheduler", category="sampling/custom_sampling/schedulers")
def exponential(*, steps: Steps = 20, sigma_max: Level = HIGHEST, sigma_min: Level = LOWEST) -> Sigmas:
    """Space noise levels evenly in their logarithm."""
    return sampling.space_exponentially(steps, sigma_max, sigma_min)


@node("PolyexponentialScheduler", category="sampling/custom_sampling/schedulers")
def polyexponential(
    *, steps: Steps = 20, sigma_max: Level = HIGHEST, sigma_min: Level = LOWEST, rho: Exponent = 1.0
) -> Sigmas:
    """Space noise levels by a polynomial in their logarithm.

    Args:
        rho: 1 spaces them evenly; more is finer towards the end.
    """
    return sampling.space_polyexponentially(steps, sigma_max, sigma_min, rho)


@node("LaplaceScheduler", category="sampling/custom_sampling/schedulers")
def laplace(
    *,
    steps: Steps = 20,
    sigma_max: Level = HIGHEST,
    sigma_min: Level = LOWEST,
    mu: Annotated[float, Range(-10.0, 10.0, step=0.1, round_to=False)] = 0.0,
    beta: Annotated[float, Range(0.0, 10.0, step=0.1, round_to=False)] = 0.5,
) -> Sigmas:
    """Space noise levels closely round one of them. Ends at the lowest level, not at 0.

    Args:
        mu: the logarithm of the level round which they are closest.
        beta: how widely they are spread.
    """
    return sampling.space_by_laplace(steps, sigma_max, sigma_min, mu, beta)


@node("VPScheduler", category="sampling/custom_sampling/schedulers")
def variance_preserving(
    *,
    steps: Steps = 20,
    beta_d: Level = 19.9,
    beta_min: Level = 0.1,
    eps_s: Annotated[float, Range(0.0, 1.0, step=0.0001, round_to=False)] = 0.001,
) -> Sigmas:
    """Space noise levels evenly in the time of the continuous variance-preserving process.

    Args:
        beta_d: how fast the noise grows with time.
        beta_min: how fast it grows at the start.
        eps_s: the time of the last level above 0.
    """
    return sampling.space_by_variance(steps, beta_d, beta_min, eps_s)


@node("BetaSamplingScheduler", category="sampling/custom_sampling/schedulers")
def beta(*, model: Model, steps: Steps = 20, alpha: BetaShape = 0.6, beta: BetaShape = 0.6) -> Sigmas:
    """Space noise levels at quantiles of a Beta distribution over a model's timesteps.

    Args:
        alpha: below 1 the steps are finer towards the end.
        beta: below 1 the steps are finer at the start.
    """
    return sampling.space_by_beta(model.noise_levels, steps, alpha, beta)


@node("SDTurboScheduler", category="sampling/custom_sampling/schedulers")
def turbo(
    *, model: Model, steps: Annotated[int, Range(1, 10)] = 1, denoise: Annotated[float, Range(0, 1.0, step=0.01)] = 1.0
) -> Sigmas:
    """Take the noise levels that SD Turbo and SDXL Turbo were distilled for.

    Args:
        denoise: less than 1 leaves out the highest levels, to keep more of a latent.
    """
    return sampling.take_turbo_sigmas(model.noise_levels, steps, denoise)


@node("AlignYourStepsScheduler", category="sampling/custom_sampling/schedulers")
def align_your_steps(
    *,
    model_type: Annotated[str, Choice(("SD1", "SDXL", "SVD"))],
    steps: Annotated[int, Range(1, 10_000)] = 10,
    denoise: Share = 1.0,
) -> Sigmas:
    """Take noise levels that were found to be best for ten steps of a kind of model, fitted to any number.

    Args:
        denoise: less than 1 takes the last steps only, to keep more of a latent.
    """
    return sampling.align_steps(model_type, steps, denoise)


@node("GITSScheduler", category="sampling/custom_sampling/schedulers")
def search(
    *,
    coeff: Annotated[float, Range(0.8, 1.5, step=0.05)] = 1.2,
    steps: Annotated[int, Range(2, 1000)] = 10,
    denoise: Share = 1.0,
) -> Sigmas:
    """Take the noise levels at which few steps lose least on the way from noise to picture (GITS).

    They are searched on pictures with natural statistics; programs that have the table of levels that its authors
    measured give somewhat other ones.

    Args:
        coeff: above 1 the steps are finer at low noise levels, below 1 at high ones.
        denoise: less than 1 takes the last steps only, to keep more of a latent.
    """
    return sampling.search_sigmas(steps, coeff, denoise)


@node("ManualSigmas", category="_for_testing/custom_sampling", experimental=True)
def write_down(*, sigmas: str = "1, 0.5") -> Sigmas:
    """Write noise levels down by hand.

    Args:
        sigmas: numbers from high to low, with commas or spaces between; 0 last to take out all noise.
    """
    return sampling.read_sigmas(sigmas)


@node("SplitSigmas", category="sampling/custom_sampling/sigmas")
def split(*, sigmas: Sigmas, step: StepIndex = 0) -> TwoParts:
    """Cut noise levels in two, for two samplers that share a run.

    Args:
        step: the first step of the second part.
    """
    return TwoParts(*sampling.split_sigmas(sigmas, step))


@node("SplitSigmasDenoise", category="sampling/custom_sampling/sigmas")
def split_by_share(*, sigmas: Sigmas, denoise: Share = 1.0) -> TwoParts:
    """Cut noise levels in two, the second part a share of all steps.

    Args:
        denoise: share of the steps that the second part holds.
    """
    return TwoParts(*sampling.split_sigmas_by_share(sigmas, denoise))


@node("FlipSigmas", category="sampling/custom_sampling/sigmas")
def flip(*, sigmas: Sigmas) -> Sigmas:
    """Turn noise levels round, so that a sampler leads from a picture to its noise."""
    return sampling.flip_sigmas(sigmas)


@node("SetFirstSigma", category="sampling/custom_sampling/sigmas")
def set_first(
    *, sigmas: Sigmas, sigma: Annotated[float, Range(0.0, 20_000.0, step=0.001, round_to=False)] = 136.0
) -> Sigmas:
    """Replace the first noise level."""
    return sampling.replace_first_sigma(sigmas, sigma)


@node("ExtendIntermediateSigmas", category="sampling/custom_sampling/sigmas")
def refine(
    *,
    sigmas: Sigmas,
    steps: Annotated[int, Range(1, 100)] = 2,
    start_at_sigma: Annotated[float, Range(-1.0, 20_000.0, step=0.01, round_to=False)] = -1.0,
    end_at_sigma: Annotated[float, Range(0.0, 20_000.0, step=0.01, round_to=False)] = 12.0,
    spacing: Annotated[str, Choice(("linear", "cosine", "sine"))],
) -> Sigmas:
    """Cut the steps in a range of noise levels into smaller ones.

    Args:
        steps: how many each step becomes.
        start_at_sigma: the highest level whose step is cut; -1: any.
        end_at_sigma: the lowest level whose step is cut.
        spacing: where in a step the parts are finer.
    """
    return sampling.refine_sigmas(sigmas, steps, start_at_sigma, end_at_sigma, spacing)


class OneSigma(NamedTuple):
    sigma_value: float


@node("SamplingPercentToSigma", category="sampling/custom_sampling/sigmas")
def percent_to_sigma(
    *,
    model: Model,
    sampling_percent: Annotated[float, Range(0.0, 1.0, step=0.0001)] = 0.0,
    return_actual_sigma: bool = False,
) -> OneSigma:
    """Tell the noise level at a share of the run.

    Args:
        sampling_percent: 0 is the start, 1 the end.
        return_actual_sigma: give the model's highest and lowest level at 0 and 1, not what ranges compare with there.
    """
    levels = model.noise_levels
    if return_actual_sigma and sampling_percent in (0.0, 1.0):
        return OneSigma(levels.sigma_max if sampling_percent == 0.0 else levels.sigma_min)
    return OneSigma(levels.at_percent(sampling_percent))
