"""`comfy_api.latest._io`: another name of `io`, which some packs import."""

from comfy_api.latest.io import *  # noqa: F403
