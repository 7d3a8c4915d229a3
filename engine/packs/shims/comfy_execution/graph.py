"""`from comfy_execution.graph import ExecutionBlocker`."""

from engine.packs.blocking import ExecutionBlocker

__all__ = ["ExecutionBlocker"]
