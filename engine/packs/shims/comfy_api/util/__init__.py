"""`comfy_api.util`: containers and codecs of videos, shapes in space."""

from comfy_api.videos import MESH, VOXEL, VideoCodec, VideoComponents, VideoContainer

__all__ = ["MESH", "VOXEL", "VideoCodec", "VideoComponents", "VideoContainer"]
