"""How do picture files become arrays, and arrays picture files?

Arrays are numpy: uint8 (H, W, C) or float32 in 0..1. numpy and Pillow are imported when first used.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.errors import BadFile, EngineError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    Pixels = NDArray[np.uint8]
    Floats = NDArray[np.float32]

log = logging.getLogger(__name__)

MAX_PIXELS = 16384 * 16384  # in one file, all frames together: 3 GiB once they are float32 RGB
MAX_FRAME_PIXELS = 2**27  # in one frame: 11585 x 11585
MAX_FRAMES = 4096
IMAGE_SUFFIXES = frozenset(
    {".png", ".apng", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".ppm", ".pgm", ".pbm"}
)
# Pillow's other decoders are seldom used, little tested, or (EPS) start another program
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "PPM")
Channel = Literal["rgba", "rgb", "a"]


@dataclass(frozen=True)
class Frames:
    """What a picture file shows.

    Attributes:
        pixels: (B, H, W, 3) float32 in 0..1, as stored: not multiplied by alpha.
        opacity: (B, H, W) float32 in 0..1, or None where the file has no transparency.
    """

    pixels: Floats
    opacity: Floats | None


def read_image(path: Path) -> Frames:
    """Read a picture upright (EXIF orientation), all its frames if it is animated.

    16-bit PNGs and greys, and float greys, keep their precision; floats are taken as 0..1. Frames of another size than
    the first are left out.

    Raises:
        BadFile: not a picture, damaged, or of more than `MAX_PIXELS` in all.
    """
    import numpy as np

    with _opened(path) as image:
        is_deep = _is_deep_colour(path, image)
        frames = [_deep_frame(path) if is_deep else _frame(frame) for frame in _frames(path, image)]
    same = [frame for frame in frames if frame[0].shape == frames[0][0].shape]
    pixels = np.stack([colours for colours, _ in same])
    if all(opacity is None for _, opacity in same):
        return Frames(pixels, None)
    opaque = np.ones(pixels.shape[1:3], np.float32)
    return Frames(pixels, np.stack([opaque if opacity is None else opacity for _, opacity in same]))


def read_channel(path: Path, channel: Literal["red", "green", "blue", "alpha"]) -> Floats | None:
    """Read one channel of a picture's first frame, upright: (H, W) float32 in 0..1, or None where it has no alpha.

    Raises:
        BadFile: as for `read_image`.
    """
    with _opened(path) as image:
        colours, opacity = _frame(next(_frames(path, image)))
    if channel == "alpha":
        return opacity
    plane: Floats = colours[..., ("red", "green", "blue").index(channel)].copy()
    return plane


def encode_png(pixels: Pixels, texts: Mapping[str, str] | None = None, compress_level: int = 4) -> bytes:
    """Write uint8 (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) as PNG, with text chunks.

    Args:
        compress_level: 0 (large, fast) to 9; above 4 pictures hardly shrink further.

    Raises:
        EngineError: a text's key cannot stand in a PNG.
    """
    file = io.BytesIO()
    as_picture(pixels).save(file, "PNG", pnginfo=png_info(texts or {}), compress_level=compress_level)
    return file.getvalue()


def png_info(texts: Mapping[str, str]) -> PngInfo:
    """Make the text chunks of a PNG. Raises EngineError where a key cannot stand in one."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for key, text in texts.items():
        if not (1 <= len(key) <= 79 and key.isascii() and key.isprintable()):
            raise EngineError(f"A PNG cannot hold text under the key {key[:40]!r}: use 1 to 79 plain letters.")
        info.add_text(key, text)
    return info


def png_texts(prompt: Mapping[str, Any] | None, extra: Mapping[str, Any] | None) -> dict[str, str]:
    """Give the text chunks that make a picture carry its workflow: "prompt", and each key of `extra` ("workflow")."""
    texts = {} if prompt is None else {"prompt": json.dumps(prompt)}
    return texts | {key: json.dumps(value) for key, value in (extra or {}).items()}


def encode_preview(pixels: Pixels, max_side: int = 512, quality: int = 80) -> bytes:
    """Write uint8 (H, W, 3) as JPEG whose longer side is `max_side`, enlarged if it is smaller: latents are."""
    from PIL import Image

    image = as_picture(pixels)
    scale = max_side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if size != image.size:
        image = image.resize(size, Image.Resampling.BILINEAR)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def recode_image(
    path: Path,
    encoding: Literal["webp", "jpeg", "png"],
    *,
    quality: int = 90,
    channel: Channel = "rgba",
    max_side: int | None = None,
) -> bytes:
    """Read a picture's first frame and write it in another encoding, for a browser.

    Args:
        quality: 1..100, of webp and jpeg.
        channel: "rgb" drops transparency; "a" gives black with the picture's transparency.
        max_side: shrink to this longer side; None keeps the size.

    Raises:
        BadFile: as for `read_image`.
    """
    with _opened(path) as image:
        first = _upright(next(_frames(path, image)))
        if channel == "a":
            shown = _alpha_only(first)
        else:
            shown = first.convert("RGB" if channel == "rgb" or encoding == "jpeg" else "RGBA")
    if encoding == "jpeg":
        shown = shown.convert("RGB")
    if max_side is not None and max(shown.size) > max_side:
        shown.thumbnail((max_side, max_side))
    file = io.BytesIO()
    shown.save(file, encoding.upper(), **({} if encoding == "png" else {"quality": quality}))
    return file.getvalue()


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open a picture; whatever its decoder raises until the end of the block becomes BadFile."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with Image.open(path, formats=FORMATS) as image:
            yield image
    except (BadFile, MemoryError):
        raise
    except FileNotFoundError as error:
        raise BadFile(f"There is no file {path}: it may have been moved since it was chosen.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(path, f"{error}") from error
    except Exception as error:  # decoders raise anything on damaged files
        raise BadFile(
            f"{path.name} cannot be read as a picture ({type(error).__name__}: {error}). Expected one of "
            f"{', '.join(FORMATS)}, undamaged. Open and save it with an image editor, or choose another file."
        ) from error


def _frames(path: Path, image: Image.Image) -> Iterator[Image.Image]:
    """Yield the frames of an open picture; an MPO's further ones are other views, not an animation."""
    count = 1 if image.format == "MPO" else int(getattr(image, "n_frames", 1))
    _check_size(path, image)
    if image.width * image.height * count > MAX_PIXELS:
        raise _too_large(path, f"{count} frame(s) of {image.width} x {image.height}")
    if count > MAX_FRAMES:
        raise BadFile(f"{path.name} has {count} frames; at most {MAX_FRAMES} are read. Cut it with an image editor.")
    for index in range(count):
        if index:
            image.seek(index)
        yield image


def check_picture_size(path: Path) -> None:
    """Refuse a picture whose header announces too many pixels, before any of them is decoded; others pass.

    Raises:
        BadFile: a frame of it has more than `MAX_FRAME_PIXELS`.
    """
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with Image.open(path, formats=FORMATS) as image:
            _check_size(path, image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(path, f"{error}") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        log.debug("%s is taken as no picture: %s", path.name, error)


def _check_size(path: Path, image: Image.Image) -> None:
    if image.width * image.height > MAX_FRAME_PIXELS:
        raise _too_large(path, f"{image.width} x {image.height}")


def _too_large(path: Path, found: str) -> BadFile:
    return BadFile(
        f"{path.name} is too large: {found}. The limit is {MAX_FRAME_PIXELS} pixels (11585 x 11585) for a picture, and "
        f"{MAX_PIXELS} for all frames together. Make it smaller with an image editor."
    )


def _frame(image: Image.Image) -> tuple[Floats, Floats | None]:
    """Give (H, W, 3) colours and (H, W) opacity, if any, of the frame that is open."""
    import numpy as np

    upright = _upright(image)
    if upright.mode.startswith("I") or upright.mode == "F":
        values = np.asarray(upright, np.float32)
        scale = {"F": 1.0}.get(upright.mode, 65535.0)
        grey = np.clip(values / scale, 0.0, 1.0)
        return np.repeat(grey[..., None], 3, axis=2), None
    colours = np.asarray(upright.convert("RGB"), np.float32) / 255.0
    if not upright.has_transparency_data:
        return colours, None
    return colours, np.asarray(upright.convert("RGBA").getchannel("A"), np.float32) / 255.0


def _is_deep_colour(path: Path, image: Image.Image) -> bool:
    """Say whether a PNG has 16 bits a colour, of which Pillow would keep 8: its IHDR tells depth and kind of colour."""
    if image.format != "PNG" or getattr(image, "n_frames", 1) != 1 or image.mode not in ("RGB", "RGBA"):
        return False
    with path.open("rb") as file:
        header = file.read(26)
    return header[24:26] in (b"\x10\x02", b"\x10\x06")


def _deep_frame(path: Path) -> tuple[Floats, Floats | None]:
    """`_frame` of a PNG of 16 bits a colour, by PyAV."""
    import av
    import numpy as np

    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    values = frame.to_ndarray(format="rgba64le").astype(np.float32) / 65535.0
    has_alpha = "a" in frame.format.name
    return np.ascontiguousarray(values[..., :3]), np.ascontiguousarray(values[..., 3]) if has_alpha else None


def _upright(image: Image.Image) -> Image.Image:
    from PIL import ImageOps

    return ImageOps.exif_transpose(image)


def _alpha_only(image: Image.Image) -> Image.Image:
    from PIL import Image

    black = Image.new("RGBA", image.size)
    black.putalpha(image.convert("RGBA").getchannel("A"))
    return black


def as_picture(pixels: Pixels) -> Image.Image:
    """Make a Pillow picture of uint8 (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)."""
    from PIL import Image

    return Image.fromarray(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)
