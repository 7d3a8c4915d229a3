"""`from comfy_execution.graph import ExecutionBlocker`."""

from engine.packs.blocking import ExecutionBlocker
from engine.packs.absent import complete

__all__ = ["ExecutionBlocker"]


complete(__name__)
