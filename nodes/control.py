"""Nodes that let a picture steer the composition through a control network."""

from typing import Annotated, NamedTuple

from engine import control, models, sampling
from engine.control.control_names import NO_KIND, UNION_KINDS
from engine.execution import NodeContext
from engine.graph import Choice, ModelFiles, node
from nodes import fingerprints
from nodes.sockets import Conditioning, ControlNet, Image, Mask, Model, ShareOfRun, Strength, TextEncoder, Vae
from nodes.text import Prompt, encoded


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
    return _applied(positive, negative, control_net, image, strength, (start_percent, end_percent))


@node(
    "ControlNetApplySD3",
    display_name="Apply Controlnet with VAE",
    category="conditioning/controlnet",
    deprecated=True,
)
def apply_control_net_with_vae(
    *,
    positive: Conditioning,
    negative: Conditioning,
    control_net: ControlNet,
    vae: Vae,
    image: Image,
    strength: Strength = 1.0,
    start_percent: ShareOfRun = 0.0,
    end_percent: ShareOfRun = 1.0,
) -> PositiveAndNegative:
    """Let a picture steer the composition, as Apply ControlNet does, which takes a VAE too.

    Args:
        image: what the control network was trained to follow: edges, depth, a pose, ...
        strength: 0 changes nothing.
        start_percent: 0 is pure noise, where composition is decided.
        end_percent: 1 is the finished picture.
        vae: for control networks that look at latents; those of Stable Diffusion 1, 2 and XL look at pictures.
    """
    return _applied(positive, negative, control_net, image, strength, (start_percent, end_percent))


@node("ControlNetInpaintingAliMamaApply", category="conditioning/controlnet")
def apply_inpainting_control_net(
    *,
    positive: Conditioning,
    negative: Conditioning,
    control_net: ControlNet,
    vae: Vae,
    image: Image,
    mask: Mask,
    strength: Strength = 1.0,
    start_percent: ShareOfRun = 0.0,
    end_percent: ShareOfRun = 1.0,
) -> PositiveAndNegative:
    """Let a picture steer what is painted into a part of it, by a control network that reads the mask, too.

    Args:
        vae: for control networks that look at latents; those of Stable Diffusion 1, 2 and XL look at pictures.
        image: the picture; networks that read a mask are not shown what lies under it, others see it whole.
        mask: white where to paint.
        strength: 0 changes nothing.
        start_percent: 0 is pure noise, where composition is decided.
        end_percent: 1 is the finished picture.
    """
    return _applied(positive, negative, control_net, image, strength, (start_percent, end_percent), mask)


def _applied(
    positive: Conditioning,
    negative: Conditioning,
    control_net: ControlNet,
    image: Image,
    strength: float,
    part: tuple[float, float],
    mask: Mask | None = None,
) -> PositiveAndNegative:
    """Both prompts with a control during a part of the run."""
    if strength == 0:
        return PositiveAndNegative(positive, negative)
    use = control_net.use(image, strength, *part, mask)

    def controlled(conditioning: Conditioning) -> Conditioning:
        return conditioning.map(lambda item: item.with_(controls=(*item.controls, use), control_apply_to_uncond=False))

    return PositiveAndNegative(controlled(positive), controlled(negative))


@node(
    "CLIPTextEncodeControlnet",
    category="_for_testing/conditioning",
    experimental=True,
    fingerprint=fingerprints.of_embeddings,
)
def encode_control_text(
    *, clip: TextEncoder, conditioning: Conditioning, text: Prompt, context: NodeContext
) -> Conditioning:
    """Give the control networks that steer through a prompt another prompt to read.

    Args:
        clip: the text encoder of the checkpoint that samples.
        text: what the control networks read; the model itself reads its own prompt.
    """
    said = encoded(clip, text, context)[0]
    extra = {sampling.CONTROL_PROMPT: said.embedding, sampling.CONTROL_POOLED: said.pooled}
    return conditioning.map(lambda item: item.with_(extra={**item.extra, **extra}))
