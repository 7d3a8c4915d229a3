"""Nodes that save pictures as an animation, and drawings."""

from typing import TYPE_CHECKING, Annotated

from engine.execution import NodeContext
from engine.files import drawings
from engine.files.animations import encode_apng, encode_webp
from engine.files.images import png_texts
from engine.files.saving import NumberedFiles
from engine.graph import Choice, NodeResult, Range, Runs, node
from nodes.file_names import SAVES, prefix_check, prefix_values
from nodes.image import eight_bit
from nodes.sockets import Image, Svg

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EFFORT = {"default": 4, "fastest": 0, "slowest": 6}

FramesPerSecond = Annotated[float, Range(0.01, 1000.0, step=0.01)]


@node(
    "SaveAnimatedWEBP",
    category="image/animation",
    is_target=True,
    runs=Runs.FREELY,
    hidden=SAVES,
    check=prefix_check("output"),
)
def save_webp(
    *,
    images: Image,
    filename_prefix: str = "ComfyUI",
    fps: FramesPerSecond = 6.0,
    lossless: bool = True,
    quality: Annotated[int, Range(0, 100)] = 80,
    method: Annotated[str, Choice(tuple(EFFORT))],
    context: NodeContext,
) -> NodeResult:
    """Save pictures as one animated WebP in the output folder, with the workflow inside.

    Args:
        filename_prefix: folder and beginning of the file's name; %date:yyyy-MM-dd% and others are replaced.
        fps: pictures a second.
        quality: of the colours; of the compression's effort if lossless.
        method: how long to search for a smaller file.
    """
    texts = png_texts(context.prompt, context.extra_pnginfo)
    data = encode_webp(_frames(images), fps, texts, lossless=lossless, quality=quality, effort=EFFORT[method])
    return _saved(images, data, ".webp", filename_prefix, context)


@node(
    "SaveAnimatedPNG",
    category="image/animation",
    is_target=True,
    runs=Runs.FREELY,
    hidden=SAVES,
    check=prefix_check("output"),
)
def save_png(
    *,
    images: Image,
    filename_prefix: str = "ComfyUI",
    fps: FramesPerSecond = 6.0,
    compress_level: Annotated[int, Range(0, 9)] = 4,
    context: NodeContext,
) -> NodeResult:
    """Save pictures as one animated PNG in the output folder, with the workflow inside.

    Args:
        filename_prefix: folder and beginning of the file's name; %date:yyyy-MM-dd% and others are replaced.
        fps: pictures a second.
        compress_level: 0 is fast, 9 small.
    """
    texts = png_texts(context.prompt, context.extra_pnginfo)
    return _saved(images, encode_apng(_frames(images), fps, texts, compress_level), ".png", filename_prefix, context)


@node(
    "SaveSVGNode", category="image/save", is_target=True, runs=Runs.FREELY, hidden=SAVES, check=prefix_check("output")
)
def save_svg(*, svg: Svg, filename_prefix: str = "svg/ComfyUI", context: NodeContext) -> NodeResult:
    """Save drawings as SVG in the output folder, with the workflow inside.

    Args:
        filename_prefix: folder and beginning of the files' names; %date:yyyy-MM-dd% and others are replaced.
    """
    files = NumberedFiles(context.places, "output", filename_prefix, prefix_values(context, 0, 0))
    texts = png_texts(context.prompt, context.extra_pnginfo)
    saved = [files.save(document, ".svg") for document in drawings.documents(svg, texts)]
    return NodeResult(ui={"images": [reference.json() for reference in saved]})


def _frames(images: Image) -> "list[NDArray[np.uint8]]":
    return [eight_bit(picture) for picture in images]


def _saved(images: Image, data: bytes, suffix: str, prefix: str, context: NodeContext) -> NodeResult:
    height, width = images.shape[1:3]
    files = NumberedFiles(context.places, "output", prefix, prefix_values(context, width, height))
    return NodeResult(ui={"images": [files.save(data, suffix).json()], "animated": (True,)})
