"""How does a stored picture become the smaller or reduced one that a client asks for? (PIL, imported when used)"""

import io
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import BadFile

if TYPE_CHECKING:
    from PIL import Image

PREVIEW_FORMATS = {"webp": "image/webp", "jpeg": "image/jpeg"}
DEFAULT_QUALITY = 90


def preview(path: Path, asked: str) -> tuple[bytes, str]:
    """Encode a picture small: `asked` is "webp;90", "jpeg" or the like. Gives (bytes, content type)."""
    name, _, quality_text = asked.partition(";")
    kind = "jpeg" if name in ("jpg", "jpeg") else "webp"
    quality = int(quality_text) if quality_text.isdigit() and 0 < int(quality_text[:4]) <= 100 else DEFAULT_QUALITY
    with _opened(path) as image:
        modes = ("RGB",) if kind == "jpeg" else ("RGB", "RGBA")
        shown = (
            image if image.mode in modes else image.convert("RGBA" if _has_alpha(image) and kind == "webp" else "RGB")
        )
        return _encoded(shown, kind, quality=quality), PREVIEW_FORMATS[kind]


def channel(path: Path, asked: str) -> tuple[bytes, str]:
    """Give a picture as PNG with its colours only ("rgb") or its alpha only ("a")."""
    from PIL import Image

    with _opened(path) as image:
        if asked == "rgb":
            return _encoded(image.convert("RGB"), "png"), "image/png"
        alpha = image.convert("RGBA").getchannel("A")
        black = Image.new("RGBA", image.size)
        black.putalpha(alpha)
        return _encoded(black, "png"), "image/png"


def masked(original: Path, mask: Path) -> bytes:
    """Give `original` as PNG with the alpha of `mask`, and with its own workflow kept."""
    from PIL import PngImagePlugin

    with _opened(original) as image, _opened(mask) as over:
        alpha = over.convert("RGBA").getchannel("A")
        if alpha.size != image.size:
            raise BadFile(f"The mask is {alpha.size[0]}x{alpha.size[1]}, its picture {image.size[0]}x{image.size[1]}.")
        texts = PngImagePlugin.PngInfo()
        for key, value in image.info.items():
            if isinstance(key, str) and isinstance(value, str):
                texts.add_text(key, value)
        result = image.convert("RGBA")
        result.putalpha(alpha)
        return _encoded(result, "png", pnginfo=texts)


def _has_alpha(image: "Image.Image") -> bool:
    return "A" in image.mode or "transparency" in image.info


def _encoded(image: "Image.Image", kind: str, **settings: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **settings)
    return buffer.getvalue()


@contextmanager
def _opened(path: Path) -> "Iterator[Image.Image]":
    """Open a picture, upright. Raises BadFile if it is none, or if it would fill the memory."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(path) as image:
                yield ImageOps.exif_transpose(image)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise BadFile(f"{path.name} is too large to be shown: {error}") from None
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError, json.JSONDecodeError) as error:
            raise BadFile(f"{path.name} cannot be read as a picture: {error}") from None
