"""How does the difference of two models become a LoRA? Each matrix by its largest singular values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import torch
from torch import Tensor

from engine.models.diffusion_model import DiffusionModel
from engine.models.text_encoder import TextEncoder

LoraType = Literal["standard", "full_diff"]
OnLayer = Callable[[int, int], None]  # how many weights are done, of how many

Part = DiffusionModel | TextEncoder


def extract_lora(
    differences: Mapping[str, Part], rank: int, lora_type: LoraType, *, with_biases: bool, on_layer: OnLayer
) -> dict[str, Tensor]:
    """The tensors of a LoRA file in the layout of kohya's trainers, in the 16-bit or wider types of the weights.

    Args:
        differences: what each is, in words -> a model or text encoder whose weights are the difference of two.
        rank: of the products; a matrix whose sides are shorter is kept whole.
        lora_type: "standard": products of two matrices (arXiv:2106.09685, Eq. 3); "full_diff": differences as they are.
        with_biases: also what changed of biases and norms.

    Raises:
        ValueError: one of them is no difference, or nothing differs.
    """
    for title, part in differences.items():
        if not part.weight_patches:
            raise ValueError(
                f"The {title} is as its file has it, where the difference of two was expected: "
                "connect a ModelMergeSubtract or CLIPMergeSubtract of the trained one and the one that it began as."
            )
    total = sum(len(part.hosted.weights) for part in differences.values())
    tensors: dict[str, Tensor] = {}
    done = 0
    for part in differences.values():
        layers = _kohya_layers(part)
        for name in part.hosted.weights:
            layer = layers.get(name.rpartition(".")[0])
            if layer is not None:
                tensors.update(_changes(part, name, rank, lora_type, layer, with_biases=with_biases))
            done += 1
            on_layer(done, total)
    if not tensors:
        raise ValueError("There is no difference to save: all weights of the two models are equal.")
    return tensors


def _kohya_layers(part: Part) -> dict[str, str]:
    """Our layers' names -> kohya's; of several text encoders theirs are numbered."""
    if isinstance(part, TextEncoder):
        wanted = tuple(use.lora_names[-1 if len(part.uses) > 1 else 0] + "_" for use, _ in part.uses)
    else:
        wanted = ("lora_",)
    found: dict[str, str] = {}
    for foreign, own in part.names.aliases.items():
        if foreign.startswith(wanted):
            found.setdefault(own, foreign)
    return found


def _changes(
    part: Part, name: str, rank: int, lora_type: LoraType, layer: str, *, with_biases: bool
) -> Iterator[tuple[str, Tensor]]:
    """What the file holds of one weight: nothing where it did not change."""
    stored = part.hosted.weights[name].dtype
    dtype = stored if stored.is_floating_point and stored.itemsize >= 2 else torch.float16
    difference = part.hosted.patched_weight(name, part.weight_patches).float()
    part.hosted.weights.forget(name)
    is_vector = difference.ndim < 2
    if (is_vector and not with_biases) or not difference.any():
        return
    if name.endswith(".bias"):
        yield f"{layer}.diff_b", difference.to("cpu", dtype)
    elif is_vector or lora_type == "full_diff":
        yield f"{layer}.diff", difference.to("cpu", dtype)
    else:
        down, up = factors(difference, rank)
        yield f"{layer}.lora_up.weight", up.to("cpu", dtype)
        yield f"{layer}.lora_down.weight", down.to("cpu", dtype)
        yield f"{layer}.alpha", torch.tensor(float(len(down)), dtype=dtype)


def factors(difference: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """The best product of this rank (Eckart and Young, 1936): (out, in, ...) -> down (r, in, ...), up (out, r, 1...).

    Both have the singular values' roots, so that neither leaves the range of 16-bit types.
    """
    left, values, right = torch.linalg.svd(difference.flatten(1), full_matrices=False)
    rank = min(rank, len(values))
    roots = values[:rank].sqrt()
    up, down = left[:, :rank] * roots, roots[:, None] * right[:rank]
    return down.reshape(rank, *difference.shape[1:]), up.reshape(len(up), rank, *(1 for _ in difference.shape[2:]))
