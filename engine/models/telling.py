"""Which family does a model file belong to, as a list of models may say? From the header alone, without torch."""

from engine.errors import BadFile, UnknownModel
from engine.files.safetensors_header import CheckpointHeader
from engine.models.detect import detect_family, detect_network

NETWORK_PREFIXES = ("", "model.diffusion_model.", "diffusion_model.")
# Width of the prompts that cross-attention reads -> whose that is: CLIP ViT-L, OpenCLIP ViT-H, both encoders of SDXL,
# OpenCLIP ViT-bigG alone.
PROMPT_WIDTHS = {
    768: "Stable Diffusion 1.x",
    1024: "Stable Diffusion 2.x",
    2048: "Stable Diffusion XL",
    1280: "Stable Diffusion XL refiner",
}
PROMPT_PROJECTION = "attn2_to_k"
LOW_RANK_DOWN = (".lora_down.weight", ".lora_A.weight", ".lora_A.default.weight", ".lora.down.weight")


def tell_family(header: CheckpointHeader) -> str:
    """Name the family of a checkpoint, of a network alone, or of the networks that a LoRA changes; empty if unknown."""
    try:
        return detect_family(header).family.name
    except (UnknownModel, BadFile):
        pass
    try:
        found = detect_network(header, NETWORK_PREFIXES)
    except BadFile:
        found = None
    return found.family.name if found is not None else _of_low_rank(header)


def _of_low_rank(header: CheckpointHeader) -> str:
    """Tell by the prompts' width: the first factor of a change of cross-attention has the shape (rank, width)."""
    for name, info in header.tensors.items():
        if PROMPT_PROJECTION in name.replace(".", "_") and name.endswith(LOW_RANK_DOWN) and len(info.shape) >= 2:
            return PROMPT_WIDTHS.get(info.shape[1], "")
    return ""
