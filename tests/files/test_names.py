"""Tokens in a file name prefix become what they stand for, and never a folder."""

from datetime import datetime

import pytest

from engine.files.names import LONGEST_VALUE, expand_prefix, format_date

NOW = datetime(2031, 4, 5, 6, 7, 8)
VALUES = {"width": 512, "height": 768, "KSampler.seed": 42, "My prompt.text": "a/b\\c:d..*?", "long.text": "x" * 500}


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("plain", "plain"),
        ("%date:yyyy-MM-dd%", "2031-04-05"),
        ("%date:yy.M.d h-m-s%", "31.4.5 6-7-8"),
        ("%date:hh_mm_ss%", "06_07_08"),
        ("%date:HH_mm%", "06_07"),
        ("%date%", "20310405060708"),
        ("%year%/%month%/%day%/%hour%%minute%%second%", "2031/04/05/060708"),
        ("%width%x%height%", "512x768"),
        ("cat %KSampler.seed%", "cat 42"),
        ("%KSampler.steps%", "%KSampler.steps%"),
        ("100%", "100%"),
        ("50% of %width%", "50% of %width%"),
        ("%My prompt.text%", "a_b_c_d..__"),
        ("%date:yyyy/MM%", "2031_04"),
    ],
)
def test_tokens(prefix, expected):
    assert expand_prefix(prefix, VALUES, NOW) == expected


def test_a_long_value_is_cut_so_that_the_name_stays_possible():
    assert expand_prefix("%long.text%", VALUES, NOW) == "x" * LONGEST_VALUE


def test_a_date_pattern_keeps_other_letters():
    assert format_date(NOW, "yyyy'W'") == "2031'W'"
