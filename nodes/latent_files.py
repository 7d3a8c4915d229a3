"""Nodes that keep latents in files.

The file is a safetensors file with the suffix .latent, as other programs of this ecosystem write it:
`latent_tensor`, an empty `latent_format_version_0`, and the workflow in its metadata.
"""

from typing import Annotated

from engine import sampling
from engine.errors import BadFile
from engine.execution import NodeContext
from engine.files.images import png_texts
from engine.files.references import existing, parse_annotated
from engine.files.safetensors_header import read_header
from engine.files.saving import NumberedFiles
from engine.graph import Choice, FilesIn, NodeResult, Runs, node
from nodes import fingerprints
from nodes.file_names import SAVES, is_existing_file, prefix_check, prefix_values
from nodes.sockets import Latent

SUFFIX = ".latent"
VERSION_KEY = "latent_format_version_0"
SCALE_BEFORE_VERSION_0 = 0.18215  # files without the key hold latents times this, as the network of SD 1 sees them
CELL = 8  # pixels a side of one latent cell
MIN_DIMENSIONS = 4


@node(
    "SaveLatent",
    category="_for_testing",
    is_target=True,
    runs=Runs.FREELY,
    hidden=SAVES,
    check=prefix_check("output"),
)
def save(*, samples: Latent, filename_prefix: str = "latents/ComfyUI", context: NodeContext) -> NodeResult:
    """Save a latent in the output folder. Copy the file to the input folder to load it again.

    Args:
        filename_prefix: folder and beginning of the file's name; %date:yyyy-MM-dd%, %KSampler.seed% and others are
            replaced.
    """
    import torch
    from safetensors.torch import save as to_bytes

    tensor = samples.samples.float().contiguous()
    tensors = {"latent_tensor": tensor, VERSION_KEY: torch.empty(0)}
    height, width = (side * CELL for side in tensor.shape[-2:])
    files = NumberedFiles(context.places, "output", filename_prefix, prefix_values(context, width, height))
    reference = files.save(to_bytes(tensors, png_texts(context.prompt, context.extra_pnginfo)), SUFFIX)
    return NodeResult(ui={"latents": [reference.json()]})


@node("LoadLatent", category="_for_testing", runs=Runs.FREELY, fingerprint=fingerprints.of_chosen_file("latent"))
def load(
    *,
    latent: Annotated[str, Choice(FilesIn("input", frozenset({SUFFIX})), also=is_existing_file)],
    context: NodeContext,
) -> Latent:
    """Load a latent that was saved.

    Args:
        latent: a .latent file in the input folder.
    """
    from safetensors.torch import load_file

    path = existing(context.places, parse_annotated(latent))
    found = read_header(path).tensors
    info = found.get("latent_tensor")
    if info is None or len(info.shape) < MIN_DIMENSIONS:
        raise BadFile(
            f"{path.name} was not made by SaveLatent: expected a latent_tensor of shape (B, C, h, w), "
            f"found {'shape ' + str(list(info.shape)) if info else sorted(found)[:5]}. Choose another file."
        )
    scale = 1.0 if VERSION_KEY in found else 1.0 / SCALE_BEFORE_VERSION_0
    return sampling.Latent(load_file(path)["latent_tensor"].float() * scale)
