"""`io`: the base class of nodes, their schema, and all kinds of inputs and outputs."""

# ruff: noqa: F401, F403 (packs import all of these names from here)
from comfy_api.catalog import *
from comfy_api.dynamic import Autogrow, DynamicCombo, DynamicInput, DynamicSlot, MatchType, MultiType
from comfy_api.kinds import (
    ComfyType,
    ComfyTypeI,
    ComfyTypeIO,
    ControlAfterGenerate,
    Custom,
    FolderType,
    Input,
    NumberDisplay,
    Output,
    RemoteOptions,
    UploadType,
    WidgetInput,
    comfytype,
)
from comfy_api.node import ComfyNode
from comfy_api.schema import Hidden, HiddenHolder, NodeOutput, PriceBadge, PriceBadgeDepends, Schema

__all__ = [name for name in dir() if not name.startswith("_")]
