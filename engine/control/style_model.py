"""What CLIP sees in a picture, as words of the prompt: T2I-Adapter's style model (arXiv:2302.08453), Redux."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.control.residual_attention import HEADS, ResidualAttentionBlock
from engine.errors import BadFile
from engine.models.layer_patches import LayerCall, LayerPatches
from engine.models.memory.hosted_module import HostedModule
from engine.models.memory.precision import Precision, choose_precision
from engine.models.patch import PROMPT_LAYERS, prompt_layers
from engine.models.vision.encoder import VisionOutput
from engine.models.weights import Weights, check_weights, open_weights
from engine.sampling.conditioning import Conditioning, ConditioningItem

StrengthType = Literal["multiply", "attn_bias"]
STYLE_MARK, REDUX_MARK = "style_embedding", "redux_up.weight"  # by which files are recognised
Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class StyleConfig:
    """Sizes of a style model.

    Attributes:
        vision_width: of what the vision encoder says of each patch.
        token_width: of the prompts that it joins.
        tokens, layers: that a picture becomes, of the transformer that makes them; 0: each patch becomes one token by
            a hidden layer of `hidden_width`.
    """

    vision_width: int
    token_width: int
    tokens: int = 0
    layers: int = 0
    hidden_width: int = 0


class StyleAdapter(nn.Module):
    """A transformer over a picture's patches and some learnt tokens, of which only those are kept."""

    def __init__(self, config: StyleConfig) -> None:
        super().__init__()
        width = config.vision_width
        self.style_embedding = nn.Parameter(torch.empty(1, config.tokens, width))
        self.ln_pre = nn.LayerNorm(width)
        self.transformer_layes = nn.Sequential(*(ResidualAttentionBlock(width) for _ in range(config.layers)))
        self.ln_post = nn.LayerNorm(width)
        self.proj = nn.Parameter(torch.empty(width, config.token_width))

    def forward(self, patches: Tensor) -> Tensor:
        """(B, P, V) -> (B, tokens, D)."""
        learnt = self.style_embedding.expand(len(patches), -1, -1)
        x = self.transformer_layes(self.ln_pre(torch.cat([patches, learnt], dim=1)))
        kept: Tensor = self.ln_post(x[:, -learnt.shape[1] :])
        return kept @ self.proj


class Redux(nn.Module):
    """One hidden layer for each patch."""

    def __init__(self, config: StyleConfig) -> None:
        super().__init__()
        self.redux_up = nn.Linear(config.vision_width, config.hidden_width)
        self.redux_down = nn.Linear(config.hidden_width, config.token_width)

    def forward(self, patches: Tensor) -> Tensor:
        """(B, P, V) -> (B, P, D)."""
        tokens: Tensor = self.redux_down(F.silu(self.redux_up(patches)))
        return tokens


@dataclass(frozen=True, eq=False)
class StyleModel:
    """A style model whose weights are brought in when it is used."""

    hosted: HostedModule
    config: StyleConfig

    weight_patches = ()

    def tokens(self, picture: VisionOutput) -> Tensor:
        """What a vision encoder says of pictures -> (1, S, D) tokens of all of them, float32 on the CPU.

        Raises:
            ValueError: it was another vision encoder than the one that this style model reads.
        """
        patches, wanted = picture.last_hidden_state, self.config.vision_width
        if patches.shape[-1] != wanted:
            raise ValueError(
                f"The style model {self.hosted.weights.file_names} reads pictures by {wanted} numbers a patch, and the "
                f"vision encoder gave {patches.shape[-1]}: use the CLIP vision model that it was trained with."
            )
        placement = self.hosted.placement
        with torch.no_grad(), self.hosted.holding() as network:
            made: Tensor = network(patches.to(placement.device, placement.dtype))
        return made.float().cpu().flatten(0, 1)[None]


@dataclass(frozen=True, eq=False)
class TokenBias:
    """Lets a network look at some tokens of a prompt more or less. Satisfies models.PromptLayers.

    Attributes:
        bias: (S,) is added to the scores of the tokens before the softmax; tokens behind them get 0.
    """

    bias: Tensor

    holdables = ()

    def added_to(self, layers: LayerPatches, x: Tensor) -> LayerPatches:
        return layers.with_function(2, None, self.attend)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, call: LayerCall) -> Tensor:
        """Softmax(q k^T / sqrt(D) + bias) v."""
        q, k, v = (t.unflatten(-1, (call.heads, -1)).transpose(1, 2) for t in (q, k, v))
        bias = self._for_tokens(k.shape[2]).to(q)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=bias).transpose(1, 2).flatten(2)

    def _for_tokens(self, count: int) -> Tensor:
        """(1, count): the guider says prompts several times in a row to bring them to one length."""
        if count % len(self.bias) == 0:
            return self.bias.repeat(count // len(self.bias))[None]
        return F.pad(self.bias, (0, count - len(self.bias)))[None]


def with_style(
    conditioning: Conditioning, tokens: Tensor, strength: float, strength_type: StrengthType
) -> Conditioning:
    """Prompts with further tokens (1, S, D) behind their own.

    Args:
        strength: 0 changes nothing.
        strength_type: "multiply": a factor on the tokens; "attn_bias": how much the network looks at them.

    Raises:
        ValueError: the prompts are of another width.
    """
    if strength == 0:
        return conditioning

    def styled(item: ConditioningItem) -> ConditioningItem:
        found, wanted = item.embedding.shape[-1], tokens.shape[-1]
        if found != wanted:
            raise ValueError(
                f"The style model makes tokens of width {wanted}, and this prompt's are {found} wide: it was made for "
                "another kind of model."
            )
        weighed = tokens * strength if strength_type == "multiply" else tokens
        embedding = torch.cat([item.embedding, weighed.to(item.embedding)], dim=1)
        bias = math.log(strength) if strength_type == "attn_bias" else 0.0
        return _with_bias(replace(item, embedding=embedding), item.embedding.shape[1], bias)

    return conditioning.map(styled)


def _with_bias(item: ConditioningItem, before: int, bias: float) -> ConditioningItem:
    """An item whose tokens from number `before` on have this bias."""
    layers = prompt_layers(item.extra)
    known = next((part.bias for part in layers if isinstance(part, TokenBias)), None)
    if bias == 0.0 and known is None:
        return item
    own = torch.zeros(before) if known is None else F.pad(known, (0, before - len(known)))
    joined = F.pad(own, (0, item.embedding.shape[1] - before), value=bias)
    others = tuple(part for part in layers if not isinstance(part, TokenBias))
    return replace(item, extra={**item.extra, PROMPT_LAYERS: (*others, TokenBias(joined))})


def load_style_model(path: Path, *, precision: Precision | None = None) -> StyleModel:
    """Open a style model: T2I-Adapter's or Redux.

    Raises:
        BadFile: missing, damaged, hostile, or neither of the two.
    """
    file = open_weights(Path(path))
    config = read_style_config({name: info.shape for name, info in file.header.tensors.items()})
    if config is None:
        shown = ", ".join(name[:80] for name in list(file)[:3])
        raise BadFile(
            f"{file.header.path.name} is no style model: it has neither {STYLE_MARK} (T2I-Adapter's) nor {REDUX_MARK} "
            f"(Redux). Its weights are named {shown}."
        )
    with torch.device("meta"):
        module = StyleAdapter(config) if config.tokens else Redux(config)
    weights = Weights(file, {name: name for name in file})
    check_weights(module, weights, "style model")
    return StyleModel(HostedModule(module, weights, (precision or choose_precision()).network), config)


def read_style_config(shapes: Shapes) -> StyleConfig | None:
    """Read the sizes from a file's names -> shapes; None if it is no style model.

    Raises:
        BadFile: it is one, of sizes that do not go together.
    """
    learnt, proj = shapes.get(STYLE_MARK), shapes.get("proj", ())
    up, down = shapes.get(REDUX_MARK), shapes.get("redux_down.weight", ())
    if learnt is not None:
        if len(learnt) != 3 or len(proj) != 2 or learnt[2] % HEADS or 0 in (*learnt, *proj):
            raise BadFile(
                f"The style model's {STYLE_MARK} is {list(learnt)} and its proj {list(proj)}: expected are (1, tokens, "
                f"a multiple of {HEADS}) and (that, the prompts' width)."
            )
        layers = {name.split(".")[1] for name in shapes if name.startswith("transformer_layes.")}
        return StyleConfig(learnt[2], proj[1], learnt[1], len(layers))
    if up is not None:
        if len(up) != 2 or len(down) != 2 or 0 in (*up, *down):
            raise BadFile(
                f"Redux has the shapes {list(up)} and {list(down)}; two matrices of at least one number were expected."
            )
        return StyleConfig(up[1], down[0], hidden_width=up[0])
    return None
