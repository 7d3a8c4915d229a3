"""Conditioning nodes: what they do to embeddings, and what they write beside them."""

import pytest
import torch

from engine.sampling import Area, Conditioning, ConditioningItem
from nodes import conditioning as nodes


def prompt(value=1.0, tokens=77, width=8, pooled=True, items=1, **more):
    embedding = torch.full((1, tokens, width), value)
    vector = torch.full((1, width), value) if pooled else None
    return Conditioning(tuple(ConditioningItem(embedding, vector, **more) for _ in range(items)))


def test_combine_keeps_both():
    one, other = prompt(1.0), prompt(2.0)
    joined = nodes.combine(conditioning_1=one, conditioning_2=other)
    assert joined.items == (one[0], other[0])


@pytest.mark.parametrize(("share", "expected"), [(1.0, 1.0), (0.0, 3.0), (0.25, 2.5)])
def test_average_blends_embedding_and_pooled(share, expected):
    blended = nodes.average(conditioning_to=prompt(1.0), conditioning_from=prompt(3.0), conditioning_to_strength=share)
    assert torch.equal(blended[0].embedding, torch.full((1, 77, 8), expected))
    assert torch.equal(blended[0].pooled, torch.full((1, 8), expected))


@pytest.mark.parametrize("tokens", [77, 154])
def test_average_keeps_the_length_of_the_first_prompt(tokens):
    blended = nodes.average(
        conditioning_to=prompt(1.0, tokens), conditioning_from=prompt(3.0, 231 - tokens), conditioning_to_strength=0.5
    )
    assert blended[0].embedding.shape == (1, tokens, 8)
    assert torch.equal(blended[0].embedding[:, :77], torch.full((1, 77, 8), 2.0))
    assert torch.equal(blended[0].embedding[:, 77:], torch.full((1, tokens - 77, 8), 0.5))  # nothing to blend with


def test_average_takes_the_pooled_vector_that_is_there():
    without, with_one = prompt(1.0, pooled=False), prompt(3.0)
    blended = nodes.average(conditioning_to=without, conditioning_from=with_one, conditioning_to_strength=0.5)
    assert torch.equal(blended[0].pooled, with_one[0].pooled)
    blended = nodes.average(conditioning_to=with_one, conditioning_from=without, conditioning_to_strength=0.5)
    assert torch.equal(blended[0].pooled, with_one[0].pooled)


def test_average_and_concat_change_every_item_and_read_the_first_of_the_other():
    to, other = prompt(1.0, items=2, strength=0.5), prompt(3.0) + prompt(9.0)
    blended = nodes.average(conditioning_to=to, conditioning_from=other, conditioning_to_strength=0.5)
    longer = nodes.concatenate(conditioning_to=to, conditioning_from=other)
    for index in range(2):
        assert blended[index].embedding.unique().tolist() == [2.0]
        assert longer[index].embedding[:, :77].unique().tolist() == [1.0]
        assert longer[index].embedding[:, 77:].unique().tolist() == [3.0]
        assert longer[index].embedding.shape == (1, 154, 8)
        assert longer[index].strength == blended[index].strength == 0.5


def test_a_conditioning_without_prompts_is_named():
    with pytest.raises(ValueError, match="conditioning_from holds no prompt"):
        nodes.concatenate(conditioning_to=prompt(), conditioning_from=Conditioning())


def test_area_is_in_cells():
    changed = nodes.set_area(
        conditioning=prompt(set_area_to_bounds=True), width=64, height=96, x=32, y=48, strength=0.8
    )
    assert changed[0].area == Area(height=12, width=8, y=6, x=4)
    assert changed[0].strength == 0.8
    assert changed[0].set_area_to_bounds is False


@pytest.mark.parametrize("shape", [(16, 24), (2, 16, 24)])
def test_mask(shape):
    mask = torch.rand(shape)
    changed = nodes.set_mask(conditioning=prompt(), mask=mask, strength=0.7, set_cond_area="mask bounds")
    assert changed[0].mask.shape == (shape if len(shape) == 3 else (1, *shape))
    assert torch.equal(changed[0].mask.reshape(shape), mask)
    assert (changed[0].mask_strength, changed[0].strength, changed[0].set_area_to_bounds) == (0.7, 1.0, True)
    assert not nodes.set_mask(conditioning=prompt(), mask=mask, set_cond_area="default")[0].set_area_to_bounds


def test_timestep_range():
    changed = nodes.set_timestep_range(conditioning=prompt(), start=0.2, end=0.7)
    assert (changed[0].start_percent, changed[0].end_percent) == (0.2, 0.7)


def test_zero_out():
    given = prompt(2.0) + prompt(3.0, pooled=False)
    zeroed = nodes.zero_out(conditioning=given)
    assert zeroed[0].embedding.shape == (1, 77, 8)
    assert not zeroed[0].embedding.any()
    assert not zeroed[0].pooled.any()
    assert zeroed[1].pooled is None
    assert given[0].embedding.all(), "the input was changed"


def test_relative_area_and_strength():
    changed = nodes.set_relative_area(conditioning=prompt(), width=0.5, height=0.25, x=0.1, y=0.2, strength=0.8)
    assert changed[0].area == Area(height=0.25, width=0.5, y=0.2, x=0.1, relative=True)
    assert changed[0].strength == 0.8
    stronger = nodes.set_area_strength(conditioning=changed, strength=2.0)
    assert (stronger[0].strength, stronger[0].area) == (2.0, changed[0].area)
