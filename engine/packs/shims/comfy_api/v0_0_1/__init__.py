"""`comfy_api.v0_0_1`: a numbered version, for packs that pin what they were written for; the same as `latest` here."""

from comfy_api.latest import *  # noqa: F403
