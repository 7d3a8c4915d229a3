"""The optimizer: Muon for matrices and convolutions, AdamW for the rest."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # quintic of Jordan et al., "Muon", 2024


def orthogonalized(matrix: Tensor, steps: int = 5) -> Tensor:
    """Push the singular values of `matrix` (rows, columns) towards 1 by Newton-Schulz iteration in bfloat16."""
    a, b, c = NEWTON_SCHULZ
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.mT if tall else matrix).to(torch.bfloat16)
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


class MuonAdamW(torch.optim.Optimizer):
    """Muon (Jordan et al. 2024) with the update scale of arXiv:2502.16982 (0.2 sqrt(max side)), so that one rate fits
    both; parameters in `others` take AdamW (arXiv:1711.05101)."""

    def __init__(self, matrices: Iterable[Tensor], others: Iterable[Tensor], rate: float, decay: float = 0.01) -> None:
        groups = [{"params": list(matrices), "muon": True}, {"params": list(others), "muon": False}]
        super().__init__(groups, {"lr": rate, "decay": decay, "momentum": 0.95, "betas": (0.9, 0.99)})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            if parameters:
                (self._muon if group["muon"] else self._adamw)(group, parameters)

    def _muon(self, group: dict, parameters: list[Tensor]) -> None:
        for p in parameters:
            state = self.state[p]
            if not state:
                state["momentum"] = torch.zeros_like(p)
            momentum = state["momentum"].lerp_(p.grad, 1 - group["momentum"])
            update = p.grad.lerp(momentum, group["momentum"]).flatten(1)
            scale = 0.2 * max(update.shape) ** 0.5
            p.mul_(1 - group["lr"] * group["decay"])
            p.add_(orthogonalized(update).view_as(p).to(p.dtype), alpha=-group["lr"] * scale)

    def _adamw(self, group: dict, parameters: list[Tensor]) -> None:
        first, second = group["betas"]
        for p in parameters:
            if not self.state[p]:
                self.state[p] = {"step": 0, "mean": torch.zeros_like(p), "square": torch.zeros_like(p)}
        states = [self.state[p] for p in parameters]
        gradients = [p.grad for p in parameters]
        for state in states:
            state["step"] += 1
        means, squares = [s["mean"] for s in states], [s["square"] for s in states]
        torch._foreach_lerp_(means, gradients, 1 - first)
        torch._foreach_mul_(squares, second)
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - second)
        step = states[0]["step"]
        roots = torch._foreach_sqrt(squares)
        torch._foreach_div_(roots, (1 - second**step) ** 0.5)
        torch._foreach_add_(roots, 1e-8)
        torch._foreach_addcdiv_(parameters, means, roots, -group["lr"] / (1 - first**step))


def split_parameters(network: torch.nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    """(matrices and convolutions, the rest): embeddings, norms, biases and narrow ends are no work for Muon."""
    matrices, others = [], []
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        narrow = parameter.ndim < 2 or min(parameter.flatten(1).shape) < 16
        (others if narrow or "embedding.weight" in name else matrices).append(parameter)
    return matrices, others
