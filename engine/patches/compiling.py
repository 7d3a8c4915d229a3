"""How does a network run faster? Compiled by torch.compile on its first call; the model as it was stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch._dynamo.exc import TorchDynamoException

from engine.errors import EngineError
from engine.models.diffusion_model import DiffusionModel
from engine.models.patch import CallNetwork, NetworkCall

Backend = str | Callable[..., Any]

NEEDED = {
    "inductor": "It needs a C++ compiler (g++, clang or Visual Studio's) on CPUs, and Triton on GPUs",
    "cudagraphs": "It needs an NVIDIA GPU",
}


class Compiled:
    """Compiles the networks that it is given, once each. Satisfies models.NetworkCompiler."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._made: dict[nn.Module, nn.Module] = {}

    def __call__(self, network: nn.Module) -> nn.Module:
        if network not in self._made:
            self._made[network] = torch.compile(network, backend=self._backend)
        return self._made[network]

    def explained(self, network: CallNetwork, call: NetworkCall) -> Tensor:
        """Say what is missing where compiling fails, which is not before the first call. A models.NetworkWrapper."""
        try:
            return network(call)
        except TorchDynamoException as error:
            raise EngineError(
                f"torch.compile could not compile the model with {_name(self._backend)!r}: {_cause(error)}. "
                f"{NEEDED.get(_name(self._backend), 'See the log for more')}. Install what is missing, choose another "
                "backend, or remove TorchCompileModel: the pictures are the same without it."
            ) from error


def with_compiled_network(model: DiffusionModel, backend: Backend) -> DiffusionModel:
    """The same model, its network compiled when it is first called.

    Args:
        backend: one of torch.compile's, "inductor", "cudagraphs", ..., or a function such as it takes.

    Raises:
        EngineError: it cannot compile for the model's device.
    """
    if backend == "cudagraphs" and model.device.type != "cuda":
        raise EngineError(
            f"The backend cudagraphs records what an NVIDIA GPU does, and this model computes on {model.device.type}: "
            "choose inductor, or remove TorchCompileModel."
        )
    compiled = Compiled(backend)
    return model.with_compiler(compiled).with_wrapper(compiled.explained)


def _name(backend: Backend) -> str:
    return backend if isinstance(backend, str) else getattr(backend, "__name__", "a function")


def _cause(error: BaseException) -> str:
    """The first line that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300].rstrip(".")
