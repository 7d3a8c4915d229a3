"""Nodes that read, save and resize images."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from engine import pixels
from engine.execution import NodeContext
from engine.files.images import IMAGE_SUFFIXES, encode_png, png_texts, read_image
from engine.files.places import Area
from engine.files.references import existing, parse_annotated
from engine.files.saving import NumberedFiles
from engine.graph import Choice, FilesIn, NodeResult, Range, Runs, node
from engine.pixels.methods import IMAGE_METHODS
from nodes import fingerprints
from nodes.file_names import SAVES, is_existing_file, prefix_check, prefix_values
from nodes.sockets import LARGEST_SIDE, Crop, Image, Mask

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NO_MASK_SIDE = 64  # pixels; the ecosystem's sign for "there is no mask" is a black one of this size
FAST_COMPRESSION = 1

InputImage = Annotated[
    str, Choice(FilesIn("input", IMAGE_SUFFIXES), also=is_existing_file, more={"image_upload": True})
]
OutputImage = Annotated[
    str,
    Choice(
        FilesIn("output", IMAGE_SUFFIXES),
        also=is_existing_file,
        more={
            "image_upload": True,
            "image_folder": "output",
            "remote": {"route": "/internal/files/output", "refresh_button": True, "control_after_refresh": "first"},
        },
    ),
]
Method = Annotated[str, Choice(IMAGE_METHODS)]
NewSide = Annotated[int, Range(0, LARGEST_SIDE, step=1)]


class ImageAndMask(NamedTuple):
    image: Image
    mask: Mask


@node(
    "LoadImage",
    display_name="Load Image",
    category="image",
    runs=Runs.FREELY,
    fingerprint=fingerprints.of_chosen_file("image"),
)
def load(*, image: InputImage, context: NodeContext) -> ImageAndMask:
    """Load a picture, all its frames if it is animated. Its transparent part becomes the mask.

    Args:
        image: a file in the input folder.
    """
    return _loaded(existing(context.places, parse_annotated(image)))


@node(
    "LoadImageOutput",
    display_name="Load Image (from Outputs)",
    category="image",
    runs=Runs.FREELY,
    experimental=True,
    fingerprint=fingerprints.of_chosen_file("image", "output"),
)
def load_output(*, image: OutputImage, context: NodeContext) -> ImageAndMask:
    """Load a picture that was saved, to go on with it. Its transparent part becomes the mask.

    Args:
        image: a file in the output folder.
    """
    return _loaded(existing(context.places, parse_annotated(image, "output")))


def _loaded(path: Path) -> ImageAndMask:
    import torch

    frames = read_image(path)
    if frames.opacity is None:
        mask = torch.zeros(1, NO_MASK_SIDE, NO_MASK_SIDE)
    else:
        mask = 1.0 - torch.from_numpy(frames.opacity)
    return ImageAndMask(torch.from_numpy(frames.pixels), mask)


@node(
    "SaveImage",
    display_name="Save Image",
    category="image",
    is_target=True,
    runs=Runs.FREELY,
    hidden=SAVES,
    check=prefix_check("output"),
)
def save(*, images: Image, filename_prefix: str = "ComfyUI", context: NodeContext) -> NodeResult:
    """Save pictures as PNG in the output folder, with the workflow inside.

    Args:
        filename_prefix: folder and beginning of the files' names; %date:yyyy-MM-dd%, %KSampler.seed% and others are
            replaced.
    """
    return save_pictures(images, "output", filename_prefix, context)


@node("PreviewImage", display_name="Preview Image", category="image", is_target=True, runs=Runs.FREELY, hidden=SAVES)
def preview(*, images: Image, context: NodeContext) -> NodeResult:
    """Show pictures without keeping them: their files are deleted when the server starts again."""
    return save_pictures(images, "temp", f"preview_{secrets.token_hex(4)}", context, FAST_COMPRESSION)


@node("ImageScale", display_name="Upscale Image", category="image/upscaling")
def scale(*, image: Image, upscale_method: Method, width: NewSide = 512, height: NewSide = 512, crop: Crop) -> Image:
    """Resize pictures to a width and a height.

    Args:
        width: in pixels; 0 keeps the proportions.
        height: in pixels; 0 keeps the proportions.
        crop: "center" cuts off what does not fit the new proportions, "disabled" stretches.
    """
    if width == 0 and height == 0:
        return image
    old_height, old_width = image.shape[1:3]
    size = pixels.size_keeping_aspect(width, height, old_width, old_height)
    return pixels.resize_images(image, *size, upscale_method, crop)


@node("ImageScaleBy", display_name="Upscale Image By", category="image/upscaling")
def scale_by(
    *, image: Image, upscale_method: Method, scale_by: Annotated[float, Range(0.01, 8.0, step=0.01)] = 1.0
) -> Image:
    """Resize pictures by a factor."""
    height, width = (max(1, round(side * scale_by)) for side in image.shape[1:3])
    return pixels.resize_images(image, width, height, upscale_method)


def save_pictures(
    images: Image, area: Area, prefix: str, context: NodeContext, compress_level: int | None = None
) -> NodeResult:
    height, width = images.shape[1:3]
    files = NumberedFiles(context.places, area, prefix, prefix_values(context, width, height))
    texts = png_texts(context.prompt, context.extra_pnginfo)
    level = {} if compress_level is None else {"compress_level": compress_level}
    saved = [files.save(encode_png(eight_bit(picture), texts, **level), ".png") for picture in images]
    return NodeResult(ui={"images": [reference.json() for reference in saved]})


def eight_bit(picture: Image) -> "NDArray[np.uint8]":
    """(H, W, C) in 0..1 -> uint8, cut and not rounded, as pictures of this ecosystem are; loading gives them back."""
    import numpy as np

    values = np.clip(picture.cpu().float().numpy() * np.float32(255.0), 0, 255)
    return values.astype(np.uint8)
