"""`comfy_api.latest`: the newest version of the schema style."""

from types import SimpleNamespace

from comfy_api import input as Input
from comfy_api.calling import ComfyAPI, ComfyAPISync
from comfy_api.latest import io, ui
from comfy_api.node import ComfyExtension
from comfy_api.videos import (
    MESH,
    VOXEL,
    VideoCodec,
    VideoComponents,
    VideoContainer,
    VideoFromComponents,
    VideoFromFile,
)

IO, UI = io, ui
ComfyAPI_latest = ComfyAPI
InputImpl = SimpleNamespace(VideoFromFile=VideoFromFile, VideoFromComponents=VideoFromComponents)
Types = SimpleNamespace(
    VideoCodec=VideoCodec, VideoContainer=VideoContainer, VideoComponents=VideoComponents, MESH=MESH, VOXEL=VOXEL
)

__all__ = [
    "IO", "UI", "ComfyAPI", "ComfyAPISync", "ComfyAPI_latest", "ComfyExtension", "Input", "InputImpl", "Types", "io",
    "ui",
]  # fmt: skip
