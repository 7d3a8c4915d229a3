"""How do arrays become sound files?

Waveforms are numpy float32 (channels, T) in -1..1. PyAV is imported when first used.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.errors import EngineError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CODECS = {"flac": "flac", "mp3": "libmp3lame", "opus": "libopus"}
OPUS_HZ = 48000


def encode_sound(
    waveform: NDArray[np.float32],
    hertz: int,
    container: str = "flac",
    quality: str = "128k",
    texts: Mapping[str, str] | None = None,
) -> bytes:
    """Write a sound file.

    Args:
        container: "flac", "mp3" or "opus".
        quality: bits a second, such as "128k", or "V0" for MP3's best; FLAC loses nothing.
        texts: what the file carries as metadata.

    Raises:
        EngineError: no such container, or the encoder refuses the sound.
    """
    import av
    import numpy as np

    if container not in CODECS:
        raise EngineError(f"Sounds are saved as {', '.join(CODECS)}, not as {container!r}.")
    rate = OPUS_HZ if container == "opus" else hertz
    layout = "mono" if len(waveform) == 1 else "stereo"
    file = io.BytesIO()
    try:
        with av.open(file, "w", format=container) as output:
            for key, text in (texts or {}).items():
                output.metadata[key] = text
            stream: Any = output.add_stream(CODECS[container], rate=rate, layout=layout)
            if quality.endswith("k"):
                stream.bit_rate = int(quality[:-1]) * 1000
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(waveform[:2]), "fltp", layout)
            frame.sample_rate, frame.pts = hertz, 0
            for part in av.AudioResampler(format=stream.format.name, layout=layout, rate=rate).resample(frame):
                output.mux(stream.encode(part))
            output.mux(stream.encode(None))
    except av.FFmpegError as error:
        raise EngineError(f"The sound cannot be written as {container}: {error}.") from error
    return file.getvalue()
