"""Nodes that change how a model computes, and not what."""

from typing import Annotated

from engine import models, patches
from engine.graph import Choice, node
from nodes.sockets import Model


@node("TorchCompileModel", category="_for_testing", experimental=True)
def compile_model(*, model: Model, backend: Annotated[str, Choice(("inductor", "cudagraphs"))]) -> Model:
    """Compile a model's network: the first steps take a minute or more, later ones less time than before.

    Args:
        backend: inductor makes code for the device at hand, and needs a C++ compiler or, on GPUs, Triton; cudagraphs
            repeats what an NVIDIA GPU was told once.
    """
    return patches.with_compiled_network(model, backend)


@node("ModelComputeDtype", category="advanced/debug/model")
def compute_in(*, model: Model, dtype: Annotated[str, Choice(("default", "fp32", "fp16", "bf16"))]) -> Model:
    """Let a model compute in another type: fp32 is exact, the others take half the memory.

    Args:
        dtype: default is what suits the device.
    """
    return model.computing_in(models.TYPES.get(dtype))
