"""Where in a file does a CLIP vision encoder lie, and how large is it? Read off its header, without torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isqrt

from engine.errors import BadFile
from engine.models.layers.unet_config import Shapes
from engine.models.text_encoders.clip_config import open_clip_block_places
from engine.models.weight_names import Places, WeightPlace, names_below

IGNORED = ("embeddings.position_ids", "vision_model.embeddings.position_ids")
USUAL_HEAD = (64, "quick_gelu")
# Width -> width of a head and activation, which shapes do not tell: OpenCLIP's ViT-H/14 and ViT-bigG/14.
HEADS: Mapping[int, tuple[int, str]] = {1280: (80, "gelu"), 1664: (104, "gelu")}
# OpenCLIP's and the first CLIP's names -> those of `transformers`.
VISUAL_WEIGHTS = {
    "class_embedding": "embeddings.class_embedding",
    "conv1.weight": "embeddings.patch_embedding.weight",
    "positional_embedding": "embeddings.position_embedding.weight",
    "ln_pre.weight": "pre_layrnorm.weight",
    "ln_pre.bias": "pre_layrnorm.bias",
    "ln_post.weight": "post_layernorm.weight",
    "ln_post.bias": "post_layernorm.bias",
}
BLOCK = "transformer.resblocks."


@dataclass(frozen=True)
class VisionConfig:
    """Sizes of a vision transformer of arXiv:2103.00020, sec. 2.4.

    Attributes:
        image_size: side of the square picture that it reads, in pixels.
        projection: width of what it says of a picture; 0: it does not say it.
    """

    width: int
    hidden_width: int
    layers: int
    patch_size: int
    image_size: int
    projection: int
    head_width: int
    activation: str


@dataclass(frozen=True)
class VisionPart:
    """A vision encoder in a file: its sizes, and where its weights lie (by names without `vision_model.`)."""

    config: VisionConfig
    places: Places


def find_vision(stored: Shapes, prefixes: Iterable[str]) -> VisionPart | None:
    """The vision encoder below the first of these prefixes that has one, in either layout; None if none has.

    Args:
        stored: the file's names -> shapes.

    Raises:
        BadFile: there is one, but weights are missing.
    """
    for prefix in prefixes:
        names = names_below(stored, prefix, IGNORED)
        if "conv1.weight" in names:
            places = dict(_open_clip_places(names))
        elif "vision_model.embeddings.class_embedding" in names:
            own = (name for name in names if name.startswith(("vision_model.", "visual_projection.")))
            places = {name.removeprefix("vision_model."): WeightPlace(names[name]) for name in own}
        else:
            continue
        return VisionPart(_read_config({own: at.shape(stored[at.name]) for own, at in places.items()}), places)
    return None


def _open_clip_places(names: Mapping[str, str]) -> Iterable[tuple[str, WeightPlace]]:
    for theirs, name in names.items():
        if theirs.startswith(BLOCK):
            number, _, inner = theirs.removeprefix(BLOCK).partition(".")
            yield from open_clip_block_places(f"encoder.layers.{number}", inner, name)
        elif theirs == "proj":
            yield "visual_projection.weight", WeightPlace(name, is_transposed=True)
        else:
            yield VISUAL_WEIGHTS.get(theirs, theirs), WeightPlace(name)


def _read_config(shapes: Shapes) -> VisionConfig:
    width, _colours, patch, _ = _shape(shapes, "embeddings.patch_embedding.weight", 4)
    places = _shape(shapes, "embeddings.position_embedding.weight", 2)[0]
    layers = 0
    while f"encoder.layers.{layers}.mlp.fc1.weight" in shapes:
        layers += 1
    head_width, activation = HEADS.get(width, USUAL_HEAD)
    if width % head_width:
        raise BadFile(f"The vision encoder is {width} wide, which heads of {head_width} do not divide.")
    return VisionConfig(
        width=width,
        hidden_width=_shape(shapes, "encoder.layers.0.mlp.fc1.weight", 2)[0],
        layers=layers,
        patch_size=patch,
        image_size=isqrt(places - 1) * patch,
        projection=shapes["visual_projection.weight"][0] if "visual_projection.weight" in shapes else 0,
        head_width=head_width,
        activation=activation,
    )


def _shape(shapes: Shapes, name: str, dimensions: int) -> tuple[int, ...]:
    shape = shapes.get(name, ())
    if len(shape) != dimensions:
        raise BadFile(f"The vision encoder has no weight {name!r}, which its layout needs. Is the file complete?")
    return shape
