"""VIDEO values as packs make and read them: those of our own nodes, by the ecosystem's names."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

from engine.pixels.video import VideoComponents, VideoFile, VideoOfFrames


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


class VideoInput(ABC):
    """Base of what passes over a VIDEO wire, for packs that make their own or ask `isinstance`."""

    @abstractmethod
    def get_components(self) -> VideoComponents:
        """Decode it."""

    @abstractmethod
    def save_to(self, path: Any, format: Any = "auto", codec: Any = "auto", metadata: Any = None) -> None:
        """Write a file, or into an open binary one."""

    def get_dimensions(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        height, width = self.get_components().images.shape[1:3]
        return width, height

    def get_duration(self) -> float:
        """Seconds."""
        parts = self.get_components()
        return float(len(parts.images) / parts.frame_rate)


VideoInput.register(VideoFile)  # those of our own nodes
VideoInput.register(VideoOfFrames)
LARGEST_DENOMINATOR = 1001  # 30000/1001 frames a second is what television takes for 29.97


class _SavedByNames:
    """Takes containers and codecs as texts or as members of their enums."""

    def save_to(self, path: Any, format: str = "auto", codec: str = "auto", metadata: Any = None) -> None:
        """Write a file, or into an open binary one; "auto" is H.264 in MP4."""
        super().save_to(path, VideoContainer(format).value, VideoCodec(codec).value, metadata)  # type: ignore[misc]


class VideoFromFile(_SavedByNames, VideoFile):
    """A video in a file, or in memory."""

    def __init__(self, file: str | Path | io.BytesIO, **_: Any) -> None:
        super().__init__(file if isinstance(file, io.BytesIO) else Path(file))


class VideoFromComponents(_SavedByNames, VideoOfFrames):
    """A video made of pictures and sound."""

    def __init__(self, components: VideoComponents) -> None:
        rate = Fraction(components.frame_rate).limit_denominator(LARGEST_DENOMINATOR)
        super().__init__(VideoComponents(components.images, rate, components.audio, components.metadata))


class MESH:
    """Vertices (B, V, 3) and faces (B, F, 3)."""

    def __init__(self, vertices: Any, faces: Any, **more: Any) -> None:
        self.vertices, self.faces = vertices, faces
        self.__dict__.update(more)


class VOXEL:
    """Densities (B, D, H, W)."""

    def __init__(self, data: Any) -> None:
        self.data = data
