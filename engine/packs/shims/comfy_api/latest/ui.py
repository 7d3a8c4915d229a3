"""`ui`: what nodes show."""

from comfy_api.saving import (
    AudioSaveHelper,
    ImageSaveHelper,
    PreviewAudio,
    PreviewImage,
    PreviewMask,
    PreviewText,
    PreviewUI3D,
    PreviewVideo,
    SavedAudios,
    SavedImages,
    SavedResult,
)

__all__ = [
    "AudioSaveHelper", "ImageSaveHelper", "PreviewAudio", "PreviewImage", "PreviewMask", "PreviewText", "PreviewUI3D",
    "PreviewVideo", "SavedAudios", "SavedImages", "SavedResult",
]  # fmt: skip
