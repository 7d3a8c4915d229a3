"""The same weights in `diffusers`, an implementation that shares no line with ours."""

import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from diffusers.loaders.single_file_utils import (
    convert_controlnet_checkpoint,
    convert_ldm_unet_checkpoint,
    convert_ldm_vae_checkpoint,
    convert_open_clip_checkpoint,
)
from safetensors.torch import load_file
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from tests.tiny import TEXT_LAYOUTS, Sizes, text_configs


def weights(path, prefix):
    """Float32 weights of one part of a file, under the file's names."""
    return {name: t.float() for name, t in load_file(path).items() if name.startswith(prefix)}


def _network_sizes(sizes: Sizes):
    depths = [depth or 1 for depth in sizes.depths]
    return {
        "block_out_channels": sizes.widths,
        "layers_per_block": sizes.res_blocks,
        "down_block_types": ["CrossAttnDownBlock2D" if depth else "DownBlock2D" for depth in sizes.depths],
        "transformer_layers_per_block": depths,
        "attention_head_dim": [width // 64 for width in sizes.widths] if sizes.linear_projection else 8,
        "cross_attention_dim": sizes.context,
        "use_linear_projection": sizes.linear_projection,
    }


def load_unet(path, sizes: Sizes, **changes):
    ups = ["CrossAttnUpBlock2D" if depth else "UpBlock2D" for depth in reversed(sizes.depths)]
    arguments = {"in_channels": sizes.in_channels, "up_block_types": ups, **_network_sizes(sizes)}
    if sizes.classes:
        only = [not own for own in (sizes.self_attention,) * len(sizes.widths)]
        arguments |= {"num_class_embeds": sizes.classes, "only_cross_attention": only, "attention_head_dim": 8}
        arguments |= {"mid_block_only_cross_attention": False}
    elif sizes.vector_channels and sizes.text_layout == "sd2":
        arguments |= {"class_embed_type": "projection"}
        arguments |= {"projection_class_embeddings_input_dim": sizes.vector_channels}
    elif sizes.vector_channels:
        arguments |= {"addition_embed_type": "text_time", "addition_time_embed_dim": 256}
        arguments |= {"projection_class_embeddings_input_dim": sizes.vector_channels}
    with torch.device("meta"):  # no time is lost on random weights
        unet = UNet2DConditionModel(sample_size=8, **arguments | changes)
    converted = convert_ldm_unet_checkpoint(weights(path, "model.diffusion_model."), dict(unet.config))
    unet.load_state_dict(converted, strict=True, assign=True)
    return unet.eval().requires_grad_(False)


def load_text_encoders(path, sizes: Sizes):
    """By `diffusers`' converter where the file has OpenCLIP's layout, which `transformers` does not read."""
    return [
        _load_text_encoder(path, config, prefix, is_open)
        for config, (prefix, is_open) in zip(text_configs(sizes), TEXT_LAYOUTS[sizes.text_layout], strict=True)
    ]


def _load_text_encoder(path, config, prefix, is_open):
    theirs = CLIPTextConfig(
        hidden_size=config.width,
        intermediate_size=config.hidden_width,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        projection_dim=config.projection or 512,
        hidden_act=config.activation,
        bos_token_id=49406,
        eos_token_id=49407,
    )
    model = (CLIPTextModelWithProjection if is_open else CLIPTextModel)(theirs)
    found = weights(path, prefix)
    if is_open:
        converted = convert_open_clip_checkpoint(model, found, prefix)
        converted["text_projection.weight"] = found[prefix + "text_projection"].T.contiguous()
    else:
        converted = {name.removeprefix(prefix): t for name, t in found.items()}
    if any(name.startswith("text_model.") for name in model.state_dict()) and not is_open:
        converted = {"text_model." + name: t for name, t in converted.items()}
    model.load_state_dict({name: t for name, t in converted.items() if not name.endswith("position_ids")}, strict=True)
    return model.eval().requires_grad_(False)


def load_vision_encoder(path, config, prefix):
    """A vision encoder in OpenCLIP's layout, its weights renamed by hand: no converter is at hand for them alone."""
    theirs = CLIPVisionConfig(
        hidden_size=config.width,
        intermediate_size=config.hidden_width,
        num_hidden_layers=config.layers,
        num_attention_heads=config.width // config.head_width,
        image_size=config.image_size,
        patch_size=config.patch_size,
        projection_dim=config.projection,
        hidden_act=config.activation,
    )
    model = CLIPVisionModelWithProjection(theirs)
    found = {name.removeprefix(prefix): t for name, t in weights(path, prefix).items()}
    state = {
        "embeddings.class_embedding": found["class_embedding"],
        "embeddings.patch_embedding.weight": found["conv1.weight"],
        "embeddings.position_embedding.weight": found["positional_embedding"],
        "visual_projection.weight": found["proj"].T,
    }
    for kind in ("weight", "bias"):
        state |= {f"pre_layrnorm.{kind}": found[f"ln_pre.{kind}"], f"post_layernorm.{kind}": found[f"ln_post.{kind}"]}
    for number in range(config.layers):
        ours, layer = f"transformer.resblocks.{number}", f"encoder.layers.{number}"
        for kind in ("weight", "bias"):
            q, k, v = found[f"{ours}.attn.in_proj_{kind}"].chunk(3)
            state |= {f"{layer}.self_attn.{x}_proj.{kind}": t for x, t in zip("qkv", (q, k, v), strict=True)}
            state[f"{layer}.self_attn.out_proj.{kind}"] = found[f"{ours}.attn.out_proj.{kind}"]
            state |= {f"{layer}.mlp.fc1.{kind}": found[f"{ours}.mlp.c_fc.{kind}"]}
            state |= {f"{layer}.mlp.fc2.{kind}": found[f"{ours}.mlp.c_proj.{kind}"]}
            state |= {f"{layer}.layer_norm{i}.{kind}": found[f"{ours}.ln_{i}.{kind}"] for i in (1, 2)}
    wanted = {name.removeprefix("vision_model."): name for name in model.state_dict()}
    model.load_state_dict({wanted[name]: t for name, t in state.items()}, strict=True)
    return model.eval().requires_grad_(False)


def with_vision_prefix(name):
    """A weight's name as files have it, whichever version of `transformers` named it."""
    outer = name.startswith(("vision_model.", "visual_projection."))
    return name if outer else f"vision_model.{name}"


def load_vae(path, sizes: Sizes):
    count = len(sizes.vae_widths)
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * count,
        up_block_types=("UpDecoderBlock2D",) * count,
        block_out_channels=sizes.vae_widths,
        layers_per_block=sizes.vae_blocks,
    )
    converted = convert_ldm_vae_checkpoint(weights(path, "first_stage_model."), dict(vae.config))
    vae.load_state_dict(converted, strict=True)
    return vae.eval().requires_grad_(False)


def load_controlnet(path, sizes: Sizes):
    control = ControlNetModel(conditioning_embedding_out_channels=(16, 32, 96, 256), **_network_sizes(sizes))
    converted = convert_controlnet_checkpoint(weights(path, ""), dict(control.config))
    control.load_state_dict(converted, strict=True)
    return control.eval().requires_grad_(False)


def largest_error(ours, theirs) -> float:
    """Largest difference, relative to the largest value."""
    return float((ours.float() - theirs.float()).abs().max() / theirs.float().abs().max())


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
