"""`comfy.cli_args`: what was said on the command line, as far as it concerns packs."""

from argparse import Namespace
from typing import Any

from engine.packs.absent import complete, refuse
from engine.packs.surroundings import surroundings


class Arguments(Namespace):
    """The ecosystem's arguments; one that Weft does not have raises NotOffered when it is read."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        refuse(f"comfy.cli_args.args.{name}")


def _arguments() -> Arguments:
    compute = surroundings().compute
    mode = compute.memory
    return Arguments(
        cpu=compute.cpu, cuda_device=compute.device, deterministic=compute.deterministic, directml=None,
        disable_xformers=True, disable_smart_memory=False, disable_metadata=False, disable_all_custom_nodes=False,
        fast=set(), force_channels_last=compute.channels_last, force_fp16=compute.all_type == "fp16",
        force_fp32=compute.all_type == "fp32", gpu_only=mode == "gpu-only", highvram=mode == "high",
        lowvram=mode == "low", normalvram=mode == "normal", novram=mode == "none", multi_user=False,
        base_directory=None, preview_size=compute.preview_pixels, reserve_vram=compute.reserve_gb,
        use_flash_attention=False, use_pytorch_cross_attention=True, use_quad_cross_attention=False,
        use_sage_attention=False, use_split_cross_attention=False, verbose="INFO", windows_standalone_build=False,
    )  # fmt: skip


args = _arguments()
complete(__name__)
