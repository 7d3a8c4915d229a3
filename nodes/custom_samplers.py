"""Nodes that choose a sampler and set its options."""

from functools import partial
from typing import Annotated

from engine import pixels, sampling
from engine.graph import Choice, Range, node
from nodes.sockets import Model, Sampler, SamplerName, ShareOfRun

Amount = Annotated[float, Range(0.0, 100.0, step=0.01, round_to=False)]
NoiseDevice = Annotated[str, Choice(("gpu", "cpu"))]


@node("KSamplerSelect", category="sampling/custom_sampling/samplers")
def select(*, sampler_name: SamplerName) -> Sampler:
    """Choose a sampler by name, with its usual options."""
    return sampling.SamplerChoice(sampler_name)


@node("SamplerEulerAncestral", category="sampling/custom_sampling/samplers")
def euler_ancestral(*, eta: Amount = 1.0, s_noise: Amount = 1.0) -> Sampler:
    """Euler steps with fresh noise at each.

    Args:
        eta: share of the noise that is replaced per step; 0 is plain Euler.
        s_noise: scale of the added noise.
    """
    return sampling.SamplerChoice("euler_ancestral", {"eta": eta, "s_noise": s_noise})


@node(
    "SamplerEulerAncestralCFGPP",
    display_name="SamplerEulerAncestralCFG++",
    category="sampling/custom_sampling/samplers",
)
def euler_ancestral_cfg_pp(
    *,
    eta: Annotated[float, Range(0.0, 1.0, step=0.01, round_to=False)] = 1.0,
    s_noise: Annotated[float, Range(0.0, 10.0, step=0.01, round_to=False)] = 1.0,
) -> Sampler:
    """CFG++: Euler steps with fresh noise at each, whose noise direction is the negative prompt's. Wants a cfg near 1.

    Args:
        eta: share of the noise that is replaced per step.
        s_noise: scale of the added noise.
    """
    return sampling.SamplerChoice("euler_ancestral_cfg_pp", {"eta": eta, "s_noise": s_noise})


@node("SamplerLMS", category="sampling/custom_sampling/samplers")
def lms(*, order: Annotated[int, Range(1, 100)] = 4) -> Sampler:
    """Linear multistep.

    Args:
        order: how many of the last steps each step follows.
    """
    return sampling.SamplerChoice("lms", {"order": order})


@node("SamplerDPMPP_2S_Ancestral", category="sampling/custom_sampling/samplers")
def dpmpp_2s_ancestral(*, eta: Amount = 1.0, s_noise: Amount = 1.0) -> Sampler:
    """DPM-Solver++(2S) with fresh noise at each step; two evaluations a step.

    Args:
        eta: share of the noise that is replaced per step.
        s_noise: scale of the added noise.
    """
    return sampling.SamplerChoice("dpmpp_2s_ancestral", {"eta": eta, "s_noise": s_noise})


@node("SamplerDPMPP_SDE", category="sampling/custom_sampling/samplers")
def dpmpp_sde(*, eta: Amount = 1.0, s_noise: Amount = 1.0, r: Amount = 0.5, noise_device: NoiseDevice) -> Sampler:
    """DPM-Solver++ on the SDE; two evaluations a step.

    Args:
        eta: share of the noise that is replaced per step.
        s_noise: scale of the added noise.
        r: where in the step the middle evaluation lies.
        noise_device: noise is the CPU's with either, so that a seed gives the same picture everywhere.
    """
    return sampling.SamplerChoice("dpmpp_sde", {"eta": eta, "s_noise": s_noise, "r": r})


@node("SamplerDPMPP_2M_SDE", category="sampling/custom_sampling/samplers")
def dpmpp_2m_sde(
    *,
    solver_type: Annotated[str, Choice(("midpoint", "heun"))],
    eta: Amount = 1.0,
    s_noise: Amount = 1.0,
    noise_device: NoiseDevice,
) -> Sampler:
    """DPM-Solver++(2M) on the SDE.

    Args:
        solver_type: which correction of order 2.
        eta: 0 adds no noise, 1 as much as the reverse diffusion.
        s_noise: scale of the added noise.
        noise_device: noise is the CPU's with either, so that a seed gives the same picture everywhere.
    """
    return sampling.SamplerChoice("dpmpp_2m_sde", {"solver_type": solver_type, "eta": eta, "s_noise": s_noise})


@node("SamplerDPMPP_3M_SDE", category="sampling/custom_sampling/samplers")
def dpmpp_3m_sde(*, eta: Amount = 1.0, s_noise: Amount = 1.0, noise_device: NoiseDevice) -> Sampler:
    """DPM-Solver++(3M) on the SDE.

    Args:
        eta: 0 adds no noise, 1 as much as the reverse diffusion.
        s_noise: scale of the added noise.
        noise_device: noise is the CPU's with either, so that a seed gives the same picture everywhere.
    """
    return sampling.SamplerChoice("dpmpp_3m_sde", {"eta": eta, "s_noise": s_noise})


@node("SamplerDPMAdaptative", category="sampling/custom_sampling/samplers")
def dpm_adaptive(
    *,
    order: Annotated[int, Range(2, 3)] = 3,
    rtol: Amount = 0.05,
    atol: Amount = 0.0078,
    h_init: Amount = 0.05,
    pcoeff: Amount = 0.0,
    icoeff: Amount = 1.0,
    dcoeff: Amount = 0.0,
    accept_safety: Amount = 0.81,
    eta: Amount = 0.0,
    s_noise: Amount = 1.0,
) -> Sampler:
    """DPM-Solver that chooses its own steps between the first and the last noise level.

    Args:
        order: of the method, whose error estimate sets the steps.
        rtol: tolerated error, relative.
        atol: tolerated error, absolute.
        h_init: the first step.
        pcoeff: how the step size follows the last error.
        icoeff: how the step size follows all errors.
        dcoeff: how the step size follows the change of errors.
        accept_safety: a step is done again if the next would be shorter than this share of it.
        eta: share of the noise that is replaced per step.
        s_noise: scale of the added noise.
    """
    options = {"order": order, "rtol": rtol, "atol": atol, "h_init": h_init, "accept_safety": accept_safety}
    controller = {"pcoeff": pcoeff, "icoeff": icoeff, "dcoeff": dcoeff}
    return sampling.SamplerChoice("dpm_adaptive", {**options, **controller, "eta": eta, "s_noise": s_noise})


@node("SamplerER_SDE", category="sampling/custom_sampling/samplers")
def er_sde(
    *,
    solver_type: Annotated[str, Choice(("ER-SDE", "Reverse-time SDE", "ODE"))],
    max_stage: Annotated[int, Range(1, 3)] = 3,
    eta: Amount = 1.0,
    s_noise: Amount = 1.0,
) -> Sampler:
    """Extended reverse-time SDE solver.

    Args:
        solver_type: how much noise at which level; "ODE" adds none.
        max_stage: the highest order.
        eta: noise of "Reverse-time SDE"; the others do not take it.
        s_noise: scale of the added noise.
    """
    options = {"solver_type": solver_type, "max_stage": max_stage, "eta": eta, "s_noise": s_noise}
    return sampling.SamplerChoice("er_sde", options)


@node("SamplerSASolver", category="sampling/custom_sampling/samplers")
def sa_solver(
    *,
    model: Model,
    eta: Annotated[float, Range(0.0, 10.0, step=0.01, round_to=False)] = 1.0,
    sde_start_percent: ShareOfRun = 0.2,
    sde_end_percent: ShareOfRun = 0.8,
    s_noise: Amount = 1.0,
    predictor_order: Annotated[int, Range(1, 6)] = 3,
    corrector_order: Annotated[int, Range(0, 6)] = 4,
    use_pece: bool = False,
    simple_order_2: bool = False,
) -> Sampler:
    """Stochastic Adams solver with predictor and corrector.

    Args:
        model: whose noise levels the percentages are of.
        eta: strength of the noise.
        sde_start_percent: share of the run from which noise is added.
        sde_end_percent: share of the run up to which noise is added.
        s_noise: scale of the added noise.
        predictor_order: estimates that a step follows.
        corrector_order: estimates that its correction follows; 0 turns it off.
        use_pece: evaluate once more after each correction; two evaluations a step.
        simple_order_2: simpler weights where two estimates are followed.
    """
    start, end = (model.noise_levels.at_percent(share) for share in (sde_start_percent, sde_end_percent))
    orders = {"predictor_order": predictor_order, "corrector_order": corrector_order}
    switches = {"use_pece": use_pece, "simple_order_2": simple_order_2}
    noise = {"eta": eta, "s_noise": s_noise, "sigma_start": start, "sigma_end": end}
    return sampling.SamplerChoice("sa_solver", {**noise, **orders, **switches})


@node("SamplerEulerCFGpp", display_name="SamplerEulerCFG++", category="_for_testing", experimental=True)
def euler_cfg_pp(*, version: Annotated[str, Choice(("regular", "alternative"))]) -> Sampler:
    """CFG++: Euler steps whose noise direction is the negative prompt's. Wants a cfg near 1.

    Args:
        version: "alternative" takes the guidance off the noise direction twice.
    """
    return sampling.SamplerChoice("euler_cfg_pp" if version == "regular" else "euler_cfg_pp_alternative")


@node("SamplerLCMUpscale", category="sampling/custom_sampling/samplers")
def lcm_upscale(
    *,
    scale_ratio: Annotated[float, Range(0.1, 20.0, step=0.01)] = 1.0,
    scale_steps: Annotated[int, Range(-1, 1000, step=1)] = -1,
    upscale_method: Annotated[str, Choice(("bislerp", "nearest-exact", "bilinear", "area", "bicubic"))],
) -> Sampler:
    """LCM steps that enlarge the picture on the way.

    Args:
        scale_ratio: size of the result, as a factor.
        scale_steps: how many of the first steps enlarge it; -1: half of them.
    """
    steps = None if scale_steps < 0 else scale_steps
    options = {
        "total_upscale": scale_ratio,
        "upscale_steps": steps,
        "resize": partial(pixels.resize, method=upscale_method),
    }
    return sampling.SamplerChoice("lcm_upscale", options)
