"""The node that makes a LoRA of what was learnt between two models."""

from typing import Annotated

from engine import patches
from engine.execution import NodeContext
from engine.graph import Choice, NodeResult, Range, node
from nodes.file_names import SAVES, prefix_check
from nodes.model_saving import save_weights, told_of
from nodes.sockets import Model, TextEncoder


@node(
    "LoraSave",
    display_name="Extract and Save Lora",
    category="_for_testing",
    is_target=True,
    experimental=True,
    hidden=SAVES,
    check=prefix_check("output"),
)
def save_lora(
    *,
    filename_prefix: str = "loras/ComfyUI_extracted_lora",
    rank: Annotated[int, Range(1, 4096, step=1)] = 8,
    lora_type: Annotated[str, Choice(("standard", "full_diff"))],
    bias_diff: bool = True,
    model_diff: Model | None = None,
    text_encoder_diff: TextEncoder | None = None,
    context: NodeContext,
) -> NodeResult:
    """Save the difference of two models, or of two text encoders, as a LoRA in the output folder.

    Args:
        filename_prefix: folder and beginning of the file's name; %date:yyyy-MM-dd% and others are replaced.
        rank: how much of each layer's difference is kept: the file grows with it; full_diff keeps all.
        lora_type: standard: small, of the given rank; full_diff: exact, as large as the models themselves.
        bias_diff: also save what changed of biases and norms.
        model_diff: from ModelMergeSubtract: the trained model minus the one that it began as.
        text_encoder_diff: the same of two text encoders, from CLIPMergeSubtract.
    """
    differences = {"model": model_diff, "text encoder": text_encoder_diff}
    given = {title: part for title, part in differences.items() if part is not None}
    if not given:
        raise ValueError("There is nothing to save: connect model_diff or text_encoder_diff.")
    tensors = patches.extract_lora(given, rank, lora_type, with_biases=bias_diff, on_layer=context.progress)
    needed = sum(tensor.nbytes for tensor in tensors.values())
    metadata = {"ss_network_module": "networks.lora", "ss_network_dim": str(rank), "ss_network_alpha": str(rank)}
    if lora_type == "full_diff":
        metadata = {"ss_network_module": "lycoris.kohya", "ss_network_args": '{"algo": "full"}'}
    if model_diff is not None:
        metadata.update(told_of(model_diff, filename_prefix, "/lora"))
    return save_weights(iter(tensors.items()), needed, filename_prefix, context, metadata)
