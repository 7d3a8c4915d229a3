"""Draws with the companions as a workflow would: through the engine's own nodes, from the folder of models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from engine import models
from engine.execution import Resources
from engine.files.places import Places
from engine.sampling import Conditioning, Latent
from nodes import control, image, image_conditioning, latent, loaders, lora, sampling, text, vae, vision
from tools.tiny_model.scenes import SIZE

CHECKPOINT = "weft-tiny.safetensors"
STEPS, CFG = 20, 4.0
T = TypeVar("T")


class Bench:
    """The shipped checkpoint and its companions, with what nodes need to be called. Satisfies NodeContext.

    Args:
        root: the folder that holds `models`.
        companions: another folder of models that is searched first, for files that are not finished yet.
    """

    job, node_id, prompt, extra_pnginfo = "job", "1", None, None

    def __init__(self, root: Path, companions: Path | None = None, precision: models.Precision | None = None) -> None:
        places = Places.under(root)
        if companions is not None:
            first = Places.under(companions.parent).model_roots if companions.name == "models" else {}
            roots = {name: (*first.get(name, ()), *folders) for name, folders in places.model_roots.items()}
            places = replace(places, model_roots=roots)
        self.places = places
        self._resources = Resources({models.Precision: lambda: precision or models.choose_precision("cpu")})

    def resource(self, kind: type[T]) -> T:
        return self._resources.get(kind)

    def progress(self, value: float, maximum: float, preview: object = None) -> None:
        """Nobody watches."""

    def wants_preview(self) -> bool:
        return False

    def show_text(self, said: str) -> None:
        raise ValueError(said)  # such as an embedding that is missing

    def check_cancelled(self) -> None:
        """Nobody cancels."""

    @cached_property
    def vision(self) -> Any:
        """The vision encoder of the unCLIP variant, by CLIPVisionLoader."""
        return vision.load_clip_vision(clip_name="weft-tiny-vision.safetensors", context=self)

    @cached_property
    def checkpoint(self) -> Any:
        """(model, clip, vae) by CheckpointLoaderSimple."""
        return loaders.load_checkpoint(ckpt_name=CHECKPOINT, context=self)

    @cached_property
    def tiny_vae(self) -> Any:
        """The tiny VAE by VAELoader: its decoder keeps more of a picture than the checkpoint's."""
        return loaders.load_vae(vae_name="taesd-weft-tiny", context=self)

    def variant(self, name: str) -> Any:
        """A network of models/diffusion_models by UNETLoader."""
        return loaders.load_network(unet_name=f"{name}.safetensors", weight_dtype="default", context=self)

    def with_lora(self, name: str, strength: float = 1.0) -> Any:
        """(model, clip) by LoraLoader."""
        model, clip, _ = self.checkpoint
        return lora.load_lora(
            model=model,
            clip=clip,
            lora_name=f"{name}.safetensors",
            strength_model=strength,
            strength_clip=strength,
            context=self,
        )

    def say(self, words: str, clip: Any = None) -> Conditioning:
        """A prompt by CLIPTextEncode."""
        return text.encode_text(text=words, clip=clip or self.checkpoint[1], context=self)

    def draw(
        self, positive: Conditioning, negative: Conditioning | None = None, start: Latent | None = None, *, seed: int,
        model: Any = None, cfg: float = CFG, steps: int = STEPS, decoder: Any = None,
    ) -> np.ndarray:  # fmt: skip
        """One picture by KSampler and VAEDecode, the checkpoint's VAE or another one: uint8 (H, W, 3)."""
        drawn = sampling.ksampler(
            model=model or self.checkpoint[0],
            seed=seed,
            steps=steps,
            cfg=cfg,
            sampler_name="dpmpp_2m",
            scheduler="karras",
            positive=positive,
            negative=negative or self.say(""),
            latent_image=start or latent.make_empty(width=SIZE, height=SIZE, batch_size=1),
            context=self,
        )
        return to_picture(vae.decode(samples=drawn, vae=decoder or self.checkpoint[2], context=self))

    def rebuilt(self, picture: np.ndarray, decoder: Any = None) -> np.ndarray:
        """A picture encoded and decoded: all that the VAE can keep of it."""
        encoded = vae.encode(pixels=to_image(picture), vae=self.checkpoint[2], context=self)
        return to_picture(vae.decode(samples=encoded, vae=decoder or self.checkpoint[2], context=self))

    def controlled(self, name: str, hint: np.ndarray, words: str, *, seed: int, steps: int = STEPS) -> np.ndarray:
        """A picture whose composition a map steers: ControlNetLoader, ControlNetApplyAdvanced."""
        network = control.load_control_net(control_net_name=f"{name}.safetensors", context=self)
        steered = control.apply_control_net_advanced(
            positive=self.say(words),
            negative=self.say(""),
            control_net=network,
            image=to_image(hint),
        )
        return self.draw(steered.positive, steered.negative, seed=seed, steps=steps)

    def inpainted(
        self, model: Any, picture: np.ndarray, mask: np.ndarray, words: str, *, seed: int, steps: int = STEPS
    ) -> np.ndarray:
        """A part of a picture made anew by the inpainting variant: InpaintModelConditioning."""
        steering = image_conditioning.inpaint_model_conditioning(
            positive=self.say(words),
            negative=self.say(""),
            vae=self.checkpoint[2],
            pixels=to_image(picture),
            mask=torch.from_numpy(mask)[None],
            context=self,
        )
        return self.draw(steering.positive, steering.negative, steering.latent, model=model, seed=seed, steps=steps)

    def masked(self, picture: np.ndarray, mask: np.ndarray, words: str, *, seed: int) -> np.ndarray:
        """The same by the base alone: VAEEncode, SetLatentNoiseMask."""
        encoded = vae.encode(pixels=to_image(picture), vae=self.checkpoint[2], context=self)
        start = latent.set_noise_mask(samples=encoded, mask=torch.from_numpy(mask)[None])
        return self.draw(self.say(words), start=start, seed=seed)

    def edited(self, model: Any, picture: np.ndarray, words: str, *, seed: int, steps: int = STEPS) -> np.ndarray:
        """A picture changed as told by the editing variant: InstructPixToPixConditioning."""
        steering = image_conditioning.instruct_pix_to_pix_conditioning(
            positive=self.say(words),
            negative=self.say(""),
            vae=self.checkpoint[2],
            pixels=to_image(picture),
            context=self,
        )
        return self.draw(steering.positive, steering.negative, steering.latent, model=model, seed=seed, steps=steps)

    def enlarged(self, small: np.ndarray, method: str = "bicubic") -> np.ndarray:
        """A picture at twice its size by ImageScaleBy."""
        return to_picture(image.scale_by(image=to_image(small), upscale_method=method, scale_by=2.0))

    def upscaled(self, model: Any, small: np.ndarray, *, seed: int, steps: int = 8) -> np.ndarray:
        """A picture at twice its size by the upscaling variant and the tiny VAE: InstructPixToPixConditioning."""
        steering = image_conditioning.instruct_pix_to_pix_conditioning(
            positive=self.say(""),
            negative=self.say(""),
            vae=self.checkpoint[2],
            pixels=image.scale_by(image=to_image(small), upscale_method="bicubic", scale_by=2.0),
            context=self,
        )
        return self.draw(
            steering.positive, steering.negative, steering.latent, seed=seed, model=model, cfg=1.0, steps=steps,
            decoder=self.tiny_vae,
        )  # fmt: skip

    def varied(
        self, model: Any, shares: Sequence[tuple[np.ndarray, float]], words: str = "", *, seed: int,
        noise: float = 0.0, steps: int = STEPS,
    ) -> np.ndarray:  # fmt: skip
        """What the unCLIP variant makes of pictures and how much each counts: CLIPVisionEncode, unCLIPConditioning."""
        steered = self.say(words)
        for picture, strength in shares:
            seen = vision.encode_vision(clip_vision=self.vision, image=to_image(picture), crop="center", context=self)
            steered = vision.unclip_conditioning(
                conditioning=steered, clip_vision_output=seen, strength=strength, noise_augmentation=noise
            )
        return self.draw(steered, seed=seed, model=model, steps=steps)


def to_image(picture: np.ndarray) -> torch.Tensor:
    """uint8 (H, W, 3) -> float (1, H, W, 3) in 0..1."""
    return torch.from_numpy(picture)[None].float() / 255


def to_picture(image: torch.Tensor) -> np.ndarray:
    return (image[0].clamp(0, 1) * 255 + 0.5).byte().numpy()
