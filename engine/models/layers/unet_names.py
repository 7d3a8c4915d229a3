"""What do other programs call the weights of a U-Net? The tables behind LoRA files and diffusers' own layout."""

from collections.abc import Iterable, Iterator, Mapping

from engine.models.layers.unet_config import UNetConfig
from engine.models.weight_names import WeightNames, kohya_name

# A layer's name within its block: ours (as in the single-file layout) -> diffusers'.
RES_LAYERS: Mapping[str, str] = {
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    "skip_connection": "conv_shortcut",
}
OUTER_LAYERS: Mapping[str, str] = {
    "time_embed.0": "time_embedding.linear_1",
    "time_embed.2": "time_embedding.linear_2",
    "label_emb.0.0": "add_embedding.linear_1",
    "label_emb.0.2": "add_embedding.linear_2",
    "input_blocks.0.0": "conv_in",
    "out.0": "conv_norm_out",
    "out.2": "conv_out",
}


def network_weight_names(config: UNetConfig, names: Iterable[str]) -> WeightNames:
    """The U-Net's layers under kohya's names, on top of diffusers' and of ours, and under diffusers' own."""
    places = dict(_diffusers_places(config))
    aliases: dict[str, str] = {}
    for layer in _layers(names):
        foreign = OUTER_LAYERS.get(layer) or _diffusers_name(layer, places)
        if foreign is not None:
            aliases[kohya_name("lora_unet", foreign)] = layer
            aliases["unet." + foreign] = layer
        aliases[kohya_name("lora_unet", layer)] = layer
        aliases["diffusion_model." + layer] = layer
    return WeightNames("network", aliases)


def _layers(names: Iterable[str]) -> list[str]:
    return [name.removesuffix(".weight") for name in names if name.endswith(".weight")]


def _diffusers_name(layer: str, places: Mapping[str, str]) -> str | None:
    """`input_blocks.1.0.in_layers.2` -> `down_blocks.0.resnets.0.conv1`."""
    parts = layer.split(".")
    length = 2 if parts[0] == "middle_block" else 3
    place, inner = places.get(".".join(parts[:length])), ".".join(parts[length:])
    if place is None:
        return None
    if ".resnets." in place:
        inner = RES_LAYERS.get(inner, inner)
    elif inner == "op":  # downsamplers
        inner = "conv"
    return f"{place}.{inner}"


def _diffusers_places(config: UNetConfig) -> Iterator[tuple[str, str]]:
    """Our prefix of each layer -> diffusers': they count by resolution, and by kind within one."""
    yield from _half("input_blocks", "down_blocks", config.input_blocks)
    yield from _half("output_blocks", "up_blocks", config.output_blocks)
    counts = {"res": 0, "transformer": 0}
    for number, layer in enumerate(config.middle_block):
        kind = "resnets" if layer.kind == "res" else "attentions"
        yield f"middle_block.{number}", f"mid_block.{kind}.{counts[layer.kind]}"
        counts[layer.kind] += 1


def _half(ours: str, theirs: str, blocks: Iterable[tuple]) -> Iterator[tuple[str, str]]:
    level = resnets = attentions = 0
    for block_number, block in enumerate(blocks):
        for layer_number, layer in enumerate(block):
            prefix = f"{ours}.{block_number}.{layer_number}"
            if layer.kind == "res":
                yield prefix, f"{theirs}.{level}.resnets.{resnets}"
                resnets += 1
            elif layer.kind == "transformer":
                yield prefix, f"{theirs}.{level}.attentions.{attentions}"
                attentions += 1
            elif layer.kind in ("down", "up"):
                yield prefix, f"{theirs}.{level}.{'down' if layer.kind == 'down' else 'up'}samplers.0"
                level, resnets, attentions = level + 1, 0, 0
