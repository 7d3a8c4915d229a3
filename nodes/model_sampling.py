"""Nodes that tell a model other noise levels, and what else its output means."""

from dataclasses import replace
from typing import Annotated

from engine import sampling
from engine.graph import Choice, Range, node
from nodes.sockets import Model

Level = Annotated[float, Range(0.0, 1000.0, step=0.001, round_to=False)]

# Of the latents of Playground v2.5's training pictures, as its VAE's configuration has them.
PLAYGROUND_MEAN = (-1.6574, 1.886, -1.383, 2.5155)
PLAYGROUND_STD = (8.4927, 5.9022, 6.5498, 5.2299)
PLAYGROUND_SCALE = 0.5


@node("ModelSamplingDiscrete", category="advanced/model")
def discrete(
    *,
    model: Model,
    sampling: Annotated[str, Choice(("eps", "v_prediction", "lcm", "x0", "img_to_img"))],
    zsnr: bool = False,
) -> Model:
    """Say what the output of a model with a thousand timesteps means.

    Args:
        sampling: eps: the noise; v_prediction: the velocity; lcm: the noise, of a latent consistency model; x0: the
            latent; img_to_img: the result, made from a picture without noise.
        zsnr: the model was trained from noise alone (zero terminal signal-to-noise ratio).
    """
    return _discrete(model, sampling, zsnr)


def _discrete(model: Model, output: str, zsnr: bool) -> Model:
    levels = sampling.NoiseLevels(model.noise_levels.sigmas)
    if zsnr:
        levels = levels.with_zero_terminal_snr()
    if output == "lcm":
        levels = sampling.DistilledLevels.of(levels)
    meanings = {
        "eps": sampling.EPSILON,
        "v_prediction": sampling.VELOCITY,
        "x0": sampling.SAMPLE,
        "img_to_img": sampling.PICTURE,
    }
    return model.with_noise_levels(levels, meanings.get(output) or sampling.Consistency("consistency", levels))


@node("ModelSamplingContinuousEDM", category="advanced/model")
def continuous_edm(
    *,
    model: Model,
    sampling: Annotated[str, Choice(("v_prediction", "edm", "edm_playground_v2.5", "eps", "cosmos_rflow"))],
    sigma_max: Level = 120.0,
    sigma_min: Level = 0.002,
) -> Model:
    """Tell a model that it knows every noise level between two, as CosXL and Playground v2.5 do.

    Args:
        sampling: what the model's output means; Playground v2.5 scales its latents in a way of its own too.
        sigma_max: the highest level.
        sigma_min: the lowest level.
    """
    return _continuous_edm(model, sampling, sigma_max, sigma_min)


def _continuous_edm(model: Model, output: str, sigma_max: float, sigma_min: float) -> Model:
    if output == "cosmos_rflow":
        return model.with_noise_levels(sampling.NoiseShareLevels.between(sigma_min, sigma_max), sampling.RECTIFIED_FLOW)
    meanings = {"eps": sampling.EPSILON, "v_prediction": sampling.VELOCITY}
    prediction = meanings.get(output) or sampling.Preconditioned("edm")
    if output == "edm_playground_v2.5":
        statistics = {"mean": PLAYGROUND_MEAN, "std": PLAYGROUND_STD, "scale": PLAYGROUND_SCALE}
        model = model.with_latent_format(replace(model.latent_format, **statistics))
    return model.with_noise_levels(sampling.EdmLevels.between(sigma_min, sigma_max), prediction)


@node("ModelSamplingContinuousV", category="advanced/model")
def continuous_v(
    *,
    model: Model,
    sampling: Annotated[str, Choice(("v_prediction",))],
    sigma_max: Level = 500.0,
    sigma_min: Level = 0.03,
) -> Model:
    """Tell a model that predicts velocity that it knows every noise level between two.

    Args:
        sampling: what the model's output means.
        sigma_max: the highest level.
        sigma_min: the lowest level.
    """
    return _continuous_v(model, sigma_max, sigma_min)


def _continuous_v(model: Model, sigma_max: float, sigma_min: float) -> Model:
    return model.with_noise_levels(sampling.AngularLevels.between(sigma_min, sigma_max), sampling.VELOCITY)
