"""A seed gives the same noise everywhere, sample by sample where asked; Brownian steps are one path."""

import pytest
import torch

from engine.sampling.noise import BrownianNoise, IndependentNoise, draw_noise

SHAPE = (3, 4, 8, 8)


def test_one_draw_for_the_batch_as_torchs_global_seed_gives_it() -> None:
    torch.manual_seed(2**63 + 5)
    assert torch.equal(draw_noise(SHAPE, 2**63 + 5), torch.randn(SHAPE))
    assert draw_noise(SHAPE, 2**64 - 1).shape == SHAPE


def test_with_indices_each_sample_is_its_own_draw() -> None:
    alone = draw_noise((1, 4, 8, 8), 7, (2,))
    several = draw_noise(SHAPE, 7, (2, 0, 2))
    assert torch.equal(several[0], alone[0])
    assert torch.equal(several[0], several[2])
    torch.manual_seed(7)
    assert torch.equal(several[1:2], torch.randn(1, 4, 8, 8))


@pytest.mark.parametrize("indices", [(0, 1), (0, 1, -1)])
def test_indices_must_fit_the_batch(indices: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="batch_index"):
        draw_noise(SHAPE, 7, indices)


def test_independent_noise_is_fresh_every_time_and_starts_over_with_its_seed() -> None:
    like = torch.zeros(SHAPE, dtype=torch.float64)
    source, again = IndependentNoise(like, 5), IndependentNoise(like, 5)
    first, second = source(2.0, 1.0), source(1.0, 0.5)
    assert not torch.equal(first, second)
    assert torch.equal(first, again(9.0, 3.0))
    assert first.dtype == torch.float64


def test_brownian_noise_is_one_path_however_it_is_cut() -> None:
    like, sigmas = torch.zeros(1, 4, 32, 32), torch.tensor([10.0, 4.0, 1.0, 0.0])
    source = BrownianNoise(like, 5, sigmas)
    whole, upper, lower = source(10.0, 1.0) * 3, source(10.0, 4.0) * 6**0.5, source(4.0, 1.0) * 3**0.5
    assert torch.allclose(whole, upper + lower, atol=1e-4)
    assert float(source(10.0, 4.0).std()) == pytest.approx(1, rel=0.05)
    assert abs(float((upper * lower).mean())) < 0.5
    assert torch.equal(BrownianNoise(like, 5, sigmas)(4.0, 1.0), source(4.0, 1.0)), "order of questions does not matter"
    assert not torch.equal(BrownianNoise(like, 6, sigmas)(4.0, 1.0), source(4.0, 1.0))
    assert torch.equal(source(1.0, 4.0), -source(4.0, 1.0)), "a path has a direction"
