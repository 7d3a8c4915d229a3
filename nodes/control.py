"""Nodes that let a picture steer the composition through a control network."""

from typing import Annotated, NamedTuple

from engine import control, models
from engine.control.control_names import NO_KIND, UNION_KINDS
from engine.execution import NodeContext
from engine.graph import Choice, ModelFiles, node
from nodes import fingerprints
from nodes.sockets import Conditioning, ControlNet, Image, Model, ShareOfRun, Strength, Vae


class PositiveAndNegative(NamedTuple):
    positive: Conditioning
    negative: Conditioning


@node(
    "ControlNetLoader",
    display_name="Load ControlNet Model",
    category="loaders",
    fingerprint=fingerprints.of_model_file("controlnet", "control_net_name"),
)
def load_control_net(
    *, control_net_name: Annotated[str, Choice(ModelFiles("controlnet"))], context: NodeContext
) -> ControlNet:
    """Load a control network.

    Args:
        control_net_name: a file in models/controlnet, made for the same kind of model as the checkpoint.
    """
    path = context.places.model_path("controlnet", control_net_name)
    return control.load_controlnet(path, precision=context.resource(models.Precision))


@node(
    "DiffControlNetLoader",
    display_name="Load ControlNet Model (diff)",
    category="loaders",
    fingerprint=fingerprints.of_model_file("controlnet", "control_net_name"),
)
def load_control_net_for(
    *, model: Model, control_net_name: Annotated[str, Choice(ModelFiles("controlnet"))], context: NodeContext
) -> ControlNet:
    """Load a control network that was saved as its difference to the model that it steers.

    Args:
        model: which it was trained beside.
        control_net_name: a file in models/controlnet.
    """
    path = context.places.model_path("controlnet", control_net_name)
    return control.load_controlnet(path, precision=context.resource(models.Precision), base=model)


@node("SetUnionControlNetType", category="conditioning/controlnet")
def set_union_type(
    *,
    control_net: ControlNet,
    type: Annotated[str, Choice((NO_KIND, *UNION_KINDS))],
) -> ControlNet:
    """Tell a control network that knows several kinds of pictures which kind it is given; others stay as they are.

    Args:
        type: what the picture shows; "auto" tells the network nothing.
    """
    return control_net.for_kind(type)


@node("ControlNetApply", display_name="Apply ControlNet (OLD)", category="conditioning/controlnet", deprecated=True)
def apply_control_net(
    *, conditioning: Conditioning, control_net: ControlNet, image: Image, strength: Strength = 1.0
) -> Conditioning:
    """Let a picture steer the composition during the whole run, for the positive and the negative prompt alike.

    Args:
        image: what the control network was trained to follow: edges, depth, a pose, ...
        strength: 0 changes nothing.
    """
    if strength == 0:
        return conditioning
    use = control_net.use(image, strength, 0.0, 1.0)
    return conditioning.map(lambda item: item.with_(controls=(*item.controls, use), control_apply_to_uncond=True))


@node("ControlNetApplyAdvanced", display_name="Apply ControlNet", category="conditioning/controlnet")
def apply_control_net_advanced(
    *,
    positive: Conditioning,
    negative: Conditioning,
    control_net: ControlNet,
    image: Image,
    strength: Strength = 1.0,
    start_percent: ShareOfRun = 0.0,
    end_percent: ShareOfRun = 1.0,
    vae: Vae | None = None,
) -> PositiveAndNegative:
    """Let a picture steer the composition, during the whole run or a part of it.

    Args:
        image: what the control network was trained to follow: edges, depth, a pose, ...
        strength: 0 changes nothing.
        start_percent: 0 is pure noise, where composition is decided.
        end_percent: 1 is the finished picture.
        vae: for control networks that look at latents; those of Stable Diffusion 1 look at pictures.
    """
    if strength == 0:
        return PositiveAndNegative(positive, negative)
    use = control_net.use(image, strength, start_percent, end_percent)

    def controlled(conditioning: Conditioning) -> Conditioning:
        return conditioning.map(lambda item: item.with_(controls=(*item.controls, use), control_apply_to_uncond=False))

    return PositiveAndNegative(controlled(positive), controlled(negative))
