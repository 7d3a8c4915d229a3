"""`comfy.ldm`: pieces of networks."""

from engine.packs.absent import complete

complete(__name__)
