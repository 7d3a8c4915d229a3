"""Nodes that denoise latents."""

from collections.abc import Callable
from typing import Annotated

from engine import control, diffusion, models
from engine.execution import NodeContext
from engine.graph import Choice, node
from nodes.previews import previewer
from nodes.sockets import Cfg, Conditioning, Latent, Model, SamplerName, ScheduleName, Seed, Share, StepIndex, Steps


@node("KSampler", category="sampling")
def ksampler(
    *,
    model: Model,
    seed: Seed = 0,
    steps: Steps = 20,
    cfg: Cfg = 8.0,
    sampler_name: SamplerName,
    scheduler: ScheduleName,
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    denoise: Share = 1.0,
    context: NodeContext,
) -> Latent:
    """Denoise a latent, guided by a positive and a negative prompt.

    Args:
        seed: the noise to start from; the same seed and settings give the same picture.
        steps: more steps are finer and slower.
        cfg: how strongly to follow the prompt; above 15 images usually burn.
        sampler_name: how to step from one noise level to the next.
        scheduler: which noise levels the steps visit.
        positive: what to show.
        negative: what to avoid.
        latent_image: an empty latent to start from nothing, or an encoded picture to change it.
        denoise: 1 starts from pure noise, less keeps more of the input latent.
    """
    with context.resource(models.DeviceMemory).hold(model, *control_nets(model, positive, negative)):
        return diffusion.denoise(
            model,
            latent_image,
            positive,
            negative,
            seed=seed,
            steps=steps,
            cfg=cfg,
            sampler=sampler_name,
            schedule=scheduler,
            denoise=denoise,
            on_step=reporter(context, model),
        )


@node("KSamplerAdvanced", display_name="KSampler (Advanced)", category="sampling")
def ksampler_advanced(
    *,
    model: Model,
    add_noise: Annotated[str, Choice(("enable", "disable"))],
    noise_seed: Seed = 0,
    steps: Steps = 20,
    cfg: Cfg = 8.0,
    sampler_name: SamplerName,
    scheduler: ScheduleName,
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    start_at_step: StepIndex = 0,
    end_at_step: StepIndex = 10_000,
    return_with_leftover_noise: Annotated[str, Choice(("disable", "enable"))],
    context: NodeContext,
) -> Latent:
    """Denoise a latent along a part of the steps, so that several samplers can share one run.

    Args:
        add_noise: disable it where the latent comes, still noisy, from another sampler.
        noise_seed: the noise to start from.
        steps: of the whole run, of which this node takes a part.
        start_at_step: the first step to take, from 0.
        end_at_step: the step before which to stop.
        return_with_leftover_noise: enable it where another sampler goes on from here.
    """
    with context.resource(models.DeviceMemory).hold(model, *control_nets(model, positive, negative)):
        return diffusion.denoise(
            model,
            latent_image,
            positive,
            negative,
            seed=noise_seed,
            steps=steps,
            cfg=cfg,
            sampler=sampler_name,
            schedule=scheduler,
            start_step=start_at_step,
            last_step=end_at_step,
            add_noise=add_noise == "enable",
            force_full_denoise=return_with_leftover_noise == "disable",
            on_step=reporter(context, model),
        )


def reporter(context: NodeContext, model: Model) -> "Callable[[diffusion.Step], None]":
    """Make what tells a node's context of each step, with a preview of the first picture where one would be shown."""
    look = previewer(context, model)

    def report(step: "diffusion.Step") -> None:
        preview = look(step.denoised[:1]) if look is not None and context.wants_preview() else None
        context.progress(step.index + 1, step.total, preview)

    return report


def control_nets(model: Model, *conditionings: Conditioning) -> "list[models.Holdable]":
    """Find the networks that steer a model through these prompts, each once."""
    kinds = (control.ControlNetUse, control.ControlLoraUse, control.AdapterUse)
    items = [item for conditioning in conditionings for item in conditioning]
    nets = [net for item in items for use in item.controls if isinstance(use, kinds) for net in use.holdables(model)]
    others = [net for item in items for layers in models.prompt_layers(item.extra) for net in layers.holdables]
    return list({id(net): net for net in (*nets, *others)}.values())
