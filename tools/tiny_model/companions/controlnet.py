"""Train a control network (arXiv:2302.05543) beside the frozen base, on exact maps of procedural scenes.

    python -m tools.tiny_model.companions.controlnet edges    --data DATA --base RUN --run OUT --minutes 9
    python -m tools.tiny_model.companions.controlnet segments --data DATA --base RUN --run OUT --minutes 7

Writes models/controlnet/weft-tiny-edges.safetensors: a Control-LoRA, the base's first half with changes of few numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from diffusers import ControlNetModel
from kornia.filters import canny
from PIL import Image
from scipy import ndimage
from torch import Tensor, nn

from engine.control.control_names import diffusers_control_names
from tools.tiny_model import dataset
from tools.tiny_model.captions import caption
from tools.tiny_model.companions.base import Base, cached, dropped
from tools.tiny_model.companions.files import write_weights
from tools.tiny_model.companions.low_rank import LowRank, add_ranks
from tools.tiny_model.companions.training_loop import Settings, arguments_of, train
from tools.tiny_model.drawing import draw, shape_mask
from tools.tiny_model.scenes import SHAPES, SIZE, Scene, cell_weights

RANK = 16
CHANGED = ("down_blocks.0.", "down_blocks.1.")  # at 16 and 8 cells a side; coarser levels see no outline
HINT_WIDTHS = (8, 16, 32, 96)
BATCH, PICTURES, DROPPED = 64, 8000, 0.5  # without a caption the map is all there is to go by
THRESHOLDS = ((0.1, 0.3), (0.05, 0.15))  # of Canny: what users are told to set, and more sensitive ones
SEGMENT_COLOURS = np.array(
    [(0, 0, 0), (230, 60, 60), (60, 200, 90), (70, 110, 240), (250, 210, 60), (240, 110, 200), (90, 220, 220)], np.uint8
)  # nothing, then each of SHAPES


def edge_map(pictures: np.ndarray, thresholds: tuple[float, float] = THRESHOLDS[0]) -> np.ndarray:
    """uint8 (B, H, W, 3) pictures -> bool (B, H, W), as the node Canny draws them, but weak edges followed at once."""
    images = torch.from_numpy(pictures).float().permute(0, 3, 1, 2) / 255
    found = canny(images, *thresholds, hysteresis=False)[1][:, 0].numpy()
    return np.stack([_kept(weak > 0.25, weak > 0.75) for weak in found])


def _kept(any_edge: np.ndarray, strong: np.ndarray) -> np.ndarray:
    """The lines that are strong somewhere."""
    lines, count = ndimage.label(any_edge, np.ones((3, 3)))
    return np.isin(lines, np.unique(lines[strong])) if count else strong


def class_map(scene: Scene) -> np.ndarray:
    """uint8 (SIZE, SIZE): 0 where there is nothing, else 1 + the place of the object's shape in SHAPES."""
    classes = np.zeros((SIZE, SIZE), np.uint8)
    for thing in scene.things:
        mask = shape_mask(thing.shape, thing.diameter, thing.rotation)
        side = mask.size[0] // 4
        small = np.asarray(mask.resize((side, side), Image.Resampling.BOX)) > 127
        x, y = round(thing.x - side / 2), round(thing.y - side / 2)
        ys, xs = np.nonzero(small)
        inside = (ys + y >= 0) & (ys + y < SIZE) & (xs + x >= 0) & (xs + x < SIZE)
        classes[(ys + y)[inside], (xs + x)[inside]] = SHAPES.index(thing.shape) + 1
    return classes


def segment_picture(scene: Scene) -> np.ndarray:
    """The map that the control network reads: uint8 (SIZE, SIZE, 3), each kind of shape in a colour of its own."""
    return SEGMENT_COLOURS[class_map(scene)]


def outline_picture(scene: Scene) -> np.ndarray:
    """The true edges of a scene as the node Canny draws them from its picture: uint8 (SIZE, SIZE, 3)."""
    return (edge_map(draw(scene)[None])[0, :, :, None] * np.array([255] * 3)).astype(np.uint8)


def _all_edges(pictures: np.ndarray) -> np.ndarray:
    """Packed bits (N, variants, SIZE, SIZE / 8) of the edges by each of THRESHOLDS."""
    parts = np.array_split(pictures, max(1, len(pictures) // 50))
    return np.concatenate([np.stack([np.packbits(edge_map(p, t), -1) for t in THRESHOLDS], 1) for p in parts])


def edge_hints(run: Path, pictures: np.ndarray) -> Callable[[np.ndarray, np.random.Generator], Tensor]:
    packed = cached(run / "edges.npy", lambda: _all_edges(pictures))

    def hints(places: np.ndarray, rng: np.random.Generator) -> Tensor:
        bits = np.unpackbits(packed[places, rng.integers(0, len(THRESHOLDS), len(places))], axis=-1)
        return torch.from_numpy(bits).float()[:, None].expand(-1, 3, -1, -1)

    return hints


def segment_hints(run: Path, scenes: list[Scene]) -> Callable[[np.ndarray, np.random.Generator], Tensor]:
    classes = cached(run / "segments.npy", lambda: np.stack([class_map(scene) for scene in scenes]))
    palette = torch.from_numpy(SEGMENT_COLOURS).float() / 255

    def hints(places: np.ndarray, rng: np.random.Generator) -> Tensor:
        return palette[torch.from_numpy(classes[places]).long()].permute(0, 3, 1, 2)

    return hints


def build(base: Base) -> tuple[ControlNetModel, dict[str, LowRank]]:
    """A copy of the base's first half, its layers with few trainable numbers, all that is new trainable whole."""
    network = ControlNetModel.from_unet(base.unet, conditioning_embedding_out_channels=HINT_WIDTHS)
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name.startswith("controlnet_"))
    return network, add_ranks(network, RANK, lambda name: name.startswith(CHANGED) and "time_emb" not in name)


def loss_of(base: Base, network: nn.Module, latents: Tensor, cells: Tensor, texts: list[str], hint: Tensor) -> Tensor:
    context = base.context(texts)

    def predict(noisy: Tensor, times: Tensor) -> Tensor:
        down, middle = network(noisy, times, context, hint, return_dict=False)
        guess: Tensor = base.unet(
            noisy,
            times,
            context,
            down_block_additional_residuals=down,
            mid_block_additional_residual=middle,
            return_dict=False,
        )[0]
        return guess

    return base.denoising_loss(latents, predict, cells)


def control_lora(network: nn.Module, changes: dict[str, LowRank]) -> dict[str, Tensor]:
    """The weights under the names of Stability's Control-LoRAs: what is new whole, the rest as ranks."""
    shapes = {name.replace("parametrizations.weight.original", "weight") for name in network.state_dict()}
    own = {theirs: ours for ours, theirs in (diffusers_control_names(shapes) or {}).items()}
    weights = {"lora_controlnet": torch.zeros(0)}
    for layer, change in changes.items():
        name = own[f"{layer}.weight"].removesuffix(".weight")
        weights[f"{name}.up"], weights[f"{name}.down"] = change.stored()
    news = {name: weight for name, weight in network.state_dict().items() if name.startswith("controlnet_")}
    return weights | {own[name]: weight for name, weight in news.items()}


def main() -> None:
    parser = arguments_of(__doc__, minutes=9, rate=2e-3)
    parser.add_argument("kind", choices=("edges", "segments"))
    parser.add_argument("--prepare", action="store_true", help="only make the maps")
    arguments = parser.parse_args()
    scenes = dataset.load_scenes(arguments.data, PICTURES)
    if arguments.kind == "edges":
        hints = edge_hints(arguments.run, dataset.load_pictures(arguments.data, PICTURES))
    else:
        hints = segment_hints(arguments.run, scenes)
    if arguments.prepare:
        return
    base = Base.load(arguments.base)
    latents = torch.from_numpy(np.load(arguments.base / "latents.npy")[:PICTURES])
    cells = 1 + torch.from_numpy(np.stack([cell_weights(scene) for scene in scenes]))
    network, changes = build(base)

    def batch_loss(rng: np.random.Generator) -> Tensor:
        places = rng.integers(0, len(scenes), BATCH)
        texts = dropped([caption(scenes[place], rng) for place in places], DROPPED, rng)
        return loss_of(base, network, latents[places].float(), cells[places], texts, hints(places, rng))

    settings = Settings.of(arguments)
    train(arguments.kind, network, batch_loss, settings)
    write_weights(
        arguments.out / "controlnet" / f"weft-tiny-{arguments.kind}.safetensors", control_lora(network, changes)
    )


if __name__ == "__main__":
    main()
