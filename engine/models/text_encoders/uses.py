"""How does each family use its text encoders? One row per encoder."""

from engine.models.text_encoders.clip_config import ClipUse

ZERO_TOKEN = 0  # OpenCLIP's tokenizer fills up with zeros
SECOND_LORA = ("lora_te2_text_model",)
SECOND_LAYERS = ("text_encoder_2.text_model.", "text_encoder_2.", "clip_g.transformer.text_model.")

# Stable Diffusion 1.x: the last layer of CLIP ViT-L/14 (arXiv:2112.10752, sec. 4.3.1).
SD1_CLIP_L = ClipUse("clip_l")
# Stable Diffusion 2.x: the penultimate layer of OpenCLIP ViT-H/14 (arXiv:2210.08402), normed.
SD2_CLIP_H = ClipUse(
    "clip_h",
    stop_at_layer=-2,
    pads_with=ZERO_TOKEN,
    projects=True,
    activation="gelu",
    usual_layers=24,
    layer_names=("text_encoder.text_model.", "text_encoder.", "clip_h.transformer.text_model."),
)
# SDXL: the penultimate layers of CLIP ViT-L/14 and OpenCLIP ViT-bigG/14, not normed (arXiv:2307.01952, sec. 2.1).
SDXL_CLIP_L = ClipUse("clip_l", stop_at_layer=-2, norms_hidden=False)
SDXL_CLIP_G = ClipUse(
    "clip_g",
    stop_at_layer=-2,
    norms_hidden=False,
    pads_with=ZERO_TOKEN,
    projects=True,
    activation="gelu",
    lora_names=SECOND_LORA,
    layer_names=SECOND_LAYERS,
)
