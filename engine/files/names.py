"""What does a file name prefix such as "%date:yyyy-MM-dd%/cat %KSampler.seed%" become?"""

import re
from collections.abc import Mapping
from datetime import datetime

LONGEST_VALUE = 100  # characters that one token may become, so that a prompt fits into a file name

_TOKEN = re.compile(r"%([^%\n]+)%")
_DATE_PART = re.compile(r"yyyy|yy|MM|M|dd|d|HH|H|hh|h|mm|m|ss|s")
_NOT_IN_NAMES = re.compile(r'[/\\?<>:*|"\x00-\x1f\x7f]')


def expand_prefix(prefix: str, values: Mapping[str, object], now: datetime) -> str:
    """Replace every `%token%` that has a value; other text between percent signs stays as it is.

    Tokens are those of `values` ("width", "KSampler.seed", ...), %date:FORMAT% with the parts yyyy yy MM M dd d hh h
    mm m ss s (24 hours), and %year% %month% %day% %hour% %minute% %second%. A value never adds a folder: characters
    with a meaning in paths become "_".
    """

    def replace(found: re.Match[str]) -> str:
        value = _value(found[1], values, now)
        return found[0] if value is None else _NOT_IN_NAMES.sub("_", str(value))[:LONGEST_VALUE]

    return _TOKEN.sub(replace, prefix)


def _value(token: str, values: Mapping[str, object], now: datetime) -> object | None:
    if token in values:
        return values[token]
    if token == "date":
        return format_date(now, "yyyyMMddhhmmss")
    if token.startswith("date:"):
        return format_date(now, token.removeprefix("date:"))
    parts = {"year": "yyyy", "month": "MM", "day": "dd", "hour": "hh", "minute": "mm", "second": "ss"}
    return format_date(now, parts[token]) if token in parts else None


def format_date(moment: datetime, pattern: str) -> str:
    """Write a moment by a pattern such as "yyyy-MM-dd hh.mm": doubled letters are padded with zeros."""
    numbers = {
        "M": moment.month,
        "d": moment.day,
        "h": moment.hour,
        "H": moment.hour,
        "m": moment.minute,
        "s": moment.second,
    }

    def part(found: re.Match[str]) -> str:
        text = found[0]
        if text[0] == "y":
            return f"{moment.year:04}"[-len(text) :]
        return f"{numbers[text[0]]:0{len(text)}}"

    return _DATE_PART.sub(part, pattern)
