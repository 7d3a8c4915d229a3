"""VIDEO values as packs make and read them: those of our own nodes, by the ecosystem's names."""

from __future__ import annotations

import io
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

from engine.pixels.video import Video, VideoComponents, VideoFile, VideoOfFrames


class VideoContainer(StrEnum):
    """Kinds of video files."""

    AUTO = "auto"
    MP4 = "mp4"
    WEBM = "webm"

    @classmethod
    def as_input(cls) -> list[str]:
        return [member.value for member in cls]

    @classmethod
    def get_extension(cls, value: Any) -> str:
        return "mp4" if cls(value) is cls.AUTO else cls(value).value


class VideoCodec(StrEnum):
    """Ways to encode the pictures."""

    AUTO = "auto"
    H264 = "h264"
    VP9 = "vp9"
    AV1 = "av1"

    @classmethod
    def as_input(cls) -> list[str]:
        return [member.value for member in cls]


VideoInput = Video


class VideoFromFile(VideoFile):
    """A video in a file, or in memory."""

    def __init__(self, file: str | Path | io.BytesIO, **_: Any) -> None:
        super().__init__(file if isinstance(file, io.BytesIO) else Path(file))


class VideoFromComponents(VideoOfFrames):
    """A video made of pictures and sound."""

    def __init__(self, components: Any) -> None:
        super().__init__(
            VideoComponents(
                components.images,
                Fraction(components.frame_rate),
                getattr(components, "audio", None),
                getattr(components, "metadata", None),
            )
        )


class Components:
    """Pictures, sound and frame rate, to be made into a video."""

    def __init__(self, images: Any, frame_rate: Fraction, audio: Any = None, metadata: Any = None) -> None:
        self.images, self.frame_rate, self.audio, self.metadata = images, frame_rate, audio, metadata


class MESH:
    """Vertices (B, V, 3) and faces (B, F, 3)."""

    def __init__(self, vertices: Any, faces: Any, **more: Any) -> None:
        self.vertices, self.faces = vertices, faces
        self.__dict__.update(more)


class VOXEL:
    """Densities (B, D, H, W)."""

    def __init__(self, data: Any) -> None:
        self.data = data
