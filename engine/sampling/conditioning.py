"""What steers a run, and what is denoised? The native form of CONDITIONING, LATENT and what controls add."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, overload

from torch import Tensor

from engine.sampling.hooks import ActiveHook, Hooks
from engine.sampling.noise_levels import NoiseLevels
from engine.sampling.prediction import Prediction

# What prompts carry, in `extra`, another prompt under that control networks read in the place of theirs.
CONTROL_PROMPT, CONTROL_POOLED = "cross_attn_controlnet", "pooled_output_controlnet"


@dataclass(frozen=True)
class Area:
    """A rectangle of the latent: in cells, or in shares of the whole where `relative`."""

    height: float
    width: float
    y: float
    x: float
    relative: bool = False

    def in_cells(self, height: int, width: int) -> Area:
        """The same rectangle in whole cells of a latent of height x width: at least one cell, inside it."""
        if self.relative:
            tall, wide = max(1, round(self.height * height)), max(1, round(self.width * width))
            top, left = round(self.y * height), round(self.x * width)
        else:
            tall, wide, top, left = (int(v) for v in (self.height, self.width, self.y, self.x))
        top, left = min(max(top, 0), height - 1), min(max(left, 0), width - 1)
        return Area(min(max(tall, 1), height - top), min(max(wide, 1), width - left), top, left)

    def contains(self, other: Area) -> bool:
        """Whether `other`, in the same unit, lies inside."""
        return (
            self.y <= other.y
            and self.x <= other.x
            and self.y + self.height >= other.y + other.height
            and self.x + self.width >= other.x + other.width
        )

    def crop(self, tensor: Tensor) -> Tensor:
        """The part of (..., h, w) that lies in this area (in cells): a view."""
        y, x, height, width = int(self.y), int(self.x), int(self.height), int(self.width)
        return tensor[..., y : y + height, x : x + width]


@dataclass(frozen=True, eq=False)
class ControlResiduals:
    """What a control adds to a network's hidden states; an entry of None adds nothing.

    `input` and `middle` are in the order of the network's blocks, `output` in the order in which the skip
    connections were stored: `output[-1]` is added to the skip that the first output block takes.
    Which of them a control fills is its own affair; a network adds what it finds.
    """

    input: tuple[Tensor | None, ...] = ()
    middle: tuple[Tensor | None, ...] = ()
    output: tuple[Tensor | None, ...] = ()

    def __add__(self, other: ControlResiduals) -> ControlResiduals:
        """Both controls at once: residuals add up, whichever of the two is longer."""
        return ControlResiduals(
            _sum(self.input, other.input), _sum(self.middle, other.middle), _sum(self.output, other.output)
        )


def _sum(ours: tuple[Tensor | None, ...], theirs: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
    length = max(len(ours), len(theirs))
    pairs = zip(ours + (None,) * (length - len(ours)), theirs + (None,) * (length - len(theirs)), strict=True)
    return tuple(b if a is None else a if b is None else a + b for a, b in pairs)


@dataclass(frozen=True, eq=False)
class ControlCall:
    """What a control is told at each step.

    Attributes:
        x: (N, C, h, w) noisy latent as the sampler holds it.
        sigma: (N,) its noise level, the same for all.
        embedding: (N, T, D) of the prompt.
        pooled: (N, P) or None.
        batch_size: latents in the run; N is a multiple of it, with sample i of every group at i, i + batch_size, ...
        levels, prediction: those of the model that is controlled.
        vector: (N, A) or None: see ConditioningItem.
        model: that is controlled, for controls that are made of its weights.
    """

    x: Tensor
    sigma: Tensor
    embedding: Tensor
    pooled: Tensor | None
    batch_size: int
    levels: NoiseLevels
    prediction: Prediction
    vector: Tensor | None = None
    model: object | None = None

    @property
    def timestep(self) -> Tensor:
        """(N,) timestep of sigma."""
        return self.levels.timestep(self.sigma)

    @property
    def network_input(self) -> Tensor:
        """(N, C, h, w): x as the network sees it."""
        return self.prediction.scale_input(self.x, self.sigma)

    def is_within(self, start_percent: float, end_percent: float) -> bool:
        """Whether this step lies in a range of progress, both ends included."""
        return self.levels.at_percent(end_percent) <= float(self.sigma[0]) <= self.levels.at_percent(start_percent)


class ControlUse(Protocol):
    """A control with its hint, strength and time range: what a ConditioningItem carries. Compared by identity."""

    def residuals(self, call: ControlCall) -> ControlResiduals | None:
        """What to add at this step, already times strength, on x's device; None outside the time range."""


@dataclass(frozen=True, eq=False)
class ConditioningItem:
    """One prompt and where, when and how strongly it counts.

    Attributes:
        embedding: (1 or B, T, D).
        pooled: (1 or B, P) or None.
        area: where it counts; None: everywhere.
        strength: weight against other items that cover the same cells.
        mask: (H, W) or (1 or B, H, W) in 0..1 at any resolution, multiplied into the weight; None: 1 everywhere.
        mask_strength: weight of the mask.
        set_area_to_bounds: denoise only the mask's bounding box with this item.
        start_percent, end_percent: share of the run, 0..1, in which it counts.
        controls: applied together to this item.
        control_apply_to_uncond: whether negative items without controls take these too.
        vector: (1 or B, A) what the model's `prepare` made of pooled and extra: sizes, images, ...; None: nothing.
        concat: (1 or B, C', h, w) channels that the network reads behind the latent's own, likewise.
        extra: what else a family or pack reads from it.
        hooks: changes of the network's weights wherever it denoises with this item.
        encoded_start, encoded_end: share of the run for which its text was encoded, where hooks change the text
            encoder on the way; it counts from the first on and before the second.
        is_default: whether it counts only where, and as far as, no other item of its prompt does.
    """

    embedding: Tensor
    pooled: Tensor | None = None
    area: Area | None = None
    strength: float = 1.0
    mask: Tensor | None = None
    mask_strength: float = 1.0
    set_area_to_bounds: bool = False
    start_percent: float = 0.0
    end_percent: float = 1.0
    controls: tuple[ControlUse, ...] = ()
    control_apply_to_uncond: bool = False
    vector: Tensor | None = None
    concat: Tensor | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    hooks: Hooks = ()
    encoded_start: float = 0.0
    encoded_end: float = 1.0
    is_default: bool = False

    def with_(self, **changes: Any) -> ConditioningItem:
        """A copy with some attributes replaced."""
        return replace(self, **changes)


@dataclass(frozen=True, eq=False)
class Conditioning:
    """What steers denoising: items that are averaged by weight wherever they overlap. Immutable."""

    items: tuple[ConditioningItem, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", tuple(self.items))

    def __iter__(self) -> Iterator[ConditioningItem]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, index: int) -> ConditioningItem: ...
    @overload
    def __getitem__(self, index: slice) -> Conditioning: ...
    def __getitem__(self, index: int | slice) -> ConditioningItem | Conditioning:
        return Conditioning(self.items[index]) if isinstance(index, slice) else self.items[index]

    def __add__(self, other: Conditioning) -> Conditioning:
        """Both at once, averaged where they overlap (ConditioningCombine)."""
        return Conditioning(self.items + other.items)

    def map(self, change: Callable[[ConditioningItem], ConditioningItem]) -> Conditioning:
        """Every item changed."""
        return Conditioning(tuple(change(item) for item in self.items))

    def with_(self, **changes: Any) -> Conditioning:
        """Every item with the same attributes replaced."""
        return self.map(lambda item: item.with_(**changes))


@dataclass(frozen=True, eq=False)
class Latent:
    """What is denoised.

    Attributes:
        samples: (B, C, h, w) float32, unscaled: as the VAE's encoder gives it.
        noise_mask: (B, 1, H, W), (B, H, W) or (H, W) in 0..1 at any resolution, 1 = change here; None: everywhere.
        batch_index: the seed's draw that each sample takes; None: 0, 1, 2, ...
        extra: what else a pack keeps with it.
    """

    samples: Tensor
    noise_mask: Tensor | None = None
    batch_index: tuple[int, ...] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def with_(self, **changes: Any) -> Latent:
        """A copy with some attributes replaced."""
        return replace(self, **changes)


@dataclass(frozen=True, eq=False)
class NetworkInputs:
    """What a network is given beside x and sigma.

    Attributes:
        embedding: (N, T, D) on the model's device.
        pooled: (N, P) or None.
        control: what the controls add, summed, or None.
        extra: ConditioningItem.extra of the items in this pass (they are passed together only if it is the same).
        vector: (N, A) or None; concat: (N, C', h, w) or None: see ConditioningItem.
        prompts: which of the guider's prompts (0: the positive one) each equal share of the N samples is for.
        hooks: changes of the network's weights for this call.
    """

    embedding: Tensor
    pooled: Tensor | None = None
    control: ControlResiduals | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    vector: Tensor | None = None
    concat: Tensor | None = None
    prompts: tuple[int, ...] = (0,)
    hooks: tuple[ActiveHook, ...] = ()
