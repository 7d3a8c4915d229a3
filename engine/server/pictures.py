"""How does a stored picture become the smaller or reduced one that a client asks for? Slow: call it in a thread."""

import io
from pathlib import Path
from typing import Literal

from engine.errors import BadFile
from engine.files.images import recode_image

DEFAULT_QUALITY = 90


def preview(path: Path, asked: str) -> tuple[bytes, str]:
    """Encode a picture small: `asked` is "webp;90", "jpeg" or the like. Gives (bytes, content type)."""
    name, _, text = asked.partition(";")
    encoding: Literal["jpeg", "webp"] = "jpeg" if name in ("jpg", "jpeg") else "webp"
    fits = text.isascii() and text.isdigit() and len(text) < 4 and 0 < int(text) <= 100
    return recode_image(path, encoding, quality=int(text) if fits else DEFAULT_QUALITY), f"image/{encoding}"


def channel(path: Path, asked: Literal["rgb", "a"]) -> tuple[bytes, str]:
    """Give a picture as PNG with its colours only, or black with its transparency."""
    return recode_image(path, "png", channel=asked), "image/png"


def masked(original: Path, mask: Path) -> bytes:
    """Give `original` as PNG with the alpha of `mask`, and with its own workflow kept.

    Raises:
        BadFile: one of them is no picture, or their sizes differ.
    """
    colours = recode_image(original, "png", channel="rgb")
    alpha = recode_image(mask, "png", channel="a")
    from PIL import Image, PngImagePlugin

    texts = PngImagePlugin.PngInfo()
    with Image.open(original) as image:
        for key, value in image.info.items():
            if isinstance(key, str) and isinstance(value, str):
                texts.add_text(key, value)
    with Image.open(io.BytesIO(colours)) as image, Image.open(io.BytesIO(alpha)) as over:
        if over.size != image.size:
            raise BadFile(f"The mask is {over.size[0]}x{over.size[1]}, its picture {image.size[0]}x{image.size[1]}.")
        result = image.convert("RGBA")
        result.putalpha(over.getchannel("A"))
    file = io.BytesIO()
    result.save(file, "png", pnginfo=texts)
    return file.getvalue()
