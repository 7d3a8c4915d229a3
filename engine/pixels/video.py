"""What passes over a VIDEO wire: a file that is decoded when it is needed, or pictures with their sound.

The methods' names are those by which packs of the ecosystem use videos.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from engine.files.video import Sound, read_facts, read_frames, read_sound, write_video


@dataclass(frozen=True, eq=False)
class VideoComponents:
    """A decoded video.

    Attributes:
        images: (B, H, W, 3) float32 in 0..1.
        audio: {"waveform": (1, C, T) float32 in -1..1, "sample_rate": Hz}, or None.
        frame_rate: frames a second.
        metadata: the workflow it carries, if any.
    """

    images: Tensor
    frame_rate: Fraction
    audio: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] | None = None


class Video(Protocol):
    """A video, wherever it comes from."""

    def get_components(self) -> VideoComponents: ...

    def get_dimensions(self) -> tuple[int, int]:
        """(width, height) in pixels."""

    def get_duration(self) -> float:
        """Seconds."""

    def save_to(
        self, path: Any, format: str = "auto", codec: str = "auto", metadata: Mapping[str, Any] | None = None
    ) -> None:
        """Write a file, or into an open binary one; "auto" is H.264 in MP4."""


@dataclass(frozen=True, eq=False)
class VideoOfFrames:
    """A video made of pictures."""

    components: VideoComponents

    def get_components(self) -> VideoComponents:
        return self.components

    def get_dimensions(self) -> tuple[int, int]:
        height, width = self.components.images.shape[1:3]
        return width, height

    def get_duration(self) -> float:
        return float(len(self.components.images) / self.components.frame_rate)

    def save_to(
        self, path: Any, format: str = "auto", codec: str = "auto", metadata: Mapping[str, Any] | None = None
    ) -> None:
        _write(path, encode_video(self.components, "mp4" if format == "auto" else format, codec, metadata))


@dataclass(frozen=True, eq=False)
class VideoFile:
    """A video in a file, or in memory."""

    source: Path | io.BytesIO

    def get_stream_source(self) -> str | io.BytesIO:
        return str(self.source) if isinstance(self.source, Path) else self.source

    def get_container_format(self) -> str:
        return read_facts(self.source).container

    def get_dimensions(self) -> tuple[int, int]:
        facts = read_facts(self.source)
        return facts.width, facts.height

    def get_duration(self) -> float:
        return read_facts(self.source).seconds

    def get_components(self) -> VideoComponents:
        frames = [torch.from_numpy(frame) for frame in read_frames(self.source)]
        images = torch.stack(frames).float() / 255 if frames else torch.zeros(0, 1, 1, 3)
        sound = read_sound(self.source)
        audio = None
        if sound is not None:
            audio = {"waveform": torch.from_numpy(sound.waveform)[None], "sample_rate": sound.hertz}
        return VideoComponents(images, read_facts(self.source).fps, audio)

    def save_to(
        self, path: Any, format: str = "auto", codec: str = "auto", metadata: Mapping[str, Any] | None = None
    ) -> None:
        container = "mp4" if format == "auto" else format
        _write(path, encode_video(self.get_components(), container, codec, metadata))


def encode_video(
    components: VideoComponents,
    container: str,
    codec: str = "auto",
    metadata: Mapping[str, Any] | None = None,
    options: Mapping[str, str] | None = None,
) -> bytes:
    """Write pictures and sound as a video file.

    Args:
        container: "mp4" or "webm".
        codec: "h264", "vp9", "av1", or "auto": H.264 in MP4, VP9 in WebM.
        metadata: texts by key, which the file carries.
        options: for the encoder.
    """
    chosen = codec if codec != "auto" else {"mp4": "h264", "webm": "vp9"}[container]
    frames = ((image * 255).clamp(0, 255).to(torch.uint8).cpu().numpy() for image in components.images)
    texts = {key: str(text) for key, text in (metadata or {}).items()}
    sound = _sound(components.audio)
    return write_video(
        frames, components.frame_rate, container=container, codec=chosen, options=options, sound=sound, texts=texts
    )


def _sound(audio: Mapping[str, Any] | None) -> Sound | None:
    if audio is None:
        return None
    waveform = audio["waveform"][0][:2].float().cpu().contiguous()
    return Sound(waveform.numpy(), int(audio["sample_rate"]))


def _write(path: Any, data: bytes) -> None:
    if hasattr(path, "write"):
        path.write(data)
    else:
        Path(path).write_bytes(data)
