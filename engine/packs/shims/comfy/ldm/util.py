"""`comfy.ldm.util`: small tests of values."""

from typing import Any

from engine.packs.absent import complete


def exists(value: Any) -> bool:
    return value is not None


def default(value: Any, otherwise: Any) -> Any:
    """Give a value, or another if it is None; functions are called for it."""
    if value is not None:
        return value
    return otherwise() if callable(otherwise) else otherwise


complete(__name__)
