"""Write the trained networks as one file in the Stable Diffusion 1.x key layout, float16.

python -m tools.tiny_model.export --run RUN --out models/checkpoints/weft-tiny.safetensors
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from safetensors.torch import save_file
from torch import Tensor

from tools.tiny_model.networks import VOCABULARY, UNetSizes

UNET, VAE, TEXT = "model.diffusion_model.", "first_stage_model.", "cond_stage_model.transformer."
# Rows: name in diffusers -> name in the layout.
UNET_BLOCK = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
UNET_ENDS = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "class_embedding.linear_1": "label_emb.0.0",
    "class_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
}
VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out": "proj_out"}


def unet_places(sizes: UNetSizes) -> dict[str, str]:
    """Prefix in diffusers -> prefix in the layout, for every block of a UNet."""
    places, levels, blocks = dict(UNET_ENDS), len(sizes.widths), sizes.blocks
    for level in range(levels):
        first_in, first_out = 1 + level * (blocks + 1), level * (blocks + 1)
        for block in range(blocks):
            places[f"down_blocks.{level}.resnets.{block}"] = f"input_blocks.{first_in + block}.0"
            places[f"down_blocks.{level}.attentions.{block}"] = f"input_blocks.{first_in + block}.1"
        places[f"down_blocks.{level}.downsamplers.0.conv"] = f"input_blocks.{first_in + blocks}.0.op"
        for block in range(blocks + 1):
            places[f"up_blocks.{level}.resnets.{block}"] = f"output_blocks.{first_out + block}.0"
            places[f"up_blocks.{level}.attentions.{block}"] = f"output_blocks.{first_out + block}.1"
        after = 2 if sizes.attention[levels - 1 - level] else 1
        places[f"up_blocks.{level}.upsamplers.0.conv"] = f"output_blocks.{first_out + blocks}.{after}.conv"
    return places


def unet_name(name: str, places: dict[str, str]) -> str:
    for prefix in sorted(places, key=len, reverse=True):
        if name.startswith(prefix + "."):
            rest = name[len(prefix) + 1 :]
            if ".resnets." in prefix:
                part, kind = rest.rsplit(".", 1)
                rest = f"{UNET_BLOCK[part]}.{kind}"
            return f"{UNET}{places[prefix]}.{rest}"
    raise KeyError(f"no place in the layout for the UNet weight {name!r}")


def vae_name(name: str, levels: int) -> str:
    side, *rest = name.split(".")
    if side in ("quant_conv", "post_quant_conv"):
        return VAE + name
    block, kind = rest[0], rest[-1]
    if block == "mid_block" and rest[1] == "resnets":
        inner = f"mid.block_{int(rest[2]) + 1}.{'.'.join(rest[3:])}"
    elif block == "mid_block":
        inner = f"mid.attn_1.{VAE_ATTENTION[rest[3]]}.{kind}"
    elif block in ("down_blocks", "up_blocks"):
        direction, level = block.removesuffix("_blocks"), int(rest[1])
        level = level if direction == "down" else levels - 1 - level
        if rest[2] == "resnets":
            part = rest[4].replace("conv_shortcut", "nin_shortcut")
            inner = f"{direction}.{level}.block.{rest[3]}.{part}.{kind}"
        else:
            inner = f"{direction}.{level}.{direction}sample.conv.{kind}"
    else:
        inner = {"conv_norm_out": "norm_out"}.get(block, block) + "." + kind
    return f"{VAE}{side}.{inner}"


def text_name(name: str) -> str:
    return TEXT + (name if name.startswith("text_model.") else f"text_model.{name}")


def full_vocabulary(rows: Tensor, token_ids: list[int]) -> Tensor:
    """Scatter the trained rows into the whole table; unseen words get row 0, which was trained as 'some word'."""
    table = rows[:1].repeat(VOCABULARY, 1)
    table[token_ids] = rows
    return table


def in_layout(state: dict, vae: AutoencoderKL) -> dict[str, Tensor]:
    """All weights of a training state and a VAE under their names in the layout, float16."""
    out: dict[str, Tensor] = {}
    places = unet_places(UNetSizes(**state["unet_sizes"]))
    for name, weight in state["unet"].items():
        out[unet_name(name, places)] = weight
    for name, weight in vae.state_dict().items():
        target = vae_name(name, len(vae.config.block_out_channels))
        out[target] = weight[:, :, None, None] if ".attn_1." in target and weight.ndim == 2 else weight
    for name, weight in state["text"].items():
        if name.endswith("token_embedding.weight"):
            weight = full_vocabulary(weight, state["token_ids"])
        if not name.endswith("position_ids"):
            out[text_name(name)] = weight
    return {name: weight.detach().to(torch.float16).contiguous() for name, weight in out.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    state = torch.load(arguments.run / "unet_average.pt", weights_only=True)
    weights = in_layout(state, AutoencoderKL.from_pretrained(arguments.run / "vae", low_cpu_mem_usage=False))
    broken = [name for name, weight in weights.items() if not torch.isfinite(weight).all()]
    if broken:
        raise ValueError(f"weights that float16 cannot hold: {', '.join(broken[:3])}")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    partial = arguments.out.with_suffix(".partial")
    save_file(weights, partial, metadata={"format": "pt"})
    partial.replace(arguments.out)
    numbers = {part: sum(w.numel() for n, w in weights.items() if n.startswith(part)) for part in (UNET, VAE, TEXT)}
    print(f"{arguments.out}: {arguments.out.stat().st_size} bytes, {len(weights)} tensors, {numbers}")


if __name__ == "__main__":
    main()
