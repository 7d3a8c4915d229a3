"""Which extra networks steer a model by a picture? Control networks so far."""

from engine import lazy

__getattr__, __dir__, __all__ = lazy.facade(
    __name__,
    {
        "ControlNet": "controlnet",
        "ControlNetUse": "controlnet",
        "load_controlnet": "controlnet",
    },
)
