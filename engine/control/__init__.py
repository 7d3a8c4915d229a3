"""Which extra networks steer a model by a picture? Control networks and adapters."""

from engine import lazy

__getattr__, __dir__, __all__ = lazy.facade(
    __name__,
    {
        "AdapterUse": "t2i_adapter",
        "ControlLora": "control_lora",
        "ControlLoraUse": "control_lora",
        "ControlNet": "controlnet",
        "ControlNetUse": "controlnet",
        "Gligen": "gligen",
        "StyleModel": "style_model",
        "T2IAdapter": "t2i_adapter",
        "load_controlnet": "loading",
        "load_gligen": "gligen",
        "load_style_model": "style_model",
        "with_box": "gligen",
        "with_style": "style_model",
    },
)
