"""A copy of the network's first half that reads a picture and adds to each step: ControlNet (arXiv:2302.05543)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from engine.control.control_names import NO_KIND, UNION_KINDS
from engine.control.control_network import COLOURS, ControlConfig, ControlNetwork
from engine.models.diffusion_model import DiffusionModel
from engine.models.memory.hosted_module import HostedModule
from engine.models.memory.precision import Placement
from engine.models.patch import WeightPatch
from engine.pixels.resizing import resize, resize_masks
from engine.sampling.conditioning import ControlCall, ControlResiduals


@dataclass(frozen=True, eq=False)
class ControlNet:
    """A control network whose weights are brought in when it is used.

    Attributes:
        kind: number of the kind of pictures that it is given, of those in UNION_KINDS; None: it is not told.
    """

    hosted: HostedModule
    config: ControlConfig
    weight_patches: tuple[WeightPatch, ...] = ()
    kind: int | None = None

    def for_kind(self, name: str) -> ControlNet:
        """The same network, told what kind of picture it reads: one of UNION_KINDS, or "auto" for not being told.

        A network that knows one kind of pictures only stays as it is.

        Raises:
            ValueError: this network knows several, but not this one.
        """
        if self.config.union is None:
            return self
        known = UNION_KINDS[: self.config.union.kinds]
        if name != NO_KIND and name not in known:
            raise ValueError(
                f"The control network {self.hosted.weights.file_names} was not trained on pictures of the kind "
                f"{name!r}. It knows {', '.join(known)}."
            )
        return replace(self, kind=None if name == NO_KIND else UNION_KINDS.index(name))

    def use(
        self,
        hint: Tensor,
        strength: float = 1.0,
        start_percent: float = 0.0,
        end_percent: float = 1.0,
        mask: Tensor | None = None,
    ) -> ControlNetUse:
        """Steer by a picture.

        Args:
            hint: (B, H, W, 3 or more) in 0..1, of any size; its middle is fitted to the latent's aspect.
            strength: factor on everything that is added; 0 changes nothing.
            start_percent, end_percent: share of the run, 0..1, in which it counts.
            mask: (B, H, W) in 0..1, 1 where to paint anew: for networks that read it beside the picture.

        Raises:
            ValueError: the network reads a mask, and none is given.
        """
        picture = hint[..., :COLOURS]
        if self.config.reads_mask:
            if mask is None:
                raise ValueError(
                    f"The control network {self.hosted.weights.file_names} reads a mask beside its picture: apply it "
                    "with the node ControlNetInpaintingAliMamaApply."
                )
            picture = _with_mask(picture, mask)
        return ControlNetUse(self, picture, strength, start_percent, end_percent)


@dataclass(frozen=True, eq=False)
class ControlNetUse:
    """A control network with its picture, strength and time range. Satisfies sampling.ControlUse."""

    control: ControlNet
    hint: Tensor
    strength: float
    start_percent: float
    end_percent: float
    _read_hints: dict[tuple[int, int], Tensor] = field(default_factory=dict, repr=False)  # for the last latent size

    def holdables(self, model: DiffusionModel) -> tuple[ControlNet, ...]:
        """What must be on its device to steer a model."""
        return (self.control,)

    def residuals(self, call: ControlCall) -> ControlResiduals | None:
        """What to add at this step; None outside the time range or at strength 0.

        Raises:
            ValueError: the model's prompts or latents are of another width than this network's.
        """
        if self.strength == 0.0 or not call.is_within(self.start_percent, self.end_percent):
            return None
        self._check_fits(call)
        placement = self.control.hosted.placement
        with torch.no_grad(), self.control.hosted.holding(self.control.weight_patches) as network:
            hint = self._hint_for(network, call)
            x = _placed(call.network_input, placement)
            context = call.embedding.to(placement.device, placement.dtype)
            vector = None if call.vector is None else call.vector.to(placement.device)
            added = network(x, call.timestep.to(placement.device), context, hint, vector, self.control.kind)
        return _scaled(added, self.strength, call.x.device)

    def _check_fits(self, call: ControlCall) -> None:
        config = self.control.config.network
        found, wanted = call.embedding.shape[-1], config.context_channels
        if wanted not in (0, found) or call.x.shape[1] != config.in_channels:
            raise ValueError(
                f"The control network was made for prompts of width {wanted} and latents of {config.in_channels} "
                f"channels; this model's are {found} wide and have {call.x.shape[1]}. Choose one made for this model."
            )

    def _hint_for(self, network: ControlNetwork, call: ControlCall) -> Tensor:
        """The picture as the network reads it (N, C', h, w): the same at every step, so it is read once."""
        size = (call.x.shape[2], call.x.shape[3])
        if size not in self._read_hints:
            self._read_hints.clear()
            scale = self.control.config.hint_scale
            picture = resize(self.hint.movedim(-1, 1), size[1] * scale, size[0] * scale, "nearest-exact", "center")
            placed = _placed(picture, self.control.hosted.placement)
            self._read_hints[size] = network.read_hint(placed, self.control.kind)
        read = self._read_hints[size]
        pictures = [number % call.batch_size % len(read) for number in range(len(call.x))]
        return read if len(read) == 1 else read[pictures]


def _with_mask(picture: Tensor, mask: Tensor) -> Tensor:
    """(B, H, W, 3) without what is to be painted anew, and where it is kept: (B, H, W, 4)."""
    height, width = picture.shape[1:3]
    fitted = resize_masks(mask.float().reshape(-1, *mask.shape[-2:]), width, height).round()
    count = max(len(picture), len(fitted))
    kept = 1 - fitted[[number % len(fitted) for number in range(count)]].unsqueeze(-1).to(picture)
    pictures = picture[[number % len(picture) for number in range(count)]]
    return torch.cat([pictures * kept, kept], dim=-1)


def _placed(images: Tensor, placement: Placement) -> Tensor:
    layout = torch.channels_last if placement.channels_last else torch.contiguous_format
    return images.to(placement.device, placement.dtype, memory_format=layout)


def _scaled(residuals: ControlResiduals, strength: float, device: torch.device) -> ControlResiduals:
    def scale(group: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
        return tuple(None if t is None else (t * strength).to(device) for t in group)

    return ControlResiduals(scale(residuals.input), scale(residuals.middle), scale(residuals.output))
