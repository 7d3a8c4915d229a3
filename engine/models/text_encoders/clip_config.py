"""What are the sizes of a CLIP text encoder, and how does a family use it? Read off its header, without torch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from engine.errors import BadFile
from engine.models.layers.unet_config import Shapes
from engine.models.weight_names import Places, WeightPlace, names_below

HEAD_WIDTH = 64  # shapes do not tell: the convention of CLIP's text encoders
VOCABULARY_SIZE = 49408
START_TOKEN, END_TOKEN = 49406, 49407
LAST_LAYER = -1
IGNORED = ("text_model.embeddings.position_ids", "embeddings.position_ids", "logit_scale", "attn_mask")


@dataclass(frozen=True)
class ClipConfig:
    """Sizes of a text encoder of arXiv:2103.00020.

    Attributes:
        projection: width of the projected pooled output; 0: it is not projected.
        activation: of the hidden layers; shapes do not tell.
    """

    width: int
    hidden_width: int
    layers: int
    positions: int
    projection: int = 0
    activation: str = "quick_gelu"

    @property
    def heads(self) -> int:
        return self.width // HEAD_WIDTH


@dataclass(frozen=True)
class ClipUse:
    """How a family uses one of its text encoders.

    Attributes:
        name: the ecosystem's: "clip_l", "clip_h" or "clip_g"; also what embedding files call its vectors.
        stop_at_layer: the hidden layer whose output it is: -1 the last, -2 the one before it, ...
        norms_hidden: whether an earlier layer's output goes through the final norm too.
        pads_with: the token that fills a chunk up.
        projects: whether the pooled output is projected, where the file tells how.
        usual_layers: of the full encoder, of which some files lack the last one, whose output nobody reads; 0: any.
        lora_names: what LoRA files put before its layers' names, besides "text_encoder."-like ones.
    """

    name: str
    stop_at_layer: int = LAST_LAYER
    norms_hidden: bool = True
    pads_with: int = END_TOKEN
    projects: bool = False
    activation: str = "quick_gelu"
    usual_layers: int = 0
    lora_names: tuple[str, ...] = ("lora_te_text_model", "lora_te1_text_model")
    layer_names: tuple[str, ...] = ("text_encoder.text_model.", "text_encoder.", "clip_l.transformer.text_model.")


@dataclass(frozen=True)
class ClipPart:
    """One text encoder in a file: its use, its sizes, where its weights lie, and whether as OpenCLIP saves them."""

    use: ClipUse
    config: ClipConfig
    places: Places
    is_open_clip: bool = False


def find_clip(use: ClipUse, stored: Shapes, prefix: str) -> ClipPart | None:
    """The text encoder whose weights' names begin with `prefix`, in either layout; None if there is none.

    Args:
        stored: the file's names -> shapes.

    Raises:
        BadFile: there is one, but weights are missing, or it reads another vocabulary.
    """
    names = names_below(stored, prefix, IGNORED)
    is_open_clip = "token_embedding.weight" in names
    places = open_clip_places(names) if is_open_clip else _transformers_places(names)
    if "embeddings.token_embedding.weight" not in places:
        return None
    if not use.projects:
        places = {own: place for own, place in places.items() if own != "text_projection.weight"}
    shapes = {own: place.shape(stored[place.name]) for own, place in places.items()}
    config = read_clip_config(shapes, use.activation)
    if config.layers == use.usual_layers - 1:
        use = replace(use, stop_at_layer=use.stop_at_layer + 1)
    return ClipPart(use, config, places, is_open_clip)


def _transformers_places(names: Mapping[str, str]) -> dict[str, WeightPlace]:
    """Weights are named with and without `text_model.`, depending on which version saved them; pictures' left out."""
    own_names = (own for own in names if not own.startswith(("vision_model.", "visual_projection.")))
    return {own.removeprefix("text_model."): WeightPlace(names[own]) for own in own_names}


# OpenCLIP's names in a block of the transformer -> those of `transformers`; its matrices of q, k and v are one.
OPEN_CLIP_LAYERS = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "attn.out_proj": "self_attn.out_proj",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}
OPEN_CLIP_WEIGHTS = {
    "token_embedding.weight": "embeddings.token_embedding.weight",
    "positional_embedding": "embeddings.position_embedding.weight",
    "ln_final.weight": "final_layer_norm.weight",
    "ln_final.bias": "final_layer_norm.bias",
}
BLOCK = "transformer.resblocks."


def open_clip_places(names: Mapping[str, str]) -> dict[str, WeightPlace]:
    """Names in OpenCLIP's layout -> the file's, turned into: names as in `transformers` -> places in the file."""
    places: dict[str, WeightPlace] = {}
    for theirs, name in names.items():
        if theirs.startswith(BLOCK):
            number, _, inner = theirs.removeprefix(BLOCK).partition(".")
            places.update(open_clip_block_places(f"encoder.layers.{number}", inner, name))
        elif theirs == "text_projection":
            places["text_projection.weight"] = WeightPlace(name, is_transposed=True)
        elif theirs == "text_projection.weight":
            places[theirs] = WeightPlace(name)
        elif not theirs.startswith("visual."):
            places[OPEN_CLIP_WEIGHTS.get(theirs, theirs)] = WeightPlace(name)
    return places


def open_clip_block_places(layer: str, inner: str, name: str) -> Iterable[tuple[str, WeightPlace]]:
    """One weight of a block in OpenCLIP's layout, as what it holds of `layer`."""
    if inner.startswith("attn.in_proj_"):
        kind = inner.removeprefix("attn.in_proj_")
        for part, letter in enumerate("qkv"):
            yield f"{layer}.self_attn.{letter}_proj.{kind}", WeightPlace(name, part, 3)
        return
    module, _, kind = inner.rpartition(".")
    yield f"{layer}.{OPEN_CLIP_LAYERS.get(module, module)}.{kind}", WeightPlace(name)


def read_clip_config(shapes: Shapes, activation: str = "quick_gelu") -> ClipConfig:
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
        projection=_matrix(shapes, "text_projection.weight")[0] if "text_projection.weight" in shapes else 0,
        activation=activation,
    )


def _matrix(shapes: Shapes, name: str) -> tuple[int, int]:
    shape = shapes.get(name, ())
    if len(shape) != 2:
        raise BadFile(f"The text encoder has no matrix {name!r}, which its layout needs. Is the file complete?")
    return shape[0], shape[1]
