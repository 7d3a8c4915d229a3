"""How is JSON from strangers read, and JSON for clients written?"""

import json
from typing import Any

from engine.errors import EngineError

DEEPEST = 200  # levels of lists and objects; real workflows have fewer than 20


_write = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=str).encode


class BadJson(EngineError):
    """A body is not JSON, not the JSON that was asked for, or nested beyond reason."""


def read_json(body: bytes | str) -> Any:
    """Read JSON. NaN and infinities, which JSON does not have but Python clients send, become null, as does 1e999.

    Of a name that stands twice in an object, the last one counts.

    Raises:
        BadJson: saying where the text stops being JSON, or that it is nested too deeply.
    """
    try:
        value = json.loads(body, parse_constant=lambda _: None, parse_float=_finite_float)
    except RecursionError:
        raise _too_deep() from None
    except UnicodeDecodeError as error:
        raise BadJson(f"The body is not UTF-8 text (byte {error.start}). Send JSON in UTF-8.") from None
    except ValueError as error:
        raise BadJson(f"The body is not JSON: {error}.") from None
    _check_depth(value)
    return value


def read_object(body: bytes | str) -> dict[str, Any]:
    """Read a JSON object; an empty body counts as an empty one."""
    if not body.strip():
        return {}
    value = read_json(body)
    if not isinstance(value, dict):
        raise BadJson(f"Expected a JSON object {{...}}, found {kind_of(value)}.")
    return value


def write_json(value: Any) -> str:
    """Write JSON that every parser reads; what JSON cannot hold is written as its text."""
    try:
        return _write(value)
    except ValueError:  # a NaN or an infinity somewhere: browsers would refuse the whole
        return _write(_finite(value))


def kind_of(value: Any) -> str:
    """Name a JSON value's kind as its writer knows it."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _finite_float(text: str) -> float | None:
    number = float(text)
    return number if number - number == 0 else None


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [part for whole in level for part in _parts(whole) if isinstance(part, (dict, list))]
        if not level:
            return
    raise _too_deep()


def _parts(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _too_deep() -> BadJson:
    return BadJson(f"The JSON is nested more than {DEEPEST} levels deep, which is the limit.")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    return value
