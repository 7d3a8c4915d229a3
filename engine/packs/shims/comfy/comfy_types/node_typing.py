"""`comfy.comfy_types.node_typing`: type names, and what a node class looks like to a type checker."""

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import Any, TypedDict

from engine.packs.absent import complete


class IO(StrEnum):
    """Names of the usual connection types; ANY fits everything."""

    STRING = "STRING"
    IMAGE = "IMAGE"
    MASK = "MASK"
    LATENT = "LATENT"
    BOOLEAN = "BOOLEAN"
    INT = "INT"
    FLOAT = "FLOAT"
    COMBO = "COMBO"
    CONDITIONING = "CONDITIONING"
    SAMPLER = "SAMPLER"
    SIGMAS = "SIGMAS"
    GUIDER = "GUIDER"
    NOISE = "NOISE"
    CLIP = "CLIP"
    CONTROL_NET = "CONTROL_NET"
    VAE = "VAE"
    MODEL = "MODEL"
    LORA_MODEL = "LORA_MODEL"
    CLIP_VISION = "CLIP_VISION"
    CLIP_VISION_OUTPUT = "CLIP_VISION_OUTPUT"
    STYLE_MODEL = "STYLE_MODEL"
    GLIGEN = "GLIGEN"
    UPSCALE_MODEL = "UPSCALE_MODEL"
    AUDIO = "AUDIO"
    VIDEO = "VIDEO"
    WEBCAM = "WEBCAM"
    POINT = "POINT"
    FACE_ANALYSIS = "FACE_ANALYSIS"
    BBOX = "BBOX"
    SEGS = "SEGS"
    ANY = "*"
    NUMBER = "FLOAT,INT"
    PRIMITIVE = "STRING,FLOAT,INT,BOOLEAN"


class InputTypeDict(TypedDict, total=False):
    """What INPUT_TYPES gives."""

    required: dict[str, Any]
    optional: dict[str, Any]
    hidden: dict[str, Any]


class CheckLazyMixin:
    """Asks for every lazy input that is not there."""

    def check_lazy_status(self, **inputs: Any) -> list[str]:
        return [name for name, value in inputs.items() if value is None]


class ComfyNodeABC(ABC):
    """A node class; subclasses say the rest."""

    DESCRIPTION: str = ""
    CATEGORY: str = ""
    EXPERIMENTAL: bool = False
    DEPRECATED: bool = False
    OUTPUT_NODE: bool = False
    INPUT_IS_LIST: bool = False
    RETURN_TYPES: tuple[str, ...] = ()
    FUNCTION: str = ""

    @classmethod
    @abstractmethod
    def INPUT_TYPES(cls) -> InputTypeDict:
        """Give the inputs by group: {"required": {name: (type, options)}, ...}."""


complete(__name__)
