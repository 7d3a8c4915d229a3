"""Which reversible changes to models are there? LoRA files so far."""

from engine import lazy

__getattr__, __dir__, __all__ = lazy.facade(
    __name__,
    {
        "Lora": "lora",
        "apply_lora": "lora",
        "load_lora": "lora",
    },
)
