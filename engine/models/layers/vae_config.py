"""What are the sizes of an autoencoder in the layout of latent diffusion? Read off its shapes, without torch."""

from dataclasses import dataclass

from engine.errors import BadFile
from engine.models.layers.unet_config import NORM_GROUPS, Shapes

MAX_LEVELS = 16
FRAMES_TOGETHER = 14  # a film of Stable Video Diffusion's first version, and what its decoder was trained on
MAX_BLOCKS = 64


@dataclass(frozen=True)
class Level:
    """One resolution: (in, out) channels of each residual block, and whether the resolution changes behind them."""

    blocks: tuple[tuple[int, int], ...]
    resamples: bool


@dataclass(frozen=True)
class VaeConfig:
    """Sizes of an autoencoder.

    Attributes:
        encoder_levels: from the image's resolution down to the latent's.
        decoder_levels: in the same order as stored, `decoder_levels[0]` at the image's resolution; run backwards.
        attention_is_linear: the middle attention's weights are (C, C), not (C, C, 1, 1).
        is_temporal: what is decoded together is a film, and the decoder looks along time, too.
        has_quant_conv, has_post_quant_conv: behind the encoder, and before the decoder; only films' may have none.
    """

    image_channels: int
    latent_channels: int
    encoder_channels: int
    decoder_channels: int
    encoder_levels: tuple[Level, ...]
    decoder_levels: tuple[Level, ...]
    attention_is_linear: bool
    is_temporal: bool = False
    has_quant_conv: bool = True
    has_post_quant_conv: bool = True

    @property
    def frames_together(self) -> int:
        """How many latents must be decoded at once, where there are so many: those of a short film."""
        return FRAMES_TOGETHER if self.is_temporal else 1

    @property
    def downscale(self) -> int:
        """How many pixels of the image one cell of the latent stands for, in each direction."""
        return 2 ** sum(level.resamples for level in self.decoder_levels)

    @property
    def encoder_middle(self) -> int:
        return self.encoder_levels[-1].blocks[-1][1]

    @property
    def widest(self) -> int:
        """Channels of the widest level at the image's own resolution: they take the most memory."""
        return max(max(pair) for pair in self.decoder_levels[0].blocks)


def read_vae_config(shapes: Shapes) -> VaeConfig:
    """Read the sizes of an autoencoder from name (without the part's prefix) -> shape.

    Raises:
        BadFile: the names or shapes are not this layout's.
    """
    is_temporal = "decoder.mid.block_1.mix_factor" in shapes
    config = VaeConfig(
        image_channels=_shape(shapes, "decoder.conv_out.weight")[0],
        latent_channels=(
            _shape(shapes, "decoder.conv_in.weight")[1] if is_temporal else _shape(shapes, "post_quant_conv.weight")[0]
        ),
        encoder_channels=_shape(shapes, "encoder.conv_in.weight")[0],
        decoder_channels=_shape(shapes, "decoder.conv_in.weight")[0],
        encoder_levels=_levels(shapes, "encoder.down", "downsample.conv.weight"),
        decoder_levels=_levels(shapes, "decoder.up", "upsample.conv.weight"),
        attention_is_linear=len(shapes.get("decoder.mid.attn_1.q.weight", ())) == 2,
        is_temporal=is_temporal,
        has_quant_conv="quant_conv.weight" in shapes or not is_temporal,
        has_post_quant_conv="post_quant_conv.weight" in shapes or not is_temporal,
    )
    _check(config)
    return config


def _shape(shapes: Shapes, name: str) -> tuple[int, ...]:
    if len(shapes.get(name, ())) != 4:
        raise BadFile(f"The autoencoder has no convolution {name!r}, which its layout needs. Is the file complete?")
    return shapes[name]


def _levels(shapes: Shapes, prefix: str, resampling: str) -> tuple[Level, ...]:
    levels: list[Level] = []
    while len(levels) < MAX_LEVELS:
        here = f"{prefix}.{len(levels)}"
        blocks: list[tuple[int, int]] = []
        while f"{here}.block.{len(blocks)}.conv1.weight" in shapes and len(blocks) < MAX_BLOCKS:
            wide, narrow = _shape(shapes, f"{here}.block.{len(blocks)}.conv1.weight")[:2]
            blocks.append((narrow, wide))
        if not blocks:
            break
        levels.append(Level(tuple(blocks), f"{here}.{resampling}" in shapes))
    if not levels:
        raise BadFile(f"The autoencoder has no {prefix}.0, which its layout needs. Is the file complete?")
    return tuple(levels)


def _check(config: VaeConfig) -> None:
    channels = config.encoder_channels
    for level in config.encoder_levels:
        channels = _check_level("encoder", level, channels)
    channels = config.decoder_channels
    for level in reversed(config.decoder_levels):
        channels = _check_level("decoder", level, channels)
    if sum(level.resamples for level in config.encoder_levels) != sum(
        level.resamples for level in config.decoder_levels
    ):
        raise BadFile("The autoencoder's encoder and decoder change the resolution differently often.")


def _check_level(part: str, level: Level, channels: int) -> int:
    for narrow, wide in level.blocks:
        if narrow != channels:
            raise BadFile(f"A block of the autoencoder's {part} takes {narrow} channels where {channels} arrive.")
        if narrow % NORM_GROUPS or wide % NORM_GROUPS:
            raise BadFile(
                f"A block of the autoencoder's {part}, {narrow} to {wide} channels, cannot be normalised "
                f"in {NORM_GROUPS} groups, as this layout does."
            )
        channels = wide
    return channels
