"""Which reversible changes to models are there? LoRA files, and ways to join the estimates for prompts."""

from engine import lazy

__getattr__, __dir__, __all__ = lazy.facade(
    __name__,
    {
        "AdaptiveProjectedGuidance": "guidance",
        "DifferentialMask": "guidance",
        "EpsilonScaling": "guidance",
        "FrequencyScaling": "guidance",
        "Lora": "lora",
        "Mahiro": "guidance",
        "NormLimit": "guidance",
        "OperationOnGuidance": "guidance",
        "PerpendicularNegative": "guidance",
        "RescaledGuidance": "guidance",
        "TangentialDamping": "guidance",
        "ZeroStar": "guidance",
        "apply_lora": "lora",
        "load_lora": "lora",
    },
)
