"""Samplers and schedules make what they made when their pictures were compared with the reference."""

import json

import pytest

from engine.sampling import catalog
from tests.golden.sampler_numbers import FILE, numbers

KNOWN = json.loads(FILE.read_text())


@pytest.mark.parametrize("sampler", catalog.SAMPLERS)
def test_numbers_have_not_moved(sampler: str) -> None:
    for schedule in catalog.SCHEDULES:
        assert numbers(sampler, schedule) == pytest.approx(KNOWN[f"{sampler} {schedule}"], rel=1e-3, abs=1e-3), schedule


def test_no_number_is_of_a_sampler_that_is_gone() -> None:
    assert set(KNOWN) == {f"{sampler} {schedule}" for sampler in catalog.SAMPLERS for schedule in catalog.SCHEDULES}
