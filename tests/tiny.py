"""Small real models in the layouts of real files: the same code loads them as loads the big ones.

Every tensor is drawn from a seed made of its name, so that a file is the same on every machine and whatever else
is in it. The outputs mean nothing; they depend on every weight, which is what tests need.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.models.building import text_aliases
from engine.models.detect import FAMILIES
from engine.models.layers.autoencoder import Autoencoder
from engine.models.layers.unet import UNet
from engine.models.layers.unet_config import HEADS, Block, LayerSpec, UNetConfig
from engine.models.layers.unet_names import network_weight_names
from engine.models.layers.vae_config import Level, VaeConfig
from engine.models.text_encoders.clip import build_clip
from engine.models.text_encoders.clip_config import ClipConfig, ClipUse, find_clip
from engine.models.vision.vision_config import VisionConfig


@dataclass(frozen=True)
class Sizes:
    """Sizes of a small checkpoint. Widths are multiples of 32 (norm groups), of 64 with linear projections (heads).

    Attributes:
        context: width of the prompts: of all text encoders together.
        text_layout: where the text encoders lie: a key of TEXT_LAYOUTS.
        text_widths: of each text encoder; none: `context`.
        in_channels, vector_channels, classes, self_attention: see UNetConfig.
        widths: the network's channels per resolution; half the resolution from one to the next.
        depths: transformer blocks per resolution; 0: no attention there.
        vae_widths: four of them make the usual 8 pixels per cell.
    """

    widths: tuple[int, ...] = (32, 64)
    depths: tuple[int, ...] = (0, 1)
    middle_depth: int = 1
    res_blocks: int = 1
    context: int = 64
    linear_projection: bool = False
    text_layers: int = 2
    vae_widths: tuple[int, ...] = (32, 32, 32, 64)
    vae_blocks: int = 1
    vae_attention_is_linear: bool = False
    in_channels: int = 4
    vector_channels: int = 0
    classes: int = 0
    self_attention: bool = True
    text_layout: str = "sd1"
    text_widths: tuple[int, ...] = ()


# Where text encoders lie in a file, and whether as OpenCLIP saves them.
TEXT_LAYOUTS: Mapping[str, tuple[tuple[str, bool], ...]] = {
    "sd1": (("cond_stage_model.transformer.text_model.", False),),
    "sd2": (("cond_stage_model.model.", True),),
    "sdxl": (("conditioner.embedders.0.transformer.text_model.", False), ("conditioner.embedders.1.model.", True)),
    "refiner": (("conditioner.embedders.0.model.", True),),
}
TINY = Sizes()
NUMBERS = 256  # channels of each number in SDXL's vector
SDXL = Sizes(
    widths=(64, 128),
    depths=(0, 2),
    middle_depth=2,
    context=192,
    linear_projection=True,
    vector_channels=128 + 6 * NUMBERS,
    text_layout="sdxl",
    text_widths=(64, 128),
)
REFINER = Sizes(
    widths=(64, 128),
    depths=(0, 2),
    middle_depth=2,
    context=128,
    linear_projection=True,
    vector_channels=128 + 5 * NUMBERS,
    text_layout="refiner",
)
SD2 = Sizes(widths=(64, 128), depths=(1, 1), context=128, linear_projection=True, text_layout="sd2")
UNCLIP = replace(SD2, vector_channels=2 * 64)
UPSCALER = replace(
    SD2, depths=(0, 1), in_channels=7, classes=1000, self_attention=False, context=64, vae_widths=(32, 32, 64)
)
VISION_PREFIX = "embedder.model.visual."  # in unCLIP checkpoints
VISION = VisionConfig(
    width=128, hidden_width=256, layers=3, patch_size=8, image_size=32, projection=64, head_width=64,
    activation="quick_gelu",
)  # fmt: skip


def network_config(sizes: Sizes = TINY) -> UNetConfig:
    """The U-Net of these sizes, block by block, as the original code lays it out."""
    inputs: list[Block] = [(LayerSpec("conv", sizes.in_channels, sizes.widths[0]),)]
    channels, skips = sizes.widths[0], [sizes.widths[0]]
    for level, (width, depth) in enumerate(zip(sizes.widths, sizes.depths, strict=True)):
        for _ in range(sizes.res_blocks):
            inputs.append((LayerSpec("res", channels, width), *_attention(width, depth, sizes)))
            channels = width
            skips.append(channels)
        if level < len(sizes.widths) - 1:
            inputs.append((LayerSpec("down", channels, channels),))
            skips.append(channels)
    middle = (
        LayerSpec("res", channels, channels),
        *_attention(channels, sizes.middle_depth, replace(sizes, self_attention=True)),
        LayerSpec("res", channels, channels),
    )
    outputs: list[Block] = []
    for level in reversed(range(len(sizes.widths))):
        width, depth = sizes.widths[level], sizes.depths[level]
        for number in range(sizes.res_blocks + 1):
            block = [LayerSpec("res", channels + skips.pop(), width), *_attention(width, depth, sizes)]
            channels = width
            if level and number == sizes.res_blocks:
                block.append(LayerSpec("up", channels, channels))
            outputs.append(tuple(block))
    has_context = any(sizes.depths) or sizes.middle_depth
    return UNetConfig(
        in_channels=sizes.in_channels,
        out_channels=4,
        model_channels=sizes.widths[0],
        time_channels=4 * sizes.widths[0],
        context_channels=sizes.context if has_context else 0,
        input_blocks=tuple(inputs),
        middle_block=middle,
        output_blocks=tuple(outputs),
        vector_channels=sizes.vector_channels,
        classes=sizes.classes,
        heads=0 if sizes.linear_projection and has_context and not sizes.classes else HEADS,
    )


def _attention(width: int, depth: int, sizes: Sizes) -> Block:
    itself = sizes.self_attention or width == sizes.context
    return (LayerSpec("transformer", width, width, depth, sizes.linear_projection, itself),) if depth else ()


def vae_config(sizes: Sizes = TINY) -> VaeConfig:
    """The autoencoder of these sizes."""
    widths, last = sizes.vae_widths, len(sizes.vae_widths) - 1
    encoder, channels = [], widths[0]
    for number, width in enumerate(widths):
        pairs = [(channels, width), *((width, width) for _ in range(sizes.vae_blocks - 1))]
        encoder.append(Level(tuple(pairs), number < last))
        channels = width
    decoder = []
    for number, width in reversed(list(enumerate(widths))):
        pairs = [(channels, width), *((width, width) for _ in range(sizes.vae_blocks))]
        decoder.insert(0, Level(tuple(pairs), number > 0))
        channels = width
    return VaeConfig(3, 4, widths[0], widths[-1], tuple(encoder), tuple(decoder), sizes.vae_attention_is_linear)


def text_configs(sizes: Sizes = TINY) -> tuple[ClipConfig, ...]:
    """The text encoders of these sizes, in their order in a file."""
    layouts = TEXT_LAYOUTS[sizes.text_layout]
    widths = sizes.text_widths or (sizes.context,)
    return tuple(
        ClipConfig(
            width=width,
            hidden_width=2 * width,
            layers=sizes.text_layers,
            positions=77,
            projection=width if is_open else 0,
            activation="gelu" if is_open else "quick_gelu",
        )
        for width, (_, is_open) in zip(widths, layouts, strict=True)
    )


def text_shapes(sizes: Sizes = TINY) -> dict[str, Sequence[int]]:
    """Names and shapes of a checkpoint's text encoders."""
    shapes: dict[str, Sequence[int]] = {}
    for config, (prefix, is_open) in zip(text_configs(sizes), TEXT_LAYOUTS[sizes.text_layout], strict=True):
        if is_open:
            shapes |= open_clip_shapes(config, prefix)
        else:
            shapes |= shapes_of(build_clip(config, torch.device("cpu")), prefix)
    return shapes


def open_clip_shapes(config: ClipConfig, prefix: str) -> dict[str, Sequence[int]]:
    """Names and shapes of a text encoder as OpenCLIP saves it."""
    width, hidden = config.width, config.hidden_width
    shapes: dict[str, Sequence[int]] = {
        "token_embedding.weight": (49408, width),
        "positional_embedding": (config.positions, width),
        "ln_final.weight": (width,),
        "ln_final.bias": (width,),
        "text_projection": (width, config.projection),
        "logit_scale": (),
    }
    named = {prefix + name: shape for name, shape in shapes.items()}
    return named | _open_clip_blocks(width, hidden, config.layers, prefix)


def _open_clip_blocks(width: int, hidden: int, layers: int, prefix: str) -> dict[str, Sequence[int]]:
    shapes: dict[str, Sequence[int]] = {}
    for number in range(layers):
        layer = f"{prefix}transformer.resblocks.{number}."
        for norm in ("ln_1", "ln_2"):
            shapes |= {f"{layer}{norm}.weight": (width,), f"{layer}{norm}.bias": (width,)}
        shapes |= {f"{layer}attn.in_proj_weight": (3 * width, width), f"{layer}attn.in_proj_bias": (3 * width,)}
        linears = {"attn.out_proj": (width, width), "mlp.c_fc": (hidden, width), "mlp.c_proj": (width, hidden)}
        for name, shape in linears.items():
            shapes |= {f"{layer}{name}.weight": shape, f"{layer}{name}.bias": shape[:1]}
    return shapes


def random_weights(
    shapes: Mapping[str, Sequence[int]], seed: int, dtype: torch.dtype = torch.float16
) -> dict[str, Tensor]:
    """Weights at which signals neither grow nor fade: norms near 1, matrices of unit gain, small biases."""
    return {name: _random_weight(name, tuple(shape), seed).to(dtype) for name, shape in shapes.items()}


def _random_weight(name: str, shape: tuple[int, ...], seed: int) -> Tensor:
    generator = torch.Generator().manual_seed((zlib.crc32(name.encode()) + seed) % 2**32)
    noise = torch.randn(shape, generator=generator)
    if len(shape) == 1:
        is_scale = name.endswith("weight")  # only norms have weights of one dimension
        return 1.0 + 0.1 * noise if is_scale else 0.05 * noise
    if "embedding" in name:
        return 0.5 * noise
    return noise / math.sqrt(math.prod(shape[1:]))


def shapes_of(module: nn.Module, prefix: str) -> dict[str, Sequence[int]]:
    """A module's weights, under the names that they have in a file."""
    return {prefix + name: tuple(t.shape) for name, t in module.state_dict().items()}


def checkpoint_shapes(sizes: Sizes = TINY) -> dict[str, Sequence[int]]:
    """Names and shapes of a whole checkpoint."""
    with torch.device("meta"):
        network, vae = UNet(network_config(sizes)), Autoencoder(vae_config(sizes))
    return shapes_of(network, "model.diffusion_model.") | shapes_of(vae, "first_stage_model.") | text_shapes(sizes)


def write_checkpoint(
    path: Path, seed: int = 0, sizes: Sizes = TINY, dtype: torch.dtype = torch.float16, **extra: Tensor
) -> Path:
    """A checkpoint (about 7 MB at the default sizes, nearly all of it CLIP's vocabulary); `extra`: further tensors."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(_checkpoint_weights(sizes, seed, dtype) | extra, path, metadata={"format": "pt"})
    return path


@lru_cache(maxsize=6)
def _checkpoint_weights(sizes: Sizes, seed: int, dtype: torch.dtype) -> dict[str, Tensor]:
    """Drawing them takes longer than writing them, and tests write the same ones again."""
    return random_weights(checkpoint_shapes(sizes), seed, dtype)


def network_numbers(shapes: Mapping[str, Sequence[int]]) -> int:
    """How many numbers a checkpoint's network has."""
    return sum(math.prod(shape) for name, shape in shapes.items() if name.startswith("model.diffusion_model."))


def open_vision_shapes(config: VisionConfig = VISION, prefix: str = VISION_PREFIX) -> dict[str, Sequence[int]]:
    """Names and shapes of a vision encoder as OpenCLIP saves it."""
    width, patch = config.width, config.patch_size
    shapes: dict[str, Sequence[int]] = {
        "class_embedding": (width,),
        "positional_embedding": ((config.image_size // patch) ** 2 + 1, width),
        "conv1.weight": (width, 3, patch, patch),
        "proj": (width, config.projection),
    }
    for norm in ("ln_pre", "ln_post"):
        shapes |= {f"{norm}.weight": (width,), f"{norm}.bias": (width,)}
    named = {prefix + name: shape for name, shape in shapes.items()}
    return named | _open_clip_blocks(width, config.hidden_width, config.layers, prefix)


def write_unclip(path: Path, seed: int = 0, dtype: torch.dtype = torch.float16) -> Path:
    """An unCLIP checkpoint with its vision encoder and the statistics of what that says."""
    vision = random_weights(open_vision_shapes(), seed, dtype)
    shape = (1, VISION.projection)
    statistics = {"noise_augmentor.data_mean": torch.full(shape, 0.1), "noise_augmentor.data_std": torch.full(shape, 2)}
    return write_checkpoint(path, seed, UNCLIP, dtype, **vision, **{k: t.float() for k, t in statistics.items()})


def write_lora(path: Path, seed: int = 0, sizes: Sizes = TINY, rank: int = 2, strength: float = 0.5) -> Path:
    """A LoRA by kohya's names for every attention of the network (diffusers' names) and of the text encoder."""
    with torch.device("meta"):
        network = UNet(network_config(sizes))
    stored = {name: tuple(t.shape) for name, t in network.state_dict().items()}
    tensors: dict[str, Tensor] = {}
    _add_lora(tensors, network_weight_names(network.config, stored).aliases, stored, seed, rank, strength)
    parts = (find_clip(use, text_shapes(sizes), prefix) for prefix, use in _text_uses(sizes))
    for part in filter(None, parts):
        stored = {
            f"{part.use.name}.{own}": part.places[own].shape(text_shapes(sizes)[part.places[own].name])
            for own in part.places
        }
        _add_lora(tensors, text_aliases(part.use, list(part.places)), stored, seed, rank, strength)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata={"ss_network_module": "networks.lora"})
    return path


def _text_uses(sizes: Sizes) -> tuple[tuple[str, ClipUse], ...]:
    return next(f.texts for f in FAMILIES if [p for p, _ in TEXT_LAYOUTS[sizes.text_layout]] == _places_of(f))


def _places_of(family) -> list[str]:
    return [prefix + "text_model." * prefix.endswith("transformer.") for prefix, _ in family.texts]


def _add_lora(tensors, aliases, shapes, seed: int, rank: int, strength: float) -> None:
    for alias, layer in aliases.items():
        is_wanted = "attentions" in alias or "_self_attn_" in alias or "_mlp_" in alias
        shape = shapes[layer + ".weight"]
        if alias.startswith("lora_") and not alias.startswith("lora_te1_") and is_wanted and len(shape) > 1:
            tensors |= _lora_layer(alias, shape, seed, rank, strength)


def _lora_layer(alias: str, shape: tuple[int, ...], seed: int, rank: int, strength: float) -> dict[str, Tensor]:
    wide, narrow, *kernel = shape
    down = _random_weight(alias + ".down", (rank, narrow, *kernel), seed)
    up = _random_weight(alias + ".up", (wide, rank, *(1 for _ in kernel)), seed) * strength
    alpha = torch.tensor(rank / 2)
    return {f"{alias}.lora_down.weight": down.half(), f"{alias}.lora_up.weight": up.half(), f"{alias}.alpha": alpha}


HINT_CHANNELS = (16, 16, 32, 32, 96, 96, 256)  # of the layers between hint and network, every second one halving it


def controlnet_shapes(sizes: Sizes = TINY) -> dict[str, Sequence[int]]:
    """Names and shapes of a single-file control network for a checkpoint of these sizes."""
    config = network_config(sizes)
    with torch.device("meta"):
        network = UNet(config)
    prefix = "control_model."
    halves = ("time_embed.", "input_blocks.", "middle_block.")
    shapes = {
        name: shape for name, shape in shapes_of(network, prefix).items() if name[len(prefix) :].startswith(halves)
    }
    channels = 3
    for number, width in enumerate((*HINT_CHANNELS, config.model_channels)):
        shapes[f"{prefix}input_hint_block.{2 * number}.weight"] = (width, channels, 3, 3)
        shapes[f"{prefix}input_hint_block.{2 * number}.bias"] = (width,)
        channels = width
    middle = config.middle_block[-1].out_channels
    for name, width in [(f"zero_convs.{i}.0", w) for i, w in enumerate(config.skip_channels)] + [
        ("middle_block_out.0", middle)
    ]:
        shapes[f"{prefix}{name}.weight"] = (width, width, 1, 1)
        shapes[f"{prefix}{name}.bias"] = (width,)
    return shapes


def write_controlnet(path: Path, seed: int = 0, sizes: Sizes = TINY, dtype: torch.dtype = torch.float16) -> Path:
    """A control network in the single-file layout."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(random_weights(controlnet_shapes(sizes), seed, dtype), path)
    return path


def write_embedding(path: Path, seed: int = 0, width: int = TINY.context, vectors: int = 3) -> Path:
    """A textual-inversion embedding."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({"emb_params": _random_weight("emb_params", (vectors, width), seed)}, path)
    return path


def gligen_shapes(width: int = 64) -> dict[str, Sequence[int]]:
    """Names and shapes of what GLIGEN adds to a network of the default sizes."""
    with torch.device("meta"):
        network = UNet(network_config())
    hidden = 32
    shapes: dict[str, Sequence[int]] = {
        "position_net.null_positive_feature": (width,),
        "position_net.null_position_feature": (64,),
        "position_net.linears.0.weight": (hidden, width + 64),
        "position_net.linears.0.bias": (hidden,),
        "position_net.linears.2.weight": (hidden, hidden),
        "position_net.linears.2.bias": (hidden,),
        "position_net.linears.4.weight": (width, hidden),
        "position_net.linears.4.bias": (width,),
    }
    for name, layer in network.named_modules():
        if name.rpartition(".")[2] == "attn1":
            fuser, wide = name.removesuffix("attn1") + "fuser.", layer.to_q.in_features
            shapes |= {f"{fuser}linear.weight": (wide, width), f"{fuser}linear.bias": (wide,)}
            shapes |= {f"{fuser}alpha_attn": (), f"{fuser}alpha_dense": ()}
            for norm in ("norm1", "norm2"):
                shapes |= {f"{fuser}{norm}.weight": (wide,), f"{fuser}{norm}.bias": (wide,)}
            shapes |= {f"{fuser}attn.{part}.weight": (wide, wide) for part in ("to_q", "to_k", "to_v", "to_out.0")}
            shapes |= {f"{fuser}ff.net.0.proj.weight": (8 * wide, wide), f"{fuser}ff.net.0.proj.bias": (8 * wide,)}
            shapes |= {f"{fuser}ff.net.2.weight": (wide, 4 * wide), f"{fuser}ff.net.2.bias": (wide,)}
            shapes |= {f"{fuser}attn.to_out.0.bias": (wide,)}
    return shapes


def write_header(path: Path, shapes: Mapping[str, Sequence[int]], dtype: str = "F16", itemsize: int = 2) -> Path:
    """A file with the header of a checkpoint and no memory behind it: zeros that most file systems do not store."""
    entries: dict[str, object] = {}
    position = 0
    for name, shape in shapes.items():
        size = math.prod(shape) * itemsize
        entries[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [position, position + size]}
        position += size
    text = json.dumps(entries).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + position)
    return path
