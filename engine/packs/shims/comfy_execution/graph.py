"""`from comfy_execution.graph import ExecutionBlocker`."""

from engine.packs.absent import complete
from engine.packs.blocking import ExecutionBlocker

__all__ = ["ExecutionBlocker"]


complete(__name__)
