"""Nodes that join, cut, search and change text."""

import re
from typing import Annotated, NamedTuple

from engine.graph import Choice, Range, Runs, Text, node

Lines = Annotated[str, Text(multiline=True)]


class Contains(NamedTuple):
    contains: bool


class Length(NamedTuple):
    length: int


class Matches(NamedTuple):
    matches: bool


@node("StringConcatenate", display_name="Concatenate", category="utils/string", runs=Runs.FREELY)
def concatenate(*, string_a: Lines, string_b: Lines, delimiter: str = "") -> str:
    """Join two texts.

    Args:
        delimiter: what stands between them.
    """
    return f"{string_a}{delimiter}{string_b}"


@node("StringSubstring", display_name="Substring", category="utils/string", runs=Runs.FREELY)
def substring(*, string: Lines, start: int, end: int) -> str:
    """Take a part of a text.

    Args:
        start: the first letter, from 0; negative counts from the end.
        end: the first letter that is left out; negative counts from the end.
    """
    return string[start:end]


@node("StringLength", display_name="Length", category="utils/string", runs=Runs.FREELY)
def length(*, string: Lines) -> Length:
    """Count the letters of a text."""
    return Length(len(string))


@node("CaseConverter", display_name="Case Converter", category="utils/string", runs=Runs.FREELY)
def convert_case(
    *, string: Lines, mode: Annotated[str, Choice(("UPPERCASE", "lowercase", "Capitalize", "Title Case"))]
) -> str:
    """Write a text in large or small letters."""
    change = {"UPPERCASE": str.upper, "lowercase": str.lower, "Capitalize": str.capitalize, "Title Case": str.title}
    return change[mode](string)


@node("StringTrim", display_name="Trim", category="utils/string", runs=Runs.FREELY)
def trim(*, string: Lines, mode: Annotated[str, Choice(("Both", "Left", "Right"))]) -> str:
    """Remove blanks and line ends from the ends of a text."""
    return {"Both": str.strip, "Left": str.lstrip, "Right": str.rstrip}[mode](string)


@node("StringReplace", display_name="Replace", category="utils/string", runs=Runs.FREELY)
def replace(*, string: Lines, find: Lines, replace: Lines) -> str:
    """Replace a text, wherever it stands in another, by a third."""
    return string.replace(find, replace)


@node("StringContains", display_name="Contains", category="utils/string", runs=Runs.FREELY)
def contains(*, string: Lines, substring: Lines, case_sensitive: bool = True) -> Contains:
    """Say whether a text stands in another."""
    return Contains(_cased(substring, case_sensitive) in _cased(string, case_sensitive))


@node("StringCompare", display_name="Compare", category="utils/string", runs=Runs.FREELY)
def compare(
    *,
    string_a: Lines,
    string_b: Lines,
    mode: Annotated[str, Choice(("Starts With", "Ends With", "Equal"))],
    case_sensitive: bool = True,
) -> bool:
    """Say whether the first text starts with, ends with, or equals the second."""
    test = {"Starts With": str.startswith, "Ends With": str.endswith, "Equal": str.__eq__}[mode]
    return test(_cased(string_a, case_sensitive), _cased(string_b, case_sensitive))


@node("RegexMatch", display_name="Regex Match", category="utils/string", runs=Runs.FREELY)
def matches_pattern(
    *,
    string: Lines,
    regex_pattern: Lines,
    case_insensitive: bool = True,
    multiline: bool = False,
    dotall: bool = False,
) -> Matches:
    """Say whether a pattern fits somewhere in a text. A pattern that is none fits nowhere.

    Args:
        regex_pattern: a regular expression, as Python writes them.
        multiline: ^ and $ stand for the ends of each line.
        dotall: a dot stands for line ends too.
    """
    try:
        return Matches(bool(re.search(regex_pattern, string, _flags(case_insensitive, multiline, dotall))))
    except re.error:
        return Matches(False)


@node("RegexExtract", display_name="Regex Extract", category="utils/string", runs=Runs.FREELY)
def extract(
    *,
    string: Lines,
    regex_pattern: Lines,
    mode: Annotated[str, Choice(("First Match", "All Matches", "First Group", "All Groups"))],
    case_insensitive: bool = True,
    multiline: bool = False,
    dotall: bool = False,
    group_index: Annotated[int, Range(0, 100)] = 1,
) -> str:
    """Take out of a text what a pattern fits, one find a line; nothing if it fits nowhere or is no pattern.

    Args:
        regex_pattern: a regular expression, as Python writes them.
        multiline: ^ and $ stand for the ends of each line.
        dotall: a dot stands for line ends too.
        group_index: which pair of brackets the modes with groups take; 0 is the whole find.
    """
    try:
        found = list(re.finditer(regex_pattern, string, _flags(case_insensitive, multiline, dotall)))
    except re.error:
        return ""
    group = group_index if "Group" in mode else 0
    texts = [match[group] or "" for match in found if group <= match.re.groups]
    return "\n".join(texts if mode.startswith("All") else texts[:1])


@node("RegexReplace", display_name="Regex Replace", category="utils/string", runs=Runs.FREELY)
def replace_pattern(
    *,
    string: Lines,
    regex_pattern: Lines,
    replace: Lines,
    case_insensitive: bool | None = True,
    multiline: bool | None = False,
    dotall: bool | None = False,
    count: Annotated[int, Range(0, 100)] | None = 0,
) -> str:
    """Replace what a pattern fits in a text.

    Args:
        regex_pattern: a regular expression, as Python writes them.
        replace: the new text; backslash and a number stand for what a pair of brackets found.
        multiline: ^ and $ stand for the ends of each line.
        dotall: a dot stands for line ends too.
        count: how many finds at most; 0 is all.
    """
    flags = _flags(bool(case_insensitive), bool(multiline), bool(dotall))
    try:
        return re.sub(regex_pattern, replace, string, count=count or 0, flags=flags)
    except (re.error, IndexError) as error:
        raise ValueError(f"regex_pattern or replace is no valid pattern: {error}. Mend it at that place.") from error


def _cased(text: str, case_sensitive: bool) -> str:
    return text if case_sensitive else text.lower()


def _flags(case_insensitive: bool, multiline: bool, dotall: bool) -> re.RegexFlag:
    flags = re.RegexFlag(0)
    for flag, is_on in ((re.IGNORECASE, case_insensitive), (re.MULTILINE, multiline), (re.DOTALL, dotall)):
        flags |= flag if is_on else re.RegexFlag(0)
    return flags
