"""The fast ways through a layer give what the plain ones give."""

import pytest
import torch
import torch.nn.functional as F

from engine.models.layers import attention
from engine.models.layers.unet import embed_timesteps
from engine.models.layers.upsampling import convolve_doubled
from tests.models.oracle import noise


@pytest.mark.parametrize(("length", "source"), [(5, 5), (700, 77), (600, 600)])
def test_attention_by_products_is_attention(length, source):
    """700 rows: more than are done at once."""
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 4, n, 24) for n in (length, source, source))
    expected = F.scaled_dot_product_attention(q, k, v).transpose(1, 2)
    torch.testing.assert_close(attention._attend_by_products(q, k, v), expected, rtol=1e-4, atol=1e-5)
    halves = attention._attend_by_products(*(t.bfloat16() for t in (q, k, v)))
    torch.testing.assert_close(halves.float(), expected, rtol=0.05, atol=0.03)


@pytest.mark.parametrize("by_products", [True, False])
def test_both_ways_to_attend_agree(by_products, monkeypatch):
    monkeypatch.setattr(attention, "_products_beat_fused_attention", lambda: by_products)
    q, k, v = (noise(2, 16, 4, 24, seed=i).transpose(1, 2).bfloat16() for i in range(3))
    expected = F.scaled_dot_product_attention(q.float(), k.float(), v.float()).transpose(1, 2).flatten(2)
    found = attention.attend(q, k, v)
    assert found.shape == (2, 16, 96)
    torch.testing.assert_close(found.float(), expected, rtol=0.05, atol=0.03)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 4)])
def test_doubling_and_convolving_at_once(size, layout):
    x = noise(2, 6, *size).to(memory_format=layout)
    weight, bias = noise(5, 6, 3, 3, seed=1), noise(5, seed=2)
    expected = F.conv2d(F.interpolate(x, scale_factor=2.0), weight, bias, padding=1)
    found = convolve_doubled(x, weight, bias)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert size == (1, 1) or found.is_contiguous(memory_format=layout)  # one pixel has both layouts


def test_timesteps_become_cosines_then_sines():
    found = embed_timesteps(torch.tensor([0, 7]), 4)
    rates = torch.tensor([1.0, 10_000**-0.5])
    torch.testing.assert_close(found[1], torch.cat([(7 * rates).cos(), (7 * rates).sin()]))
    assert found[0].tolist() == [1, 1, 0, 0]
