"""`comfy_api.input_impl`: videos."""

from comfy_api.videos import VideoFromComponents, VideoFromFile

__all__ = ["VideoFromComponents", "VideoFromFile"]
