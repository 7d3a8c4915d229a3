"""`ui`: what a node shows, and the files that it saves for that."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from comfy_api.kinds import FolderType
from engine.files.animations import encode_apng, encode_webp
from engine.files.images import encode_png, png_texts
from engine.files.saving import NumberedFiles
from engine.packs.current import running_node
from engine.packs.surroundings import present_places

FAST_COMPRESSION = 1


class SavedResult(dict[str, str]):
    """A file that was saved, as clients ask for it."""

    def __init__(self, filename: str, subfolder: str, type: FolderType | str) -> None:
        super().__init__(filename=filename, subfolder=subfolder, type=str(FolderType(type)))

    filename = property(lambda self: self["filename"])
    subfolder = property(lambda self: self["subfolder"])
    type = property(lambda self: FolderType(self["type"]))


class SavedImages:
    """Pictures that were saved."""

    def __init__(self, results: Sequence[SavedResult], is_animated: bool = False) -> None:
        self.results, self.is_animated = list(results), is_animated

    def as_dict(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"images": self.results}
        return {**shown, "animated": (True,)} if self.is_animated else shown


class SavedAudios:
    """Sounds that were saved."""

    def __init__(self, results: Sequence[SavedResult]) -> None:
        self.results = list(results)

    def as_dict(self) -> dict[str, Any]:
        return {"audio": self.results}


class ImageSaveHelper:
    """Saves IMAGEs, (B, H, W, C) float32 in 0..1, with the workflow inside where `cls` is the running node's class."""

    @staticmethod
    def save_images(
        images: Any, filename_prefix: str, folder_type: FolderType, cls: Any = None, compress_level: int = 4
    ) -> list[SavedResult]:
        files, texts = _files(images, filename_prefix, folder_type), _texts(cls)
        data = (encode_png(picture, texts, compress_level) for picture in _eight_bit(images))
        return [_saved(files, picture, ".png") for picture in data]

    @staticmethod
    def get_save_images_ui(images: Any, filename_prefix: str, cls: Any = None, compress_level: int = 4) -> SavedImages:
        return SavedImages(ImageSaveHelper.save_images(images, filename_prefix, FolderType.output, cls, compress_level))

    @staticmethod
    def save_animated_png(
        images: Any, filename_prefix: str, folder_type: FolderType, cls: Any, fps: float, compress_level: int
    ) -> SavedResult:
        data = encode_apng(_eight_bit(images), fps, _texts(cls), compress_level)
        return _saved(_files(images, filename_prefix, folder_type), data, ".png")

    @staticmethod
    def get_save_animated_png_ui(
        images: Any, filename_prefix: str, cls: Any, fps: float, compress_level: int
    ) -> SavedImages:
        saved = ImageSaveHelper.save_animated_png(images, filename_prefix, FolderType.output, cls, fps, compress_level)
        return SavedImages([saved], is_animated=len(images) > 1)

    @staticmethod
    def save_animated_webp(
        images: Any,
        filename_prefix: str,
        folder_type: FolderType,
        cls: Any,
        fps: float,
        lossless: bool,
        quality: int,
        method: int,
    ) -> SavedResult:
        data = encode_webp(_eight_bit(images), fps, _texts(cls), lossless=lossless, quality=quality, effort=method)
        return _saved(_files(images, filename_prefix, folder_type), data, ".webp")

    @staticmethod
    def get_save_animated_webp_ui(
        images: Any, filename_prefix: str, cls: Any, fps: float, lossless: bool, quality: int, method: int
    ) -> SavedImages:
        saved = ImageSaveHelper.save_animated_webp(
            images, filename_prefix, FolderType.output, cls, fps, lossless, quality, method
        )
        return SavedImages([saved], is_animated=len(images) > 1)


class AudioSaveHelper:
    """Saves AUDIO, {"waveform": (B, C, T) float32 in -1..1, "sample_rate": Hz}, by PyAV."""

    @staticmethod
    def save_audio(
        audio: Mapping[str, Any],
        filename_prefix: str,
        folder_type: FolderType,
        cls: Any = None,
        format: str = "flac",
        quality: str = "128k",
    ) -> list[SavedResult]:
        from engine.files.sound import encode_sound

        files, texts = NumberedFiles(present_places(), str(FolderType(folder_type)), filename_prefix), _texts(cls)  # type: ignore[arg-type]
        rate = int(audio["sample_rate"])
        tracks = (waveform.float().cpu().numpy() for waveform in audio["waveform"])
        return [_saved(files, encode_sound(track, rate, format, quality, texts), f".{format}") for track in tracks]

    @staticmethod
    def get_save_audio_ui(
        audio: Mapping[str, Any], filename_prefix: str, cls: Any = None, format: str = "flac", quality: str = "128k"
    ) -> SavedAudios:
        return SavedAudios(AudioSaveHelper.save_audio(audio, filename_prefix, FolderType.output, cls, format, quality))


class PreviewImage:
    """Shows pictures, which are deleted when the server starts again."""

    def __init__(self, image: Any, animated: bool = False, cls: Any = None, **_: Any) -> None:
        self.animated = animated
        self.values = ImageSaveHelper.save_images(image, _temporary(), FolderType.temp, cls, FAST_COMPRESSION)

    def as_dict(self) -> dict[str, Any]:
        return {"images": self.values, "animated": (self.animated,)}


class PreviewMask(PreviewImage):
    """Shows masks, (B, H, W), as grey pictures."""

    def __init__(self, mask: Any, animated: bool = False, cls: Any = None, **more: Any) -> None:
        grey = mask.reshape(-1, *mask.shape[-2:], 1).expand(-1, -1, -1, 3)
        super().__init__(grey, animated, cls, **more)


class PreviewAudio:
    """Plays sounds, which are deleted when the server starts again."""

    def __init__(self, audio: Mapping[str, Any], cls: Any = None, **_: Any) -> None:
        self.values = AudioSaveHelper.save_audio(audio, _temporary(), FolderType.temp, cls)

    def as_dict(self) -> dict[str, Any]:
        return {"audio": self.values}


class PreviewVideo:
    """Plays videos that were saved."""

    def __init__(self, values: Sequence[SavedResult], **_: Any) -> None:
        self.values = list(values)

    def as_dict(self) -> dict[str, Any]:
        return {"images": self.values, "animated": (True,)}


class PreviewUI3D:
    """Shows a 3D model that was saved, from a camera's place."""

    def __init__(self, model_file: str, camera_info: Any = None, **more: Any) -> None:
        self.model_file, self.camera_info, self.more = model_file, camera_info, more

    def as_dict(self) -> dict[str, Any]:
        return {"result": [self.model_file, self.camera_info, *self.more.values()]}


class PreviewText:
    """Shows a text."""

    def __init__(self, value: str, **_: Any) -> None:
        self.value = value

    def as_dict(self) -> dict[str, Any]:
        return {"text": (self.value,)}


def _temporary() -> str:
    return f"preview_{secrets.token_hex(4)}"


def _texts(cls: Any) -> dict[str, str]:
    """The prompt and the workflow, for a node that hands over its class; unless results must not carry them."""
    context = running_node() if cls is not None else None
    return {} if context is None else png_texts(context.prompt, context.extra_pnginfo)


def _files(images: Any, prefix: str, folder: FolderType | str) -> NumberedFiles:
    height, width = images.shape[1:3]
    values = {"width": width, "height": height}
    return NumberedFiles(present_places(), str(FolderType(folder)), prefix, values)  # type: ignore[arg-type]


def _saved(files: NumberedFiles, data: bytes, suffix: str) -> SavedResult:
    return SavedResult(**files.save(data, suffix).json())


def _eight_bit(images: Any) -> list[Any]:
    import numpy as np

    values = np.clip(images.detach().cpu().float().numpy() * np.float32(255.0), 0, 255).astype(np.uint8)
    return list(values)
