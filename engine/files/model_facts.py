"""What does a model file say of itself? Read off its header's metadata, whoever wrote it.

Known are the names of Stability AI's model metadata specification (`modelspec.*`,
https://github.com/Stability-AI/ModelSpec) and those of kohya's trainers (`ss_*`).
"""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.files.safetensors_header import CheckpointHeader

LONGEST_TEXT = 2000  # characters of a value that are told
LONGEST_JSON = 8 * 2**20  # characters of a value that are read as JSON
MOST_TAGS = 100
MOST_VALUES = 200
NOT_TOLD = frozenset({"modelspec.thumbnail"})  # a picture, shown as such


@dataclass(frozen=True)
class ModelFacts:
    """What a model says of itself; texts are empty where it says nothing.

    Attributes:
        base: which model it was made from or for.
        resolution: of the pictures it was trained on, such as "1024 x 1024".
        triggers: what prompts are to say.
        tags: words of the captions that it was trained on -> how often, most frequent first.
        rank: of a LoRA, with its alpha, such as "16, alpha 8".
        types: number type as the format names it -> share of the file's bytes, from 0 to 1.
        numbers: how many numbers all weights hold.
        metadata: all of it, long values cut.
    """

    title: str = ""
    author: str = ""
    description: str = ""
    license: str = ""
    usage: str = ""
    architecture: str = ""
    base: str = ""
    resolution: str = ""
    triggers: str = ""
    rank: str = ""
    tags: tuple[tuple[str, int], ...] = ()
    types: Mapping[str, float] = field(default_factory=dict)
    numbers: int = 0
    metadata: Mapping[str, str] = field(default_factory=dict)


def facts_of(header: CheckpointHeader) -> ModelFacts:
    """Read the facts off a header. Values of a wrong form count as missing."""
    told = header.metadata

    def first(*names: str) -> str:
        return next((_cut(told[name].strip()) for name in names if told.get(name, "").strip() not in ("", "None")), "")

    rank, alpha = first("ss_network_dim"), first("ss_network_alpha")
    return ModelFacts(
        title=first("modelspec.title", "ss_output_name"),
        author=first("modelspec.author"),
        description=first("modelspec.description", "ss_training_comment"),
        license=first("modelspec.license"),
        usage=first("modelspec.usage_hint"),
        architecture=first("modelspec.architecture"),
        base=first("ss_sd_model_name", "ss_base_model_version", "modelspec.merged_from"),
        resolution=_resolution(first("modelspec.resolution", "ss_resolution")),
        triggers=first("modelspec.trigger_phrase", "modelspec.trigger_word"),
        rank=f"{rank}, alpha {alpha}" if rank and alpha else rank,
        tags=_tags(told),
        types=_shares(header),
        numbers=sum(math.prod(info.shape) for info in header.tensors.values()),
        metadata={_cut(name): _cut(told[name]) for name in sorted(told)[:MOST_VALUES] if name not in NOT_TOLD},
    )


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}… ({len(text)} characters)"


def _resolution(text: str) -> str:
    """Read "1024x1024", "(512, 768)" or "512"."""
    sides = re.findall(r"\d{1,6}", text[:40])
    return " × ".join((sides * 2)[:2]) if sides else ""


def _tags(told: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    """Add up `ss_tag_frequency`: {"folder": {"tag": count}}; without it, `modelspec.tags` lists tags that count 0."""
    counts: Counter[str] = Counter()
    for folder in _object(told.get("ss_tag_frequency", "")).values():
        for tag, count in folder.items() if isinstance(folder, dict) else ():
            if type(count) is int and 0 < count < 2**53 and tag.strip():
                counts[tag.strip()[:200]] += count
    if counts:
        return tuple(sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:MOST_TAGS])
    listed = [tag.strip()[:200] for tag in told.get("modelspec.tags", "")[:LONGEST_JSON].split(",")]
    return tuple((tag, 0) for tag in listed if tag)[:MOST_TAGS]


def _object(text: str) -> dict[str, object]:
    if not text or len(text) > LONGEST_JSON:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _shares(header: CheckpointHeader) -> dict[str, float]:
    counts: Counter[str] = Counter()
    for info in header.tensors.values():
        counts[info.dtype] += info.nbytes
    total = sum(counts.values()) or 1
    return {dtype: round(size / total, 4) for dtype, size in counts.most_common()}
