"""How strongly does a LoRA change each block of a network?

Said as people share it ("LoRA block weight"): a list of numbers, one for each block that LoRAs of that kind change, the
first (BASE) for the text encoder; or by names, as "IN04=0.5, MID=1, OUT=0".
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import EngineError

BASE = "BASE"


def _numbered(kind: str, numbers: range | tuple[int, ...]) -> tuple[str, ...]:
    return tuple(f"{kind}{number:02}" for number in numbers)


# What a list stands for, by its length: those of SD 1.x and 2.x, of SDXL; first the blocks with attention, then all.
_LISTS: Mapping[int, tuple[str, ...]] = {
    len(names): names
    for names in (
        (BASE, *_numbered("IN", (1, 2, 4, 5, 7, 8)), "MID", *_numbered("OUT", range(3, 12))),
        (BASE, *_numbered("IN", range(12)), "MID", *_numbered("OUT", range(12))),
        (BASE, *_numbered("IN", (4, 5, 7, 8)), "MID", *_numbered("OUT", range(6))),
        (BASE, *_numbered("IN", range(9)), "MID", *_numbered("OUT", range(9))),
    )
}
_NAME = re.compile(r"(?P<kind>IN|OUT|MID|M|BASE)(?P<number>\d{1,2})?")
_BEGINNINGS = {"IN": "input_blocks.", "OUT": "output_blocks.", "MID": "middle_block."}


@dataclass(frozen=True)
class BlockWeights:
    """Factors for a LoRA's strength.

    Attributes:
        text: for the text encoder.
        network: by beginning of the network's weight names; the longest that fits counts, others have 1.
    """

    text: float
    network: Mapping[str, float]

    def of(self, weight_name: str) -> float:
        """Give the factor for a weight of the network."""
        fitting = [beginning for beginning in self.network if weight_name.startswith(beginning)]
        return self.network[max(fitting, key=len)] if fitting else 1.0


EVERYWHERE = BlockWeights(1.0, {})


def read_block_weights(text: str) -> BlockWeights:
    """Read a list of 12, 17, 20 or 26 numbers, or names with numbers; nothing at all means 1 everywhere.

    Raises:
        EngineError: it is neither.
    """
    parts = [part for part in re.split(r"[,\s]+", re.sub(r"\s*=\s*", "=", text.strip())) if part]
    if any("=" in part for part in parts):
        named = dict(_pair(part) for part in parts)
    elif not parts:
        named = {}
    elif len(parts) in _LISTS:
        named = {name: _number(part) for name, part in zip(_LISTS[len(parts)], parts, strict=True)}
    else:
        raise EngineError(
            f"block_weights has {len(parts)} numbers; expected {', '.join(map(str, sorted(_LISTS)))} "
            "(12 and 20: SDXL, 17 and 26: SD 1.x), or names such as 'IN04=0.5, MID=1, OUT=0, BASE=1'."
        )
    return BlockWeights(named.pop(BASE, 1.0), {_beginning(name): factor for name, factor in named.items()})


def _pair(part: str) -> tuple[str, float]:
    name, _, number = part.partition("=")
    found = _NAME.fullmatch(name.upper())
    if found is None or not number or (found["number"] and found["kind"] == BASE):
        raise EngineError(f"block_weights: {part[:40]!r} is no block with a number; expected one such as 'IN04=0.5'.")
    kind = "MID" if found["kind"] == "M" else found["kind"]
    numbered = f"{kind}{int(found['number']):02}" if found["number"] and kind in ("IN", "OUT") else kind
    return numbered, _number(number)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise EngineError(f"block_weights: {text[:40]!r} is no number; expected one such as 0.5.")
    return number


def _beginning(name: str) -> str:
    kind = name.rstrip("0123456789")
    number = name[len(kind) :]
    return _BEGINNINGS[kind] + (f"{int(number)}." if number else "")
