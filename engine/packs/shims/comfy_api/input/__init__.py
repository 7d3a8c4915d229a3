"""`comfy_api.input`: what values of the usual kinds are, for type checkers."""

from typing import Any

from comfy_api.videos import VideoInput

ImageInput = MaskInput = Any  # tensors
LatentInput = AudioInput = CurveInput = dict[str, Any]
Image, Mask, Audio, Latent, Video = ImageInput, MaskInput, AudioInput, LatentInput, VideoInput

__all__ = [
    "Audio", "AudioInput", "CurveInput", "Image", "ImageInput", "Latent", "LatentInput", "Mask", "MaskInput", "Video",
    "VideoInput",
]  # fmt: skip
