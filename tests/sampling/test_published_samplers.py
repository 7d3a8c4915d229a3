"""What samplers owe to their authors' own code and options, beyond order and distribution."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from engine.sampling.denoiser import GuidedEstimate
from engine.sampling.noise import IndependentNoise
from engine.sampling.sampler_choice import SamplerChoice
from engine.sampling.samplers.lms import EQUAL_STEP_WEIGHTS, _unequal_step_weights
from engine.sampling.samplers.ode import adams_weights, split_noise
from engine.sampling.schedules import make_schedule
from tests.sampling.gaussian import LEVELS, Gaussian, ignore_step, no_noise

SIGMAS = torch.tensor([8.0, 4.0, 1.5, 0.0])


class Apart:
    """A guided denoiser whose two estimates differ, and that counts its calls."""

    def __init__(self) -> None:
        self.calls: list[float] = []

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        return self.estimate(x, sigma).denoised

    def estimate(self, x: Tensor, sigma: Tensor) -> GuidedEstimate:
        self.calls.append(float(sigma[0]))
        return GuidedEstimate(x * 0.5 + 1.0, x * 0.25 - float(sigma[0]))


def run(name: str, sigmas: Tensor = SIGMAS, noise: object = no_noise, **options: object) -> tuple[float, list[float]]:
    """Where a sampler takes x = 8, and the levels at which it asked."""
    denoiser, x = Apart(), torch.full((1, 1, 1, 1), 8.0, dtype=torch.float64)
    end = SamplerChoice(name, options).load()(denoiser, x, sigmas, noise, ignore_step)
    return float(end), denoiser.calls


def both(x: float, sigma: float) -> tuple[float, float]:
    return x * 0.5 + 1.0, x * 0.25 - sigma


def test_euler_cfg_pp_steps_from_the_estimate_along_the_unconditional_noise() -> None:
    x = 8.0
    for sigma, sigma_next in pairwise(SIGMAS.tolist()):
        guided, alone = both(x, sigma)
        x = guided + sigma_next * (x - alone) / sigma
    assert run("euler_cfg_pp")[0] == pytest.approx(x)
    assert run("euler_ancestral_cfg_pp", eta=0.0)[0] == pytest.approx(x)


def test_the_alternative_takes_the_guidance_off_twice() -> None:
    x = 8.0
    for sigma, sigma_next in pairwise(SIGMAS.tolist()):
        guided, alone = both(x, sigma)
        x = x + (x - 2 * guided + alone) / sigma * (sigma_next - sigma)
    assert run("euler_cfg_pp_alternative")[0] == pytest.approx(x)


def test_dpmpp_2s_cfg_pp_mixes_the_guidance_of_start_and_middle() -> None:
    x = 8.0
    for sigma, sigma_next in pairwise(SIGMAS.tolist()[:-1]):
        middle, decay = (sigma * sigma_next) ** 0.5, sigma_next / sigma
        guided, alone = both(x, sigma)
        later, later_alone = both(guided + middle / sigma * (x - alone), middle)
        x = decay * (x + guided - later_alone) + (1 - decay) * later
    assert run("dpmpp_2s_ancestral_cfg_pp", eta=0.0)[0] == pytest.approx(both(x, 1.5)[0])


def test_res_multistep_cfg_pp_follows_the_unconditional_estimates_from_its_second_step_on() -> None:
    first, alone = both(8.0, 8.0)
    x = first + 0.5 * (8.0 - alone)
    guided, alone_2 = both(x, 4.0)
    plain = float(torch.tensor(4.0 / 1.5).log())
    weights = _exponential_weights(plain, -float(torch.tensor(2.0).log()))
    x = 1.5 / 4.0 * (x + guided - alone_2) + weights[0] * alone_2 + weights[1] * alone
    assert run("res_multistep_cfg_pp")[0] == pytest.approx(both(x, 1.5)[0])


def _exponential_weights(h: float, earlier: float) -> tuple[float, float]:
    """Integral over u in 0..h of e^(u - h) times the line through nodes at 0 and at `earlier`, by 200,000 points."""
    u = torch.linspace(0, h, 200_001, dtype=torch.float64)
    kernel = (u - h).exp()
    older = float(torch.trapezoid(kernel * u / earlier, u))
    return float(torch.trapezoid(kernel, u)) - older, older


def test_dpmpp_2m_cfg_pp_corrects_from_the_last_unconditional_estimate() -> None:
    first, alone = both(8.0, 8.0)
    x = first + 0.5 * (8.0 - alone)
    guided, alone_2 = both(x, 4.0)
    decay, ratio = 1.5 / 4.0, float(torch.tensor(2.0).log() / torch.tensor(4.0 / 1.5).log())
    x = guided + decay * (x - alone_2) + (1 - decay) / (2 * ratio) * (guided - alone)
    assert run("dpmpp_2m_cfg_pp")[0] == pytest.approx(both(x, 1.5)[0])


def test_ipndm_v_has_the_authors_weights() -> None:
    for count in (1, 2, 3):
        equal = _unequal_step_weights(-0.5, [-0.5] * (count - 1))
        assert equal == pytest.approx(EQUAL_STEP_WEIGHTS[count - 1])
    third = (1 - 1 / 6) / 2 + (1 - 1 / 4) / 18  # Adams-Bashforth has a minus
    four = [w + third * c for w, c in zip([*EQUAL_STEP_WEIGHTS[2], 0.0], [1, -3, 3, -1], strict=True)]
    assert _unequal_step_weights(-0.5, [-0.5] * 3) == pytest.approx(four)
    assert _unequal_step_weights(1.0, [3.0]) == pytest.approx([1 + 1 / 6, -1 / 6])
    assert [w * 1.0 for w in _unequal_step_weights(1.0, [3.0])] == pytest.approx(adams_weights([0.0, -3.0], 0.0, 1.0))
    second = (1 - 1 / 9 * 3 / 8) / 2
    assert _unequal_step_weights(1.0, [2.0, 2.0]) == pytest.approx([1.25 + second, -0.25 - 2 * second, second])
    assert sum(_unequal_step_weights(-1.0, [-2.0, -2.5, -3.5])) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("name", ["lms", "ipndm", "ipndm_v", "deis", "gradient_estimation", "res_multistep"])
def test_the_step_to_0_takes_the_estimate(name: str) -> None:
    last: list[Tensor] = []

    def keep(index: int, denoised: Tensor, x: Tensor) -> None:
        last.append(denoised)

    x = torch.full((1, 4, 4, 4), 14.0)
    sigmas = make_schedule("normal", LEVELS, 6)
    end = SamplerChoice(name).load()(Gaussian(), x, sigmas, no_noise, keep)
    assert torch.equal(end, last[-1])


def test_sa_solver_evaluates_once_or_twice_a_step() -> None:
    options = {"eta": 0.0}
    assert run("sa_solver", **options)[1] == [8.0, 4.0, 1.5]
    assert run("sa_solver_pece", **options)[1] == [8.0, 4.0, 4.0, 1.5, 1.5]
    assert run("sa_solver_pece", corrector_order=0, **options)[1] == [8.0, 4.0, 1.5]


def test_sa_solvers_last_steps_towards_0_are_of_order_1_and_2() -> None:
    """With the orders that fall by themselves, asking for lower ones there changes nothing."""
    sigmas = torch.tensor([8.0, 3.0, 1.0, 0.0])
    high, low = (run("sa_solver", sigmas, eta=0.0, predictor_order=p, corrector_order=0)[0] for p in (6, 1))
    two = run("sa_solver", sigmas, eta=0.0, predictor_order=2, corrector_order=0)[0]
    assert high == pytest.approx(two)
    assert high == pytest.approx(low), "the second step ends before the last level above 0: order 1"
    longer = torch.tensor([8.0, 5.0, 3.0, 1.0, 0.0])
    assert run("sa_solver", longer, eta=0.0, corrector_order=0)[0] != pytest.approx(
        run("sa_solver", longer, eta=0.0, corrector_order=0, predictor_order=1)[0], rel=1e-4
    )


def test_sa_solvers_simple_weights_are_close_for_short_steps_and_differ_for_long_ones() -> None:
    def differ(steps: int) -> float:
        sigmas = make_schedule("karras", LEVELS, steps)[:-1]
        orders = {"eta": 0.0, "predictor_order": 2, "corrector_order": 2}
        x = Gaussian().start(float(sigmas[0]), (1, 4, 8, 8))
        ends = [
            SamplerChoice("sa_solver", {**orders, "simple_order_2": simple}).load()(
                Gaussian(), x, sigmas, no_noise, ignore_step
            )
            for simple in (True, False)
        ]
        return float((ends[0] - ends[1]).abs().max())

    assert 1e-5 < differ(80) < differ(20) / 8


def test_sa_solvers_noise_is_tau_within_its_range_only() -> None:
    asked: list[float] = []

    def noise(sigma: float, sigma_next: float) -> Tensor:
        asked.append(sigma_next)
        return torch.zeros(1, 1, 1, 1)

    run("sa_solver", torch.tensor([8.0, 6.0, 4.0, 2.0, 1.0, 0.0]), noise, sigma_start=5.0, sigma_end=2.0)
    assert asked == [4.0, 2.0]


@pytest.mark.parametrize("options", [{"solver_type": "ODE"}, {"solver_type": "Reverse-time SDE", "eta": 0.0}])
def test_er_sde_without_noise_solves_the_ode(options: dict[str, object]) -> None:
    data, sigmas = Gaussian(), make_schedule("karras", LEVELS, 80)[:-1]
    first, last = float(sigmas[0]), float(sigmas[-1])
    x = data.start(first)
    end = SamplerChoice("er_sde", options).load()(data, x, sigmas, no_noise, ignore_step)
    assert torch.allclose(end, data.exact(x, first, last), atol=2e-2)


def test_er_sde_of_the_reverse_time_sde_finds_the_data() -> None:
    data, sigmas = Gaussian(), make_schedule("karras", LEVELS, 60)[:-1]
    x = data.start(float(sigmas[0]), (2, 4, 36, 36))
    options = {"solver_type": "Reverse-time SDE", "eta": 1.0}
    end = SamplerChoice("er_sde", options).load()(data, x, sigmas, IndependentNoise(x, 3), ignore_step)
    assert float(end.mean()) == pytest.approx(data.mean, abs=0.03)
    assert float(end.std()) == pytest.approx(data.std, rel=0.06)


def test_lcm_grows_in_its_first_steps() -> None:
    shapes: list[tuple[int, int]] = []

    def resize(x: Tensor, width: int, height: int) -> Tensor:
        return torch.nn.functional.interpolate(x, size=(height, width))

    def keep(index: int, denoised: Tensor, x: Tensor) -> None:
        shapes.append((x.shape[-2], x.shape[-1]))

    def grown(**options: object) -> tuple[int, ...]:
        shapes.clear()
        x, sigmas = torch.ones(1, 4, 8, 16), torch.tensor([8.0, 4.0, 2.0, 1.0, 0.0])
        noise = IndependentNoise(x, 3, after=x.shape)
        sampler = SamplerChoice("lcm_upscale", {"resize": resize, **options}).load()
        return tuple(sampler(Gaussian(), x, sigmas, noise, keep).shape[-2:])

    assert grown(total_upscale=2.0) == (16, 32)
    assert shapes == [(8, 16), (12, 24), (16, 32), (16, 32)], "half of the five levels, rounded down"
    assert grown(total_upscale=3.0, upscale_steps=1) == (24, 48)
    assert shapes == [(8, 16), (24, 48), (24, 48), (24, 48)]
    assert grown(total_upscale=3.0, upscale_steps=0) == (8, 16)


def test_noisy_steps_are_split_as_float32_does() -> None:
    down, up = split_noise(14.0, 0.03)
    assert up == pytest.approx(0.03, rel=1e-5)
    assert 0 <= down < 3e-4, "the exact value is 6.4e-5; float32 leaves few digits of it, or none"
    assert split_noise(4.0, 2.0) == (pytest.approx(1.0), pytest.approx(3.0**0.5))
    with pytest.raises(ValueError, match="step down only"):
        split_noise(1.0, 2.0)


@pytest.mark.parametrize("name", ["dpmpp_2s_ancestral", "dpmpp_2s_ancestral_cfg_pp", "res_multistep_ancestral_cfg_pp"])
def test_a_step_that_leaves_nothing_to_step_down_to_is_eulers(name: str) -> None:
    sigmas = torch.tensor([14.0, 6.0, 0.0005, 0.0])
    assert split_noise(6.0, 0.0005)[0] == 0, "float32 has no digits left"
    x = torch.full((1, 4, 4, 4), 14.0)
    end = SamplerChoice(name).load()(Apart(), x, sigmas, IndependentNoise(x, 1), ignore_step)
    assert bool(end.isfinite().all())
