"""Nodes that mix two models of one kind, each block of their networks by a ratio of its own."""

from collections.abc import Callable, Mapping
from itertools import chain
from typing import Annotated

from engine import patches
from engine.graph import Several, node
from nodes.sockets import Model, Share


def _numbered(before: str, count: int, after: str = ".") -> tuple[str, ...]:
    """Names of blocks: `blocks.0.`, `blocks.1.`, ..."""
    return tuple(f"{before}{number}{after}" for number in range(count))


def _merging(node_name: str, kind: str, *names: str | tuple[str, ...]) -> Callable[..., Model]:
    """The node that mixes two models whose weights' names begin so.

    Args:
        kind: the kind of model, in words.
        names: one beginning after the other, or several as one.
    """
    beginnings = tuple(chain.from_iterable((name,) if isinstance(name, str) else name for name in names))

    @node(node_name, category="advanced/model_merging/model_specific")
    def merge(
        *, model1: Model, model2: Model, ratios: Annotated[Mapping[str, float], Several(beginnings, Share, 1.0)]
    ) -> Model:
        """Mix two models of the kind that the node is named after, each part of their networks by its own ratio.

        Args:
            ratios: of the weights whose names begin so; 1 is model1, 0 is model2.
        """
        return patches.merge_by_names(model1, model2, ratios, kind)

    return merge


def _u_net(node_name: str, kind: str, halves: int, after: str = ".") -> Callable[..., Model]:
    """The node for a U-Net with so many blocks in each half."""
    return _merging(
        node_name,
        kind,
        "time_embed.",
        "label_emb.",
        _numbered("input_blocks.", halves, after),
        _numbered("middle_block.", 3, after),
        _numbered("output_blocks.", halves, after),
        "out.",
    )


def _predict2(node_name: str, blocks: int) -> Callable[..., Model]:
    outer = ("pos_embedder.", "x_embedder.", "t_embedder.", "t_embedding_norm.")
    return _merging(node_name, "Cosmos Predict2", outer, _numbered("blocks.", blocks), "final_layer.")


def _cosmos(node_name: str, blocks: int) -> Callable[..., Model]:
    outer = ("pos_embedder.", "extra_pos_embedder.", "x_embedder.", "t_embedder.", "affline_norm.")
    return _merging(node_name, "Cosmos", outer, _numbered("blocks.block", blocks), "final_layer.")


def _sd3(node_name: str, kind: str, blocks: int) -> Callable[..., Model]:
    outer = ("pos_embed.", "x_embedder.", "context_embedder.", "y_embedder.", "t_embedder.")
    return _merging(node_name, kind, outer, _numbered("joint_blocks.", blocks), "final_layer.")


merge_sd1 = _u_net("ModelMergeSD1", "Stable Diffusion 1.x", 12)
merge_sd2 = _u_net("ModelMergeSD2", "Stable Diffusion 2.x", 12)
merge_sdxl = _u_net("ModelMergeSDXL", "Stable Diffusion XL", 9, after="")
merge_sd3 = _sd3("ModelMergeSD3_2B", "Stable Diffusion 3", 24)
merge_sd35 = _sd3("ModelMergeSD35_Large", "Stable Diffusion 3.5 Large", 38)
merge_auraflow = _merging(
    "ModelMergeAuraflow",
    "AuraFlow",
    ("init_x_linear.", "positional_encoding", "cond_seq_linear.", "register_tokens", "t_embedder."),
    _numbered("double_layers.", 4),
    _numbered("single_layers.", 32),
    ("modF.", "final_linear."),
)
merge_flux = _merging(
    "ModelMergeFlux1",
    "Flux.1",
    ("img_in.", "time_in.", "guidance_in", "vector_in.", "txt_in."),
    _numbered("double_blocks.", 19),
    _numbered("single_blocks.", 38),
    "final_layer.",
)
merge_mochi = _merging(
    "ModelMergeMochiPreview",
    "Mochi",
    ("pos_frequencies.", "t_embedder.", "t5_y_embedder.", "t5_yproj."),
    _numbered("blocks.", 48),
    "final_layer.",
)
merge_ltxv = _merging(
    "ModelMergeLTXV",
    "LTX-Video",
    ("patchify_proj.", "adaln_single.", "caption_projection."),
    _numbered("transformer_blocks.", 28),
    ("scale_shift_table", "proj_out."),
)
merge_cosmos_7b = _cosmos("ModelMergeCosmos7B", 28)
merge_cosmos_14b = _cosmos("ModelMergeCosmos14B", 36)
merge_wan = _merging(
    "ModelMergeWAN2_1",
    "Wan 2.1",
    ("patch_embedding.", "time_embedding.", "time_projection.", "text_embedding.", "img_emb."),
    _numbered("blocks.", 40),
    "head.",
)
merge_predict2_2b = _predict2("ModelMergeCosmosPredict2_2B", 28)
merge_predict2_14b = _predict2("ModelMergeCosmosPredict2_14B", 36)
merge_qwen_image = _merging(
    "ModelMergeQwenImage",
    "Qwen-Image",
    ("pos_embeds.", "img_in.", "txt_norm.", "txt_in.", "time_text_embed."),
    _numbered("transformer_blocks.", 60),
    "proj_out.",
)
