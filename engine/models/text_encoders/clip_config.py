"""What are the sizes of a CLIP text encoder? Read off its weights' shapes, without torch."""

from dataclasses import dataclass

from engine.errors import BadFile
from engine.models.layers.unet_config import Shapes

HEAD_WIDTH = 64  # shapes do not tell: the convention of CLIP's text encoders
VOCABULARY_SIZE = 49408


@dataclass(frozen=True)
class ClipConfig:
    """Sizes of a text encoder of arXiv:2103.00020."""

    width: int
    hidden_width: int
    layers: int
    positions: int

    @property
    def heads(self) -> int:
        return self.width // HEAD_WIDTH


def read_clip_config(shapes: Shapes) -> ClipConfig:
    """Read the sizes from name (without `text_model.`) -> shape.

    Raises:
        BadFile: weights are missing, or it reads another vocabulary.
    """
    vocabulary, width = _matrix(shapes, "embeddings.token_embedding.weight")
    if vocabulary != VOCABULARY_SIZE:
        raise BadFile(f"The text encoder knows {vocabulary} tokens; CLIP's vocabulary has {VOCABULARY_SIZE}.")
    if width % HEAD_WIDTH:
        raise BadFile(f"The text encoder is {width} wide, which heads of {HEAD_WIDTH} do not divide.")
    layers = 0
    while f"encoder.layers.{layers}.mlp.fc1.weight" in shapes:
        layers += 1
    return ClipConfig(
        width=width,
        hidden_width=_matrix(shapes, "encoder.layers.0.mlp.fc1.weight")[0],
        layers=layers,
        positions=_matrix(shapes, "embeddings.position_embedding.weight")[0],
    )


def _matrix(shapes: Shapes, name: str) -> tuple[int, int]:
    shape = shapes.get(name, ())
    if len(shape) != 2:
        raise BadFile(f"The text encoder has no matrix {name!r}, which its layout needs. Is the file complete?")
    return shape[0], shape[1]
