"""`comfy_api.latest._ui`: another name of `ui`, which some packs import."""

from comfy_api.latest.ui import *  # noqa: F403
