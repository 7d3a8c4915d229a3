"""How do prompts steer a network? Guiders join the estimates for their prompts; all of them are GuidedDenoisers."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from typing import Any, Self

import torch
from torch import Tensor

from engine.sampling.averaging import FreeBytes, average_estimates
from engine.sampling.conditioning import Conditioning, Latent
from engine.sampling.denoiser import ConditionedModel, GuidedEstimate
from engine.sampling.guidance_patches import GuidanceCall
from engine.sampling.placement import PlacedItem, pair_areas, place, share_controls

NO_PROMPT = Conditioning()


class Guider(ABC):
    """A model and the prompts that steer it; subclasses say how the estimates for them become one.

    Attributes:
        model: which is steered.
        prompts: the first is the positive one, whose controls may reach the others.
    """

    def __init__(
        self,
        model: ConditionedModel,
        prompts: Sequence[Conditioning],
        *,
        negative: int | None = None,
        free_bytes: FreeBytes | None = None,
    ) -> None:
        """negative: index of the prompt of what to avoid.

        free_bytes: tells how much memory one pass may take; None: all items always share passes.
        """
        self.model, self.prompts = model, tuple(prompts)
        self._negative, self._free_bytes = negative, free_bytes
        self._placed: tuple[torch.Size, list[list[PlacedItem]]] | None = None
        self._run: tuple[Latent, int] | None = None
        self._memory: dict[Hashable, Any] = {}

    def for_run(self, latent: Latent, seed: int, free_bytes: FreeBytes | None = None) -> Self:
        """The same guider for one run from a latent and a seed: its prompts prepared, nothing remembered."""
        ready = copy.copy(self)
        ready.prompts = tuple(
            self.model.prepare(prompt, latent, seed, is_negative=index == self._negative)
            for index, prompt in enumerate(self.prompts)
        )
        ready._placed, ready._memory, ready._free_bytes, ready._run = None, {}, free_bytes, (latent, seed)
        return ready

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        """x (B, C, h, w) at sigma (B,) -> guided estimate (B, C, h, w)."""
        return self.estimate(x, sigma).denoised

    @abstractmethod
    def estimate(self, x: Tensor, sigma: Tensor) -> GuidedEstimate:
        """The guided estimate and the negative prompt's."""

    def _estimates(self, x: Tensor, sigma: Tensor, *wanted: int) -> list[Tensor]:
        """The estimates for the prompts of these indices."""
        groups = self._place(x)
        return average_estimates(self.model, x, sigma, [groups[index] for index in wanted], self._free_bytes, wanted)

    def _place(self, x: Tensor) -> list[list[PlacedItem]]:
        if self._placed is None or self._placed[0] != x.shape:
            levels = self.model.noise_levels
            groups = [[place(item, x, levels) for item in prompt] for prompt in self.prompts]
            for index in range(len(groups)):
                groups = [g if k == index else pair_areas(g, groups[index]) for k, g in enumerate(groups)]
            positive, *others = groups
            self._placed = x.shape, [positive, *(share_controls(positive, other) for other in others)]
        return self._placed[1]

    def _call(self, x: Tensor, sigma: Tensor, cfg: float, positive: Tensor, negative: Tensor | None) -> GuidanceCall:
        def evaluate(
            prompt: Conditioning | int, *, model: ConditionedModel | None = None, x: Tensor | None = None
        ) -> Tensor:
            return self._evaluate(prompt, model or self.model, call_x if x is None else x, sigma)

        call_x = x
        return GuidanceCall(self.model, x, sigma, cfg, positive, negative, evaluate, self._memory)

    def _positive_alone(self, x: Tensor, sigma: Tensor) -> Tensor:
        """The positive prompt's estimate, as the patches that need no negative one leave it."""
        (positive,) = self._estimates(x, sigma, 0)
        patches = self.model.guidance
        return patches.guide(patches.prepare(self._call(x, sigma, 1.0, positive, None)))

    def _evaluate(self, prompt: Conditioning | int, model: ConditionedModel, x: Tensor, sigma: Tensor) -> Tensor:
        if isinstance(prompt, int):
            items = self._place(x)[prompt]
        else:
            items = [place(item, x, model.noise_levels) for item in self._prepared(prompt)]
        number = prompt if isinstance(prompt, int) else 0
        return average_estimates(model, x, sigma, [items], self._free_bytes, (number,))[0]

    def _prepared(self, prompt: Conditioning) -> Conditioning:
        """A prompt that is not the guider's own, prepared once a run."""
        if self._run is not None and prompt not in self._memory:
            self._memory[prompt] = self.model.prepare(prompt, *self._run, is_negative=False)
        ready: Conditioning = self._memory.get(prompt, prompt)
        return ready


class CfgGuider(Guider):
    """Classifier-free guidance: arXiv:2207.12598, Eq. 6, or what the model's patches make of it.

    cfg 1 is the positive prompt alone and does not evaluate the negative one.
    """

    def __init__(
        self,
        model: ConditionedModel,
        positive: Conditioning,
        negative: Conditioning,
        cfg: float,
        *,
        free_bytes: FreeBytes | None = None,
    ) -> None:
        super().__init__(model, (positive, negative), negative=1, free_bytes=free_bytes)
        self.cfg = cfg

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        if math.isclose(self.cfg, 1.0) and not self.model.guidance.needs_negative:
            return self._positive_alone(x, sigma)
        return self.estimate(x, sigma).denoised

    def estimate(self, x: Tensor, sigma: Tensor) -> GuidedEstimate:
        """The guided estimate and the negative prompt's, which is evaluated at any cfg."""
        positive, negative = self._estimates(x, sigma, 0, 1)
        patches = self.model.guidance
        call = patches.prepare(self._call(x, sigma, self.cfg, positive, negative))
        return GuidedEstimate(patches.guide(call), _negative_of(call))


class BasicGuider(Guider):
    """One prompt and no guidance; as unconditional estimate it has its only one."""

    def __init__(self, model: ConditionedModel, prompt: Conditioning) -> None:
        super().__init__(model, (prompt,))

    def estimate(self, x: Tensor, sigma: Tensor) -> GuidedEstimate:
        denoised = self._positive_alone(x, sigma)
        return GuidedEstimate(denoised, denoised)


class DualCfgGuider(Guider):
    """Two strengths for two prompts: InstructPix2Pix's guidance, arXiv:2211.09800, Eq. 3, and a nested form.

    Regular: the middle prompt against the negative one, plus the positive one's difference to the middle.
    Nested: the positive prompt against the middle one, and the result of that against the negative one.
    """

    def __init__(
        self,
        model: ConditionedModel,
        positive: Conditioning,
        middle: Conditioning,
        negative: Conditioning,
        *,
        cfg_positive: float,
        cfg_negative: float,
        nested: bool = False,
    ) -> None:
        """cfg_positive: of the positive prompt over the middle one; cfg_negative: over the negative one."""
        super().__init__(model, (positive, middle, negative), negative=2)
        self.cfg_positive, self.cfg_negative, self.nested = cfg_positive, cfg_negative, nested

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        if not math.isclose(self.cfg_negative, 1.0) or self.model.guidance.needs_negative:
            return self.estimate(x, sigma).denoised
        if math.isclose(self.cfg_positive, 1.0):
            return self._positive_alone(x, sigma)
        positive, middle = self._estimates(x, sigma, 0, 1)
        if self.nested:
            return self.model.guidance.guide(self._call(x, sigma, self.cfg_positive, positive, middle))
        inner = self.model.guidance.guide(self._call(x, sigma, 1.0, middle, None))
        return inner + (positive - middle) * self.cfg_positive

    def estimate(self, x: Tensor, sigma: Tensor) -> GuidedEstimate:
        """The guided estimate, and the one that its inner guidance leads away from."""
        positive, middle, negative = self._estimates(x, sigma, 0, 1, 2)
        guide = self.model.guidance.guide
        if self.nested:
            inner = guide(self._call(x, sigma, self.cfg_positive, positive, middle))
            return GuidedEstimate(negative + self.cfg_negative * (inner - negative), middle)
        inner = guide(self._call(x, sigma, self.cfg_negative, middle, negative))
        return GuidedEstimate(inner + (positive - middle) * self.cfg_positive, negative)


class PerpNegGuider(Guider):
    """Guidance away from only that part of the negative prompt which the positive one does not share.

    Perp-Neg, arXiv:2304.04968, Eq. 7 to 9; estimates are compared with an empty prompt's.
    """

    def __init__(
        self,
        model: ConditionedModel,
        positive: Conditioning,
        negative: Conditioning,
        empty: Conditioning,
        *,
        cfg: float,
        neg_scale: float,
    ) -> None:
        super().__init__(model, (positive, negative, empty), negative=1)
        self.cfg, self.neg_scale = cfg, neg_scale

    def estimate(self, x: Tensor, sigma: Tensor) -> GuidedEstimate:
        positive, negative, empty = self._estimates(x, sigma, 0, 1, 2)
        denoised = perp_neg(positive, negative, empty, self.cfg, self.neg_scale)
        call = self._call(x, sigma, self.cfg, positive, negative)
        return GuidedEstimate(self.model.guidance.finish(call, denoised), negative)


def perp_neg(positive: Tensor, negative: Tensor, empty: Tensor, cfg: float, neg_scale: float) -> Tensor:
    """Eq. 7 to 9 of arXiv:2304.04968 on estimates (B, C, h, w); projected over the whole batch at once."""
    towards, away = positive - empty, negative - empty
    shared = (away * towards).sum() / towards.square().sum().clamp(min=torch.finfo(towards.dtype).tiny)
    perpendicular = away - shared * towards
    return empty + cfg * (towards - neg_scale * perpendicular)


def _negative_of(call: GuidanceCall) -> Tensor:
    assert call.negative is not None, "a guidance patch may change the negative estimate, not take it away"
    return call.negative
