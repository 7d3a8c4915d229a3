"""What does a file of `diffusers` call the weights of a U-Net or an autoencoder? Their names -> ours. Torch-free."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.models.layers.unet_names import OUTER_LAYERS, RES_LAYERS

UNET_MARK, VAE_MARK = "down_blocks.0.", "encoder.down_blocks.0."  # how such files are recognised
MORE_OUTER_LAYERS = {
    "class_embedding.linear_1": "label_emb.0.0",
    "class_embedding.linear_2": "label_emb.0.2",
    "class_embedding": "label_emb",
}
VAE_MIDDLE = {"resnets.0": "block_1", "resnets.1": "block_2", "attentions.0": "attn_1"}
VAE_LAYERS = {
    "group_norm": "norm",
    "to_q": "q",
    "to_k": "k",
    "to_v": "v",
    "to_out.0": "proj_out",
    "query": "q",
    "key": "k",
    "value": "v",
    "proj_attn": "proj_out",
    "conv_shortcut": "nin_shortcut",
    "conv_norm_out": "norm_out",
}


def our_unet_names(names: Iterable[str]) -> dict[str, str]:
    """Our name -> theirs, for each weight of a U-Net; what is unknown keeps its name."""
    theirs = list(names)
    places = dict(_unet_places(theirs))
    outer = {foreign: own for own, foreign in OUTER_LAYERS.items()} | MORE_OUTER_LAYERS
    return {_our_unet_name(name, places, outer): name for name in theirs}


def _our_unet_name(name: str, places: Mapping[str, str], outer: Mapping[str, str]) -> str:
    layer, _, kind = name.rpartition(".")
    if layer in outer:
        return f"{outer[layer]}.{kind}"
    parts = name.split(".")
    length = 3 if parts[0] == "mid_block" else 4
    place, inner = places.get(".".join(parts[:length])), ".".join(parts[length:-1])
    if place is None:
        return name
    if parts[length - 2] == "resnets":
        inner = {foreign: own for own, foreign in RES_LAYERS.items()}.get(inner, inner)
    elif parts[length - 2] == "downsamplers":
        inner = {"conv": "op"}.get(inner, inner)
    return ".".join(filter(None, (place, inner, kind)))


def _unet_places(names: list[str]) -> Iterator[tuple[str, str]]:
    """Their prefix of each layer -> ours: they count by resolution, we by block."""
    there = {".".join(name.split(".")[:4]) for name in names} | {".".join(name.split(".")[:3]) for name in names}
    number = 1  # input block 0 is the first convolution
    for level in _counted(there, "down_blocks.{}.resnets.0"):
        here = f"down_blocks.{level}"
        for index in _counted(there, here + ".resnets.{}"):
            yield from _block(there, here, index, f"input_blocks.{number}")
            number += 1
        if f"{here}.downsamplers.0" in there:
            yield f"{here}.downsamplers.0", f"input_blocks.{number}.0"
            number += 1
    middle = ("resnets.0", "attentions.0", "resnets.1")
    found = [f"mid_block.{part}" for part in middle if f"mid_block.{part}" in there]
    yield from ((name, f"middle_block.{index}") for index, name in enumerate(found))
    number = 0
    for level in _counted(there, "up_blocks.{}.resnets.0"):
        here = f"up_blocks.{level}"
        blocks = _counted(there, here + ".resnets.{}")
        for index in blocks:
            layers = list(_block(there, here, index, f"output_blocks.{number}"))
            yield from layers
            if index == blocks[-1] and f"{here}.upsamplers.0" in there:
                yield f"{here}.upsamplers.0", f"output_blocks.{number}.{len(layers)}"
            number += 1


def _block(there: set[str], level: str, index: int, ours: str) -> Iterator[tuple[str, str]]:
    yield f"{level}.resnets.{index}", f"{ours}.0"
    if f"{level}.attentions.{index}" in there:
        yield f"{level}.attentions.{index}", f"{ours}.1"


def _counted(there: set[str], pattern: str) -> list[int]:
    """0, 1, ... as far as the names go."""
    count = 0
    while pattern.format(count) in there:
        count += 1
    return list(range(count))


def our_vae_names(names: Iterable[str]) -> dict[str, str]:
    """Our name -> theirs, for each weight of an autoencoder; what is unknown keeps its name."""
    theirs = list(names)
    levels = len({name.split(".")[2] for name in theirs if name.startswith("decoder.up_blocks.")})
    return {_our_vae_name(name, levels): name for name in theirs}


def _our_vae_name(name: str, levels: int) -> str:
    part, _, rest = name.partition(".")
    outer, _, kind = rest.rpartition(".")
    if outer.startswith("mid_block."):
        parts = outer.split(".")
        ours = ["mid", VAE_MIDDLE.get(".".join(parts[1:3]), ".".join(parts[1:3])), *_known(parts[3:])]
    elif outer.startswith(("down_blocks.", "up_blocks.")):
        side, level, group, index, *inner = outer.split(".")
        number = int(level) if side == "down_blocks" else levels - 1 - int(level)
        ours = [side.removesuffix("_blocks"), str(number)]
        ours += ["block", index, *_known(inner)] if group == "resnets" else [group.removesuffix("rs"), *inner]
    else:
        ours = _known([outer]) if outer else []
    return ".".join(filter(None, (part, *ours, kind)))


def _known(inner: list[str]) -> list[str]:
    layer = ".".join(inner)
    return [VAE_LAYERS.get(layer, layer)] if layer else []
