"""Which reversible changes to models are there? To weights, inside the network, and to how prompts are joined."""

from engine import lazy

__getattr__, __dir__, __all__ = lazy.facade(
    __name__,
    {
        "AdaptiveProjectedGuidance": "guidance",
        "DifferentialMask": "guidance",
        "EpsilonScaling": "guidance",
        "FrequencyScaling": "guidance",
        "Lora": "lora",
        "LoraChange": "hooks",
        "Mahiro": "guidance",
        "ModelChange": "hooks",
        "NormLimit": "guidance",
        "OperationOnGuidance": "guidance",
        "PerpendicularNegative": "guidance",
        "RescaledGuidance": "guidance",
        "Shares": "merging",
        "TangentialDamping": "guidance",
        "ZeroStar": "guidance",
        "apply_lora": "lora",
        "by_ratio": "merging",
        "load_lora": "lora",
        "merge": "merging",
        "merge_by_names": "merging",
        "with_deep_shrink": "deep_shrink",
        "with_free_u": "free_u",
        "with_hyper_tile": "hyper_tile",
        "with_multiplied_attention": "multiplying",
        "with_multiplied_results": "multiplying",
        "with_multiplied_text_attention": "multiplying",
        "with_perturbed_attention": "attention_guidance",
        "with_self_attention_guidance": "attention_guidance",
        "with_token_merging": "token_merging",
    },
)
