"""Where may a patch take part in guidance? Before it, in its place, after it, and in what a noise mask protects."""

from __future__ import annotations

from collections.abc import Hashable, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from torch import Tensor

from engine.sampling.conditioning import Conditioning
from engine.sampling.denoiser import ConditionedModel
from engine.sampling.noise_levels import NoiseLevels


class Evaluate(Protocol):
    """Asks the network once more, beside the estimates that guidance joins."""

    def __call__(
        self, prompt: Conditioning | int, *, model: ConditionedModel | None = None, x: Tensor | None = None
    ) -> Tensor:
        """The estimate (B, C, h, w) for a prompt, or for the guider's own prompt of this index (0: the positive).

        model: a variant of the model, such as one with some attention left out; x: another noisy latent.
        """


@dataclass(frozen=True, eq=False)
class GuidanceCall:
    """What a guidance patch is told at each step.

    Attributes:
        model: whose guidance it is.
        x: (B, C, h, w) the noisy latent.
        sigma: (B,) its level.
        cfg: strength of guidance.
        positive: (B, C, h, w) the estimate with the prompt.
        negative: (B, C, h, w) the estimate with the negative prompt; None where it is not evaluated.
        evaluate: asks the network once more.
        memory: what a patch keeps from step to step of one run, under itself as the key.
    """

    model: ConditionedModel
    x: Tensor
    sigma: Tensor
    cfg: float
    positive: Tensor
    negative: Tensor | None
    evaluate: Evaluate
    memory: MutableMapping[Hashable, Any]

    def with_(self, **changes: Any) -> GuidanceCall:
        """A copy with some attributes replaced."""
        return replace(self, **changes)


class BeforeGuidance(Protocol):
    """Changes the estimates that guidance joins."""

    def __call__(self, call: GuidanceCall) -> GuidanceCall: ...


class GuidanceFunction(Protocol):
    """Stands in the place of classifier-free guidance; asked only where there is a negative estimate."""

    def __call__(self, call: GuidanceCall) -> Tensor:
        """The guided estimate (B, C, h, w)."""


class AfterGuidance(Protocol):
    """Changes the guided estimate."""

    def __call__(self, call: GuidanceCall, denoised: Tensor) -> Tensor:
        """denoised and result: (B, C, h, w)."""


class NoiseMaskPatch(Protocol):
    """Changes the mask of what may change, step by step."""

    def __call__(self, mask: Tensor, sigma: Tensor, sigmas: Tensor, levels: NoiseLevels) -> Tensor:
        """mask (B, 1, h, w) in 0..1; sigma (B,) of this step; sigmas (n + 1,) of the run; levels of the model."""


@dataclass(frozen=True, eq=False)
class GuidancePatches:
    """Everything that changes a model's guidance, in the order in which it was added.

    Attributes:
        function: the last one that was set; None: classifier-free guidance.
        needs_negative: whether the negative prompt is evaluated at cfg 1 too.
    """

    before: tuple[BeforeGuidance, ...] = ()
    function: GuidanceFunction | None = None
    after: tuple[AfterGuidance, ...] = ()
    noise_mask: NoiseMaskPatch | None = None
    needs_negative: bool = field(default=False)

    def with_(
        self,
        *,
        before: BeforeGuidance | None = None,
        function: GuidanceFunction | None = None,
        after: AfterGuidance | None = None,
        noise_mask: NoiseMaskPatch | None = None,
        needs_negative: bool = False,
    ) -> GuidancePatches:
        """These patches and further ones."""
        return GuidancePatches(
            self.before if before is None else (*self.before, before),
            self.function if function is None else function,
            self.after if after is None else (*self.after, after),
            self.noise_mask if noise_mask is None else noise_mask,
            self.needs_negative or needs_negative,
        )

    def prepare(self, call: GuidanceCall) -> GuidanceCall:
        """The call as the patches before guidance leave it."""
        for patch in self.before:
            call = patch(call)
        return call

    def guide(self, call: GuidanceCall) -> Tensor:
        """The guided estimate of estimates that went through `prepare`: arXiv:2207.12598, Eq. 6, unless replaced."""
        if call.negative is None:
            denoised = call.positive
        elif self.function is not None:
            denoised = self.function(call)
        else:
            denoised = call.negative + (call.positive - call.negative) * call.cfg
        return self.finish(call, denoised)

    def finish(self, call: GuidanceCall, denoised: Tensor) -> Tensor:
        """A guided estimate as the patches after guidance leave it."""
        for patch in self.after:
            denoised = patch(call, denoised)
        return denoised
