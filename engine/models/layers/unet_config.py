"""What are the sizes of a U-Net in the layout of latent diffusion? Read off its weights' shapes, without torch."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from engine.errors import BadFile

Shapes = Mapping[str, tuple[int, ...]]
LayerKind = Literal["conv", "res", "down", "up", "transformer"]

HEADS = 8  # shapes do not tell: the convention of networks whose transformers project by convolutions
HEAD_WIDTH = 64  # and of those, since Stable Diffusion 2, that project by matrices
NORM_GROUPS = 32


@dataclass(frozen=True)
class LayerSpec:
    """One layer of a block. What has a default is a transformer's own.

    Attributes:
        attends_to_itself: False where both of its attentions read the prompt.
    """

    kind: LayerKind
    in_channels: int
    out_channels: int
    depth: int = 0
    linear_projection: bool = False
    attends_to_itself: bool = True


Block = tuple[LayerSpec, ...]


@dataclass(frozen=True)
class UNetConfig:
    """Sizes of a U-Net: every block is a row of layers, as stored.

    Attributes:
        time_channels: width of the hidden time embedding.
        context_channels: width of the prompt's embedding; 0 where no block attends to one.
        middle_block: empty in some pruned networks.
        output_blocks: empty in a control network, which has only the first half.
        vector_channels: width of the vector that is added to the time embedding (sizes, pooled prompt, ...); 0: none.
        classes: how many vectors of its own the network adds to the time embedding, by number; 0: none.
        heads: of each attention; 0: as many as heads of `head_width` make.
        is_temporal: the samples of a batch are frames of a film, and its layers look along time, too.
    """

    in_channels: int
    out_channels: int
    model_channels: int
    time_channels: int
    context_channels: int
    input_blocks: tuple[Block, ...]
    middle_block: Block
    output_blocks: tuple[Block, ...]
    vector_channels: int = 0
    classes: int = 0
    heads: int = HEADS
    head_width: int = HEAD_WIDTH
    is_temporal: bool = False

    def heads_of(self, channels: int) -> int:
        """How many heads an attention of this many channels has."""
        return self.heads or channels // self.head_width

    @property
    def skip_channels(self) -> tuple[int, ...]:
        """Channels of what each input block hands to the output blocks."""
        return tuple(block[-1].out_channels for block in self.input_blocks)


def read_unet_config(shapes: Shapes) -> UNetConfig:
    """Read the sizes of a U-Net, or of the half of one that is a control network.

    Args:
        shapes: weight name without the part's prefix -> shape.

    Raises:
        BadFile: the names or shapes are not this layout's.
    """
    inputs = tuple(_blocks(shapes, "input_blocks"))
    outputs = tuple(_blocks(shapes, "output_blocks"))
    first = _shape(shapes, "input_blocks.0.0.weight")
    config = UNetConfig(
        in_channels=first[1],
        out_channels=_shape(shapes, "out.2.weight")[0] if outputs else 0,
        model_channels=first[0],
        time_channels=_shape(shapes, "time_embed.0.weight")[0],
        context_channels=_context_channels(shapes),
        input_blocks=inputs,
        middle_block=_middle_block(shapes),
        output_blocks=outputs,
        vector_channels=_shape(shapes, "label_emb.0.0.weight")[1] if "label_emb.0.0.weight" in shapes else 0,
        classes=_shape(shapes, "label_emb.weight")[0] if "label_emb.weight" in shapes else 0,
        heads=_heads(shapes, (*inputs, *outputs)),
        is_temporal=any(name.endswith(".time_mixer.mix_factor") for name in shapes),
    )
    _check(config)
    return config


def _shape(shapes: Shapes, name: str, dimensions: tuple[int, ...] = (2, 4)) -> tuple[int, ...]:
    if name not in shapes:
        raise BadFile(f"The network has no weight {name!r}, which its layout needs. Is the file complete?")
    if len(shapes[name]) not in dimensions:
        raise BadFile(f"The network's {name!r} has the shape {list(shapes[name])}, which its layout does not allow.")
    return shapes[name]


def _numbers_below(shapes: Shapes, prefix: str) -> list[int]:
    """Which whole numbers follow `prefix.` in the names, from 0 without a gap."""
    start = len(prefix) + 1
    texts = {name[start:].split(".", 1)[0] for name in shapes if name.startswith(prefix + ".")}
    numbers = sorted(int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 5)
    if numbers != list(range(len(numbers))):
        raise BadFile(f"The network's {prefix!r} are numbered {numbers[:20]}: one is missing. Is the file complete?")
    return numbers


def _blocks(shapes: Shapes, prefix: str) -> Iterator[Block]:
    for number in _numbers_below(shapes, prefix):
        yield _block(shapes, f"{prefix}.{number}")


def _block(shapes: Shapes, prefix: str) -> Block:
    layers = tuple(_layer(shapes, f"{prefix}.{number}") for number in _numbers_below(shapes, prefix))
    if not layers:
        raise BadFile(f"The network has no {prefix!r}, which its layout needs. Is the file complete?")
    return layers


def _middle_block(shapes: Shapes) -> Block:
    return _block(shapes, "middle_block") if any(name.startswith("middle_block.") for name in shapes) else ()


def _heads(shapes: Shapes, blocks: Iterable[Block]) -> int:
    """HEADS where transformers project by convolutions, and in the upscaler, which counts classes; else 0."""
    projections = {layer.linear_projection for block in blocks for layer in block if layer.kind == "transformer"}
    return 0 if projections == {True} and "label_emb.weight" not in shapes else HEADS


def _layer(shapes: Shapes, prefix: str) -> LayerSpec:
    if f"{prefix}.in_layers.2.weight" in shapes:
        wide, narrow = _shape(shapes, f"{prefix}.in_layers.2.weight", (4,))[:2]
        return LayerSpec("res", narrow, wide)
    if f"{prefix}.proj_in.weight" in shapes:
        projection = _shape(shapes, f"{prefix}.proj_in.weight")
        depth = len(_numbers_below(shapes, f"{prefix}.transformer_blocks"))
        first_keys = shapes.get(f"{prefix}.transformer_blocks.0.attn1.to_k.weight", (0, projection[1]))
        return LayerSpec(
            "transformer", projection[1], projection[1], depth, len(projection) == 2, first_keys[-1] == projection[1]
        )
    kinds: tuple[tuple[LayerKind, str], ...] = (("down", "op.weight"), ("up", "conv.weight"), ("conv", "weight"))
    for kind, weight in kinds:
        if f"{prefix}.{weight}" in shapes:
            wide, narrow = _shape(shapes, f"{prefix}.{weight}", (4,))[:2]
            return LayerSpec(kind, narrow, wide)
    raise BadFile(f"The network's {prefix!r} is no layer that its layout knows. Is this another kind of model?")


def _context_channels(shapes: Shapes) -> int:
    widths = {shape[1] for name, shape in shapes.items() if name.endswith("attn2.to_k.weight") and len(shape) == 2}
    if len(widths) > 1:
        raise BadFile(f"The network attends to prompts of different widths {sorted(widths)}; one width was expected.")
    return widths.pop() if widths else 0


def _check(config: UNetConfig) -> None:
    """Widths must fit each other and the convention of heads and groups."""
    skips = list(config.skip_channels)
    channels = config.in_channels
    for block in config.input_blocks:
        channels = _check_block(block, channels, config)
    channels = _check_block(config.middle_block, channels, config)
    if config.output_blocks and len(config.output_blocks) != len(skips):
        raise BadFile(f"The network has {len(skips)} input but {len(config.output_blocks)} output blocks.")
    for block in config.output_blocks:
        channels = _check_block(block, channels + skips.pop(), config)


def _check_block(block: Block, channels: int, config: UNetConfig) -> int:
    for layer in block:
        if layer.in_channels != channels:
            raise BadFile(f"A {layer.kind} layer takes {layer.in_channels} channels where {channels} arrive.")
        if layer.kind in ("res", "transformer") and (
            layer.in_channels % NORM_GROUPS or layer.out_channels % NORM_GROUPS
        ):
            raise BadFile(
                f"A {layer.kind} layer of {layer.in_channels} to {layer.out_channels} channels cannot be normalised "
                f"in {NORM_GROUPS} groups, as this layout does."
            )
        if layer.kind == "transformer" and layer.in_channels % (config.heads or config.head_width):
            heads = f"{config.heads} heads" if config.heads else f"heads of {config.head_width}"
            raise BadFile(f"{layer.in_channels} channels cannot be shared among {heads}, as this layout does.")
        channels = layer.out_channels
    return channels
