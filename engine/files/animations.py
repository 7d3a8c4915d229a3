"""How do several arrays become one animated picture file?

Arrays are numpy uint8 (H, W, C). Pillow is imported when first used.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from engine.files.images import as_picture, png_info

if TYPE_CHECKING:
    from PIL import Image

    from engine.files.images import Pixels

# Where this ecosystem's WebP files carry their workflow: EXIF texts "prompt:{...}" and "workflow:{...}"
EXIF_PROMPT = 0x0110
EXIF_EXTRA = 0x010F  # the first of the others; each further one goes below


def encode_webp(
    frames: Sequence[Pixels],
    fps: float,
    texts: Mapping[str, str] | None = None,
    *,
    lossless: bool = True,
    quality: int = 80,
    effort: int = 4,
) -> bytes:
    """Write frames as animated WebP that plays for ever.

    Args:
        texts: what the file carries, such as "prompt" and "workflow".
        quality: 0..100.
        effort: 0 (fast) to 6 (small).
    """
    first, *others = (as_picture(frame) for frame in frames)
    file = io.BytesIO()
    first.save(
        file,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=_milliseconds(fps),
        loop=0,
        lossless=lossless,
        quality=quality,
        method=effort,
        exif=_exif(first, texts or {}),
    )
    return file.getvalue()


def encode_apng(
    frames: Sequence[Pixels], fps: float, texts: Mapping[str, str] | None = None, compress_level: int = 4
) -> bytes:
    """Write frames as animated PNG that plays for ever, with text chunks."""
    first, *others = (as_picture(frame) for frame in frames)
    file = io.BytesIO()
    first.save(
        file,
        "PNG",
        pnginfo=png_info(texts or {}),
        compress_level=compress_level,
        save_all=True,
        append_images=others,
        duration=_milliseconds(fps),
    )
    return file.getvalue()


def _exif(image: Image.Image, texts: Mapping[str, str]) -> Image.Exif:
    exif = image.getexif()
    extra = EXIF_EXTRA
    for key, text in texts.items():
        if key == "prompt":
            exif[EXIF_PROMPT] = f"prompt:{text}"
        else:
            exif[extra] = f"{key}:{text}"
            extra -= 1
    return exif


def _milliseconds(fps: float) -> int:
    return max(1, round(1000 / fps))
