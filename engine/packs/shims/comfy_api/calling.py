"""`ComfyAPI`: what a node may ask of the program while it runs."""

from __future__ import annotations

from typing import Any

from comfy.utils import ProgressBar

from engine.packs.current import running_node

PREVIEW_PIXELS = 512


def _report(value: float, max_value: float, preview_image: Any, ignore_size_limit: bool) -> None:
    """Say how far the running node is; outside of one, nothing."""
    if running_node() is None:
        return
    preview = None
    if preview_image is not None:
        preview = ("JPEG", _picture(preview_image), None if ignore_size_limit else PREVIEW_PIXELS)
    ProgressBar(int(max_value)).update_absolute(int(value), int(max_value), preview)


def _picture(image: Any) -> Any:
    """A PIL picture of one, or of an IMAGE (H, W, C) or (1, H, W, C)."""
    if hasattr(image, "thumbnail"):
        return image
    from PIL import Image

    tensor = image[0] if image.ndim == 4 else image
    return Image.fromarray((tensor[..., :3].detach().cpu().float().clamp(0, 1) * 255).byte().numpy())


class _Execution:
    async def set_progress(
        self,
        value: float,
        max_value: float,
        node_id: str | None = None,
        preview_image: Any = None,
        ignore_size_limit: bool = False,
    ) -> None:
        """Say that `value` of `max_value` is done. Raises Interrupted if the user cancelled."""
        _report(value, max_value, preview_image, ignore_size_limit)


class _ExecutionSync:
    def set_progress(
        self,
        value: float,
        max_value: float,
        node_id: str | None = None,
        preview_image: Any = None,
        ignore_size_limit: bool = False,
    ) -> None:
        """Say that `value` of `max_value` is done. Raises Interrupted if the user cancelled."""
        _report(value, max_value, preview_image, ignore_size_limit)


class ComfyAPI:
    """For async nodes."""

    VERSION = "latest"
    STABLE = False

    def __init__(self) -> None:
        self.execution = _Execution()


class ComfyAPISync:
    """For all others."""

    VERSION = "latest"
    STABLE = False

    def __init__(self) -> None:
        self.execution = _ExecutionSync()
