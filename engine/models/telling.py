"""Which family does a model file belong to, as a list of models may say? From the header alone, without torch."""

from engine.errors import BadFile, UnknownModel
from engine.files.safetensors_header import CheckpointHeader
from engine.models.checkpoint_parts import VAE_PREFIX, find_vae
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


# What only control networks have: in single files (some with a prefix before it), and in `diffusers`' files.
CONTROL_MARKS = ("input_hint_block.0.weight", "controlnet_cond_embedding.conv_in.weight")
CONTROL_PROJECTIONS = ("attn2.to_k.weight", "attn2.to_k.down")  # the latter in files of differences (rank, width)
ADAPTER_ENTRIES = ("adapter.conv_in.weight", "conv_in.weight")  # of T2I adapters
ADAPTER_BLOCK = ".block1.weight"
# Autoencoders of these have the same sizes, and so do adapters of the first two: a header cannot tell more.
SAME_AUTOENCODER = "Stable Diffusion 1.x, 2.x or XL"
SAME_WIDTHS = "Stable Diffusion 1.x or 2.x"
VIDEO = "Stable Video Diffusion"
LATENT_CHANNELS, CELL = 4, 8  # of all families that are known; pixels a side of one latent cell
TINY_NAMES = {"taesdxl": "Stable Diffusion XL", "taesd": SAME_WIDTHS}  # how files of tiny autoencoders begin


def tell_family(header: CheckpointHeader) -> str:
    """Name the family of a model's file; empty if unknown.

    Of checkpoints and networks alone it is told by their sizes, of LoRAs and control networks by the prompts that the
    network reads which they change or steer, of autoencoders by their latents.
    """
    try:
        return detect_family(header).family.name
    except (UnknownModel, BadFile):
        pass
    try:
        found = detect_network(header, NETWORK_PREFIXES)
    except BadFile:
        found = None
    if found is not None:
        return found.family.name
    return _of_low_rank(header) or _of_control(header) or _of_adapter(header) or _of_autoencoder(header)


def _of_control(header: CheckpointHeader) -> str:
    if not any(name.endswith(CONTROL_MARKS) for name in header.tensors):
        return ""
    for name, info in header.tensors.items():
        if name.endswith(CONTROL_PROJECTIONS) and len(info.shape) == 2:
            return PROMPT_WIDTHS.get(info.shape[1], "")
    return ""


def _of_adapter(header: CheckpointHeader) -> str:
    """Tell by how many pixels become one cell at the start: 8 a side, in adapters of SDXL 16; grey or in colour."""
    if not any(name.endswith(ADAPTER_BLOCK) for name in header.tensors):
        return ""
    shape = next((header.tensors[name].shape for name in ADAPTER_ENTRIES if name in header.tensors), ())
    read = shape[1] if len(shape) == 4 else 0
    if read in (CELL**2, 3 * CELL**2):
        return SAME_WIDTHS
    return PROMPT_WIDTHS[2048] if read in ((2 * CELL) ** 2, 3 * (2 * CELL) ** 2) else ""


def _of_autoencoder(header: CheckpointHeader) -> str:
    """Tell by the latents' channels and size; of tiny ones, which have no sizes of their own, by the file's name."""
    if all(
        name.split(".")[0].isdecimal() or name.startswith(("encoder.layers.", "decoder.layers."))
        for name in header.tensors
    ):
        started = header.path.name.lower()
        return next((family for start, family in TINY_NAMES.items() if started.startswith(start)), "")
    for prefix in ("", VAE_PREFIX):
        try:
            part = find_vae(header, prefix)
        except BadFile:
            continue
        if part is not None and (part.config.latent_channels, part.config.downscale) == (LATENT_CHANNELS, CELL):
            return VIDEO if part.config.is_temporal else SAME_AUTOENCODER
    return ""


def _of_low_rank(header: CheckpointHeader) -> str:
    """Tell by the prompts' width: the first factor of a change of cross-attention has the shape (rank, width)."""
    for name, info in header.tensors.items():
        if PROMPT_PROJECTION in name.replace(".", "_") and name.endswith(LOW_RANK_DOWN) and len(info.shape) >= 2:
            return PROMPT_WIDTHS.get(info.shape[1], "")
    return ""
