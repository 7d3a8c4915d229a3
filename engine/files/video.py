"""How do video files become arrays, and arrays video files?

Frames are numpy uint8 (H, W, 3), sound float32 (channels, T) in -1..1. PyAV is imported when first used.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from engine.errors import BadFile, EngineError
from engine.files.images import MAX_PIXELS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Frame = NDArray[np.uint8]
    Waveform = NDArray[np.float32]

VIDEO_SUFFIXES = frozenset({".mp4", ".webm", ".mkv", ".mov", ".avi", ".m4v", ".gif", ".mpg", ".mpeg", ".wmv", ".ogv"})
# What is opened is one file, whatever its name says: no playlist that names other files or hosts.
ONE_FILE = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,mp4,matroska,webm,avi,flv,mpegts,mpeg,mpegvideo,m4v,ogg,asf,mxf,nut,ivf,dv,rm,gif,apng,"
    "h264,hevc,obu,wav,mp3,flac,aac",
}
CODECS = {"h264": "libx264", "vp9": "libvpx-vp9", "av1": "libsvtav1"}
SOUND_CODECS = {"mp4": "aac", "webm": "libopus"}
OPUS_HZ = 48000

Source = Path | io.BytesIO


@dataclass(frozen=True)
class VideoFacts:
    """What a video file says of itself: pixels, frames a second, seconds, and its container's name."""

    width: int
    height: int
    fps: Fraction
    seconds: float
    container: str


@dataclass(frozen=True)
class Sound:
    """(channels, T) float32 in -1..1, and samples a second."""

    waveform: Waveform
    hertz: int


def read_facts(source: Source) -> VideoFacts:
    """Read what a video file is, without decoding it. Raises BadFile."""
    with _opened(source) as container:
        stream = _pictures(container, source)
        fps = Fraction(stream.average_rate or stream.guessed_rate or 1)
        return VideoFacts(stream.width, stream.height, fps, _seconds(container, stream), container.format.name)


def read_frames(source: Source) -> Iterator[Frame]:
    """Yield a video's frames, (H, W, 3) uint8.

    Raises:
        BadFile: not a video, damaged, or of more than `MAX_PIXELS` in all.
    """
    with _opened(source) as container:
        pixels = 0
        for frame in container.decode(_pictures(container, source)):
            pixels += frame.width * frame.height
            if pixels > MAX_PIXELS:
                raise BadFile(
                    f"{_name(source)} is too long: more than {MAX_PIXELS} pixels, all frames together. Cut it first."
                )
            yield frame.to_ndarray(format="rgb24")


def read_sound(source: Source) -> Sound | None:
    """Read a file's first sound track, or None where it has none. Raises BadFile."""
    import av
    import numpy as np

    with _opened(source) as container:
        if not container.streams.audio:
            return None
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="fltp", layout=stream.layout.name, rate=stream.rate)
        parts = [part.to_ndarray() for frame in container.decode(stream) for part in resampler.resample(frame)]
        parts += [part.to_ndarray() for part in resampler.resample(None)]
        if not parts:
            return None
        return Sound(np.concatenate(parts, axis=1).astype(np.float32), int(stream.rate))


def write_video(
    frames: Iterable[Frame],
    fps: Fraction,
    *,
    container: str,
    codec: str,
    options: Mapping[str, str] | None = None,
    sound: Sound | None = None,
    texts: Mapping[str, str] | None = None,
) -> bytes:
    """Write a video file.

    Args:
        frames: all of one size; a last odd row or column is left out, which the colour format of videos needs.
        container: "mp4" or "webm".
        codec: "h264", "vp9" or "av1".
        options: for the encoder, such as {"crf": "32"}.
        texts: what the file carries as metadata, such as "prompt" and "workflow".

    Raises:
        EngineError: no frames, or the encoder refuses them.
    """
    import av

    with TemporaryDirectory() as folder:  # an MP4 that begins to play at once is written in two passes over a file
        path = Path(folder) / f"video.{container}"
        try:
            with av.open(str(path), "w", format=container, options=_container_options(container)) as output:
                for key, text in (texts or {}).items():
                    output.metadata[key] = text
                _write_tracks(output, container, frames, fps, CODECS[codec], dict(options or {}), sound)
        except av.FFmpegError as error:
            raise EngineError(f"The video cannot be written as {codec} in {container}: {error}.") from error
        return path.read_bytes()


def _container_options(container: str) -> dict[str, str]:
    """Let players start before all is there, and MP4 hold texts under any key."""
    return {"movflags": "use_metadata_tags+faststart"} if container == "mp4" else {}


def _write_tracks(
    output: Any,
    container: str,
    frames: Iterable[Frame],
    fps: Fraction,
    encoder: str,
    options: dict[str, str],
    sound: Sound | None,
) -> None:
    import av

    stream = output.add_stream(encoder, rate=fps, options=options)
    stream.pix_fmt = "yuv420p"
    track = None if sound is None else _sound_track(output, container, sound)
    count = 0
    for count, pixels in enumerate(frames, 1):
        height, width = (side - side % 2 for side in pixels.shape[:2])
        if count == 1:
            stream.height, stream.width = height, width
        frame = av.VideoFrame.from_ndarray(pixels[:height, :width, :3].copy(), format="rgb24")
        output.mux(stream.encode(frame))
    if not count:
        raise EngineError("There are no pictures to make a video of. Expected at least one.")
    output.mux(stream.encode(None))
    if sound is not None:
        _write_sound(output, track, sound, count / fps)


def _sound_track(output: Any, container: str, sound: Sound) -> Any:
    hertz = OPUS_HZ if SOUND_CODECS[container] == "libopus" else sound.hertz
    return output.add_stream(SOUND_CODECS[container], rate=hertz, layout=_layout(sound))


def _write_sound(output: Any, track: Any, sound: Sound, seconds: Fraction) -> None:
    """Encode as much sound as there are pictures."""
    import av
    import numpy as np

    length = int(seconds * sound.hertz)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.waveform[:, :length]), "fltp", _layout(sound))
    frame.sample_rate = sound.hertz
    frame.pts = 0
    output.mux(track.encode(frame))
    output.mux(track.encode(None))


def _layout(sound: Sound) -> str:
    return "mono" if sound.waveform.shape[0] == 1 else "stereo"


@contextmanager
def _opened(source: Source) -> Iterator[Any]:
    import av

    if isinstance(source, io.BytesIO):
        source.seek(0)
    try:
        with av.open(source if isinstance(source, io.BytesIO) else str(source), options=dict(ONE_FILE)) as container:
            yield container
    except (av.FFmpegError, OSError) as error:
        raise BadFile(
            f"{_name(source)} cannot be read as a video ({error}). Expected an undamaged MP4, WebM or the like: "
            "convert it, or choose another file."
        ) from error


def _pictures(container: Any, source: Source) -> Any:
    if not container.streams.video:
        raise BadFile(f"{_name(source)} holds no pictures, only sound. Choose a video.")
    return container.streams.video[0]


def _seconds(container: Any, stream: Any) -> float:
    if container.duration is not None:
        return float(container.duration / 1_000_000)  # av.time_base: microseconds
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return 0.0


def _name(source: Source) -> str:
    return source.name if isinstance(source, Path) else "The video"
