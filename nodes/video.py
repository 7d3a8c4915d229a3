"""Nodes that make videos of pictures, and pictures of videos."""

from fractions import Fraction
from typing import Annotated, NamedTuple

from engine import pixels
from engine.execution import NodeContext
from engine.files.images import png_texts
from engine.files.references import existing, parse_annotated
from engine.files.saving import NumberedFiles
from engine.files.video import VIDEO_SUFFIXES
from engine.graph import Choice, FilesIn, NodeResult, Range, Runs, node
from nodes import fingerprints
from nodes.file_names import SAVES, is_existing_file, prefix_check, prefix_values
from nodes.sockets import Audio, Image, Video

LARGEST_DENOMINATOR = 1001  # 30000/1001 frames a second is what television takes for 29.97


class VideoParts(NamedTuple):
    images: Image
    audio: Annotated[Audio, "audio"]
    fps: float


@node("CreateVideo", display_name="Create Video", category="image/video", runs=Runs.FREELY)
def create(
    *, images: Image, fps: Annotated[float, Range(1.0, 120.0, step=1.0)] = 30.0, audio: Audio | None = None
) -> Video:
    """Make a video of pictures.

    Args:
        fps: pictures a second.
        audio: its sound; what is longer than the pictures is left out.
    """
    return pixels.VideoOfFrames(pixels.VideoComponents(images, _rate(fps), audio))


@node("GetVideoComponents", display_name="Get Video Components", category="image/video", runs=Runs.FREELY)
def take_apart(*, video: Video) -> VideoParts:
    """Take a video apart: its pictures, its sound (none if it is silent), and how many pictures a second it shows."""
    parts = video.get_components()
    return VideoParts(parts.images, parts.audio, float(parts.frame_rate))


@node(
    "LoadVideo",
    display_name="Load Video",
    category="image/video",
    runs=Runs.FREELY,
    fingerprint=fingerprints.of_chosen_file("file"),
)
def load(
    *,
    file: Annotated[str, Choice(FilesIn("input", VIDEO_SUFFIXES), also=is_existing_file, more={"video_upload": True})],
    context: NodeContext,
) -> Video:
    """Load a video.

    Args:
        file: a file in the input folder.
    """
    return pixels.VideoFile(existing(context.places, parse_annotated(file)))


@node(
    "SaveVideo",
    display_name="Save Video",
    category="image/video",
    is_target=True,
    runs=Runs.FREELY,
    hidden=SAVES,
    check=prefix_check("output"),
)
def save(
    *,
    video: Video,
    filename_prefix: str = "video/ComfyUI",
    format: Annotated[str, Choice(("auto", "mp4"))] = "auto",
    codec: Annotated[str, Choice(("auto", "h264"))] = "auto",
    context: NodeContext,
) -> NodeResult:
    """Save a video in the output folder, with the workflow inside.

    Args:
        filename_prefix: folder and beginning of the file's name; %date:yyyy-MM-dd% and others are replaced.
        format: "auto" is MP4.
        codec: "auto" is H.264.
    """
    parts = video.get_components()
    return _saved(parts, "mp4", codec, filename_prefix, context)


@node(
    "SaveWEBM",
    category="image/video",
    is_target=True,
    runs=Runs.FREELY,
    hidden=SAVES,
    experimental=True,
    check=prefix_check("output"),
)
def save_webm(
    *,
    images: Image,
    filename_prefix: str = "ComfyUI",
    codec: Annotated[str, Choice(("vp9", "av1"))],
    fps: Annotated[float, Range(0.01, 1000.0, step=0.01)] = 24.0,
    crf: Annotated[float, Range(0, 63.0, step=1)] = 32.0,
    context: NodeContext,
) -> NodeResult:
    """Save pictures as a WebM video in the output folder, with the workflow inside.

    Args:
        filename_prefix: folder and beginning of the file's name; %date:yyyy-MM-dd% and others are replaced.
        fps: pictures a second.
        crf: how much may be lost; 0 is best and largest.
    """
    parts = pixels.VideoComponents(images, _rate(fps))
    return _saved(parts, "webm", codec, filename_prefix, context, {"crf": str(int(crf)), "b": "0"})


def _saved(
    parts: "pixels.VideoComponents",
    container: str,
    codec: str,
    prefix: str,
    context: NodeContext,
    options: dict[str, str] | None = None,
) -> NodeResult:
    height, width = parts.images.shape[1:3]
    files = NumberedFiles(context.places, "output", prefix, prefix_values(context, width, height))
    texts = png_texts(context.prompt, context.extra_pnginfo)
    reference = files.save(pixels.encode_video(parts, container, codec, texts, options), f".{container}")
    return NodeResult(ui={"images": [reference.json()], "animated": (True,)})


def _rate(fps: float) -> Fraction:
    return Fraction(fps).limit_denominator(LARGEST_DENOMINATOR)
