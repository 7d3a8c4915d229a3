"""What are the sizes of a U-Net in the layout of latent diffusion? Read off its weights' shapes, without torch."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from engine.errors import BadFile

Shapes = Mapping[str, tuple[int, ...]]
LayerKind = Literal["conv", "res", "down", "up", "transformer"]

HEADS = 8  # shapes do not tell: the layout's convention
NORM_GROUPS = 32


@dataclass(frozen=True)
class LayerSpec:
    """One layer of a block. `depth` and `linear_projection` are a transformer's own."""

    kind: LayerKind
    in_channels: int
    out_channels: int
    depth: int = 0
    linear_projection: bool = False


Block = tuple[LayerSpec, ...]


@dataclass(frozen=True)
class UNetConfig:
    """Sizes of a U-Net: every block is a row of layers, as stored.

    Attributes:
        time_channels: width of the hidden time embedding.
        context_channels: width of the prompt's embedding; 0 where no block attends to one.
        output_blocks: empty in a control network, which has only the first half.
    """

    in_channels: int
    out_channels: int
    model_channels: int
    time_channels: int
    context_channels: int
    input_blocks: tuple[Block, ...]
    middle_block: Block
    output_blocks: tuple[Block, ...]
    heads: int = HEADS

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
        middle_block=_block(shapes, "middle_block"),
        output_blocks=outputs,
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


def _layer(shapes: Shapes, prefix: str) -> LayerSpec:
    if f"{prefix}.in_layers.2.weight" in shapes:
        wide, narrow = _shape(shapes, f"{prefix}.in_layers.2.weight", (4,))[:2]
        return LayerSpec("res", narrow, wide)
    if f"{prefix}.proj_in.weight" in shapes:
        projection = _shape(shapes, f"{prefix}.proj_in.weight")
        depth = len(_numbers_below(shapes, f"{prefix}.transformer_blocks"))
        return LayerSpec("transformer", projection[1], projection[1], depth, len(projection) == 2)
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
        channels = _check_block(block, channels, config.heads)
    channels = _check_block(config.middle_block, channels, config.heads)
    if config.output_blocks and len(config.output_blocks) != len(skips):
        raise BadFile(f"The network has {len(skips)} input but {len(config.output_blocks)} output blocks.")
    for block in config.output_blocks:
        channels = _check_block(block, channels + skips.pop(), config.heads)


def _check_block(block: Block, channels: int, heads: int) -> int:
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
        if layer.kind == "transformer" and layer.in_channels % heads:
            raise BadFile(f"{layer.in_channels} channels cannot be shared among {heads} heads, as this layout does.")
        channels = layer.out_channels
    return channels
