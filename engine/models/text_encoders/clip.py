"""CLIP's text encoder (arXiv:2103.00020, sec. 2.4), as `transformers` builds it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from engine.models.text_encoders.clip_config import END_TOKEN, LAST_LAYER, START_TOKEN, VOCABULARY_SIZE, ClipConfig

FIRST_VECTOR_ID = VOCABULARY_SIZE  # ids from here on stand for vectors given from outside


def build_clip(config: ClipConfig, device: torch.device) -> nn.Module:
    """The encoder on the meta device; only its table of positions, which no file holds, is on `device`."""
    from transformers import CLIPTextConfig, CLIPTextModel  # slow to import: when the first model is loaded

    text_config = CLIPTextConfig(
        vocab_size=VOCABULARY_SIZE,
        hidden_size=config.width,
        intermediate_size=config.hidden_width,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        max_position_embeddings=config.positions,
        hidden_act=config.activation,
        bos_token_id=START_TOKEN,
        eos_token_id=END_TOKEN,
        attn_implementation="sdpa",
    )
    with torch.device("meta"):
        model = CLIPTextModel(text_config)
    encoder = getattr(model, "text_model", model)  # transformers 4 has one more module round it
    encoder.embeddings.register_buffer(
        "position_ids", torch.arange(config.positions, device=device)[None], persistent=False
    )
    if config.projection:
        encoder.text_projection = nn.Linear(config.width, config.projection, bias=False, device="meta")
    return encoder


def run_clip(
    encoder: nn.Module, ids: Tensor, vectors: Mapping[int, Tensor], stop_at_layer: int | None, norms_hidden: bool
) -> tuple[Tensor, Tensor]:
    """Encode chunks of tokens.

    Args:
        ids: (N, T); ids of FIRST_VECTOR_ID and above stand for `vectors`, each (D,).
        stop_at_layer: which hidden layer's output is taken: -1 the last, -2 the one before it, ...; None: the last,
            normed in any case.
        norms_hidden: whether that output goes through the final norm.

    Returns:
        The hidden states (N, T, D), and the last layer's, normed and projected, at each chunk's first end token (N, P).
    """
    known = ids.clamp(max=END_TOKEN)
    hook = encoder.embeddings.token_embedding.register_forward_hook(
        lambda _module, _inputs, embedded: _insert(embedded, ids, vectors)
    )
    try:
        output = encoder(input_ids=known, output_hidden_states=True)
    finally:
        hook.remove()
    final = output.last_hidden_state
    hidden = final
    if stop_at_layer is not None and not (stop_at_layer == LAST_LAYER and norms_hidden):
        hidden = output.hidden_states[stop_at_layer]
        hidden = encoder.final_layer_norm(hidden) if norms_hidden else hidden
    ends = (ids == END_TOKEN).int().argmax(dim=1)
    pooled = final[torch.arange(len(ids), device=ids.device), ends]
    projection = getattr(encoder, "text_projection", None)
    return hidden, pooled if projection is None else projection(pooled)


def _insert(embedded: Tensor, ids: Tensor, vectors: Mapping[int, Tensor]) -> Tensor:
    """Replace the embeddings (N, T, D) of the ids that stand for vectors."""
    for number, vector in vectors.items():
        embedded[ids == number] = vector.to(embedded)
    return embedded
