"""Nodes that change how a model computes, inside its network."""

from typing import Annotated

from engine import patches
from engine.graph import Choice, Range, node
from nodes.sockets import LatentOperation, Model, ShareOfRun, TextEncoder

Factor = Annotated[float, Range(0.0, 10.0, step=0.01)]
ResizeMethod = Annotated[str, Choice(("bicubic", "nearest-exact", "bilinear", "area", "bislerp"))]


@node("FreeU", category="model_patches/unet")
def free_u(*, model: Model, b1: Factor = 1.1, b2: Factor = 1.2, s1: Factor = 0.9, s2: Factor = 0.2) -> Model:
    """FreeU: let the decoder listen more to its depths and less to what skips them.

    Args:
        b1: factor on the deepest features; 1 changes nothing.
        b2: factor on the next ones.
        s1: factor on the coarse structures that skip the deepest features; 1 changes nothing.
        s2: factor on those that skip the next ones.
    """
    return patches.with_free_u(model, (b1, s1), (b2, s2), by_mean=False)


@node("FreeU_V2", category="model_patches/unet")
def free_u_v2(*, model: Model, b1: Factor = 1.3, b2: Factor = 1.4, s1: Factor = 0.9, s2: Factor = 0.2) -> Model:
    """FreeU's second version, whose factors follow the features' strength.

    Args:
        b1: largest factor on the deepest features; 1 changes nothing.
        b2: largest factor on the next ones.
        s1: factor on the coarse structures that skip the deepest features; 1 changes nothing.
        s2: factor on those that skip the next ones.
    """
    return patches.with_free_u(model, (b1, s1), (b2, s2), by_mean=True)


@node("HyperTile", category="model_patches/unet")
def hyper_tile(
    *,
    model: Model,
    tile_size: Annotated[int, Range(1, 2048)] = 256,
    swap_size: Annotated[int, Range(1, 128)] = 2,
    max_depth: Annotated[int, Range(0, 10)] = 0,
    scale_depth: bool = False,
) -> Model:
    """HyperTile: attend within tiles only, which makes large pictures faster.

    Args:
        tile_size: least side of a tile, in pixels.
        swap_size: among how many tile sizes each step chooses, so that no seam stays.
        max_depth: how deep in the network tiles are made.
        scale_depth: larger tiles in the depth.
    """
    return patches.with_hyper_tile(model, tile_size, swap_size, max_depth, scale_depth=scale_depth)


@node("TomePatchModel", category="model_patches/unet")
def merge_tokens(*, model: Model, ratio: Annotated[float, Range(0.0, 1.0, step=0.01)] = 0.3) -> Model:
    """ToMe: let parts of a picture that are alike share their attention, which makes large pictures faster.

    Args:
        ratio: share of the parts that are merged; 0 changes nothing.
    """
    return patches.with_token_merging(model, ratio) if ratio > 0 else model


@node(
    "PatchModelAddDownscale", display_name="PatchModelAddDownscale (Kohya Deep Shrink)", category="model_patches/unet"
)
def deep_shrink(
    *,
    model: Model,
    block_number: Annotated[int, Range(1, 32, step=1)] = 3,
    downscale_factor: Annotated[float, Range(0.1, 9.0, step=0.001)] = 2.0,
    start_percent: ShareOfRun = 0.0,
    end_percent: ShareOfRun = 0.35,
    downscale_after_skip: bool = True,
    downscale_method: ResizeMethod,
    upscale_method: ResizeMethod,
) -> Model:
    """Deep Shrink: compute the composition of a large picture at the size the model knows.

    Args:
        block_number: the block behind which the network computes smaller.
        downscale_factor: how much smaller.
        start_percent: the part of the run in which it does; 0 is the beginning.
        end_percent: 1 is the end.
    """
    return patches.with_deep_shrink(
        model,
        block_number,
        downscale_factor,
        start_percent=start_percent,
        end_percent=end_percent,
        after_skip=downscale_after_skip,
        down=downscale_method,
        up=upscale_method,
    )


@node("PerturbedAttentionGuidance", category="model_patches/unet")
def perturbed_attention(
    *, model: Model, scale: Annotated[float, Range(0.0, 100.0, step=0.01, round_to=0.01)] = 3.0
) -> Model:
    """PAG: guide away from what the model paints without seeing the whole; one more evaluation a step.

    Args:
        scale: how strongly; 0 changes nothing.
    """
    return patches.with_perturbed_attention(model, scale) if scale > 0 else model


@node("SelfAttentionGuidance", display_name="Self-Attention Guidance", category="_for_testing", experimental=True)
def self_attention(
    *,
    model: Model,
    scale: Annotated[float, Range(-2.0, 5.0, step=0.01)] = 0.5,
    blur_sigma: Annotated[float, Range(0.0, 10.0, step=0.1)] = 2.0,
) -> Model:
    """SAG: guide away from a picture whose salient parts are blurred; one more evaluation a step.

    Args:
        scale: how strongly; 0 changes nothing.
        blur_sigma: how blurred.
    """
    return patches.with_self_attention_guidance(model, scale, blur_sigma) if scale else model


@node("UNetSelfAttentionMultiply", category="_for_testing/attention_experiments", experimental=True)
def multiply_self_attention(
    *, model: Model, q: Factor = 1.0, k: Factor = 1.0, v: Factor = 1.0, out: Factor = 1.0
) -> Model:
    """Multiply the projections by which a picture attends to itself.

    Args:
        q: of what asks; 1 changes nothing.
        k: of what answers.
        v: of what is said.
        out: of the result.
    """
    return patches.with_multiplied_attention(model, "attn1", q, k, v, out)


@node("UNetCrossAttentionMultiply", category="_for_testing/attention_experiments", experimental=True)
def multiply_cross_attention(
    *, model: Model, q: Factor = 1.0, k: Factor = 1.0, v: Factor = 1.0, out: Factor = 1.0
) -> Model:
    """Multiply the projections by which a picture attends to its prompt.

    Args:
        q: of what asks; 1 changes nothing.
        k: of what answers.
        v: of what is said.
        out: of the result.
    """
    return patches.with_multiplied_attention(model, "attn2", q, k, v, out)


@node("UNetTemporalAttentionMultiply", category="_for_testing/attention_experiments", experimental=True)
def multiply_by_time(
    *,
    model: Model,
    self_structural: Factor = 1.0,
    self_temporal: Factor = 1.0,
    cross_structural: Factor = 1.0,
    cross_temporal: Factor = 1.0,
) -> Model:
    """Multiply what attention gives, apart within pictures and between the pictures of a video.

    Args:
        self_structural: of a picture to itself; 1 changes nothing.
        self_temporal: of pictures to each other.
        cross_structural: of a picture to its prompt.
        cross_temporal: of a video to its prompt.
    """
    structural = {"attn1": self_structural, "attn2": cross_structural}
    temporal = {"attn1": self_temporal, "attn2": cross_temporal}
    return patches.with_multiplied_results(model, structural, temporal)


@node("CLIPAttentionMultiply", category="_for_testing/attention_experiments", experimental=True)
def multiply_text_attention(
    *, clip: TextEncoder, q: Factor = 1.0, k: Factor = 1.0, v: Factor = 1.0, out: Factor = 1.0
) -> TextEncoder:
    """Multiply the projections by which the words of a prompt attend to each other.

    Args:
        q: of what asks; 1 changes nothing.
        k: of what answers.
        v: of what is said.
        out: of the result.
    """
    return patches.with_multiplied_text_attention(clip, q, k, v, out)


@node("LatentApplyOperationCFG", category="latent/advanced/operations", experimental=True)
def apply_operation(*, model: Model, operation: LatentOperation) -> Model:
    """Apply an operation on latents to guidance, in each step."""
    return model.with_guidance(model.guidance.with_(before=patches.OperationOnGuidance(operation)))
