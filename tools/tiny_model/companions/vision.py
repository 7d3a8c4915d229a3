"""Train the small CLIP vision encoder (arXiv:2103.00020) that tells the unCLIP variant what is in a picture.

    python -m tools.tiny_model.companions.vision --data DATA --base RUN --run OUT --minutes 13

Captions pull it, read by the base's text encoder, and so does a head that reads from what it says of the whole picture
which shape and colour lies where: what a variation must keep. Writes models/clip_vision/weft-tiny-vision.safetensors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from engine.models.vision.encoder import preprocess
from tools.tiny_model import dataset
from tools.tiny_model.captions import caption
from tools.tiny_model.companions.base import Base, computing
from tools.tiny_model.companions.files import write_weights
from tools.tiny_model.companions.training_loop import Settings, arguments_of, train
from tools.tiny_model.drawing import draw
from tools.tiny_model.layout import CELLS, CLASSES, NOTHING, Layouts, cell_of
from tools.tiny_model.scenes import SIZE, sample_scene
from tools.tiny_model.tokenizer import END

NAME = "weft-tiny-vision"
BATCH, SHORT = 128, 32  # SHORT tokens hold every caption
CONTRAST, LARGEST_SCALE = 0.25, 100.0  # of the two errors; of what cosines are multiplied by
PIXEL_NOISE = 0.03  # pictures to be varied come out of a VAE more often than not
UNSEEN_SEED, UNSEEN = 3131, 256


@dataclass(frozen=True)
class VisionSizes:
    """CLIP's vision transformer: heads are 64 wide, which files do not tell."""

    width: int = 128
    hidden: int = 192
    layers: int = 2
    patch: int = 16
    says: int = 96  # numbers about the picture as a whole


def build_vision(sizes: VisionSizes) -> CLIPVisionModelWithProjection:
    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=sizes.width,
            intermediate_size=sizes.hidden,
            num_hidden_layers=sizes.layers,
            num_attention_heads=sizes.width // 64,
            image_size=SIZE,
            patch_size=sizes.patch,
            projection_dim=sizes.says,
            hidden_act="quick_gelu",
            attn_implementation="sdpa",
        )
    )


class Lessons(nn.Module):
    """The encoder with what teaches it and is thrown away: the captions' projection, and the head that names places."""

    def __init__(self, sizes: VisionSizes, text_width: int) -> None:
        super().__init__()
        self.encoder = build_vision(sizes)
        self.captions = nn.Linear(2 * text_width, sizes.says)
        self.places = nn.Linear(sizes.says, CELLS * CELLS * (CLASSES["shape"] + CLASSES["colour"]))
        self.background = nn.Linear(sizes.says, CLASSES["background"])
        self.scale = nn.Parameter(torch.tensor(2.5))

    def said(self, pixels: Tensor) -> Tensor:
        """(B, 3, SIZE, SIZE) as CLIP takes them -> (B, says) of each picture as a whole."""
        said: Tensor = self.encoder(pixel_values=pixels).image_embeds
        return said.float()

    def read(self, said: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores of shape (B, cells, classes) and colour (B, cells, classes), and of the background (B, classes)."""
        per_cell = self.places(said).unflatten(1, (CELLS * CELLS, -1)).float()
        shapes, colours = per_cell.split([CLASSES["shape"], CLASSES["colour"]], dim=-1)
        return shapes, colours, self.background(said).float()

    def contrast(self, said: Tensor, words: Tensor) -> Tensor:
        """The symmetric cross entropy between pictures (B, says) and their captions (B, 2 text width)."""
        ours = functional.normalize(said, dim=-1)
        theirs = functional.normalize(self.captions(words).float(), dim=-1)
        scores = ours @ theirs.T * self.scale.exp().clamp(max=LARGEST_SCALE)
        own = torch.arange(len(scores))
        return (functional.cross_entropy(scores, own) + functional.cross_entropy(scores.T, own)) / 2

    def layout_error(self, said: Tensor, layouts: Layouts) -> Tensor:
        """Cross entropy of what lies where; cells with an object count as much as all others together."""
        shapes, colours, background = self.read(said)
        wanted = layouts.classes.flatten(2).long()
        covered = (wanted[:, 0] != NOTHING).float()
        weights = covered / covered.sum() + (1 - covered) / (1 - covered).sum()
        errors = sum(
            functional.cross_entropy(guess.mT, wanted[:, kind], reduction="none")
            for kind, guess in enumerate((shapes, colours))
        )
        return (errors * weights).sum() / 2 + functional.cross_entropy(background, wanted[:, 2, 0])


def pixels_of(pictures: np.ndarray) -> Tensor:
    """uint8 (B, SIZE, SIZE, 3) -> (B, 3, SIZE, SIZE), as the engine gives pictures to vision encoders."""
    return preprocess(torch.from_numpy(pictures).float() / 255, SIZE, crops=True)


@torch.no_grad()
def words_of(base: Base, texts: Sequence[str]) -> Tensor:
    """(B, 2 width): what the frozen text encoder says at the end of each text, and on average up to there."""
    tokens = base.tokens(texts)[:, :SHORT]
    with computing():
        hidden = base.text(input_ids=tokens).last_hidden_state.float()
    ends = (tokens == int(base.rows[END])).int().argmax(1)
    inside = (torch.arange(SHORT) <= ends[:, None]).float()[..., None]
    return torch.cat([hidden[torch.arange(len(ends)), ends], (hidden * inside).sum(1) / inside.sum(1)], dim=1)


def weights_of(encoder: CLIPVisionModelWithProjection) -> Mapping[str, Tensor]:
    """Under the names of `CLIPVisionModelWithProjection`'s files, whichever names this `transformers` gives them."""
    named = {}
    for name, weight in encoder.state_dict().items():
        if not name.endswith("position_ids"):
            has_prefix = name.startswith(("vision_model.", "visual_projection."))
            named[name if has_prefix else f"vision_model.{name}"] = weight
    return named


@torch.no_grad()
def scores(lessons: Lessons, base: Base, count: int = UNSEEN, seed: int = UNSEEN_SEED) -> dict[str, float]:
    """On unseen scenes, in %: shape and colour of every object read at its centre, backgrounds, captions found."""
    rng = np.random.default_rng(seed)
    scenes = [sample_scene(rng) for _ in range(count)]
    said = lessons.said(pixels_of(np.stack([draw(scene) for scene in scenes])))
    shapes, colours, background = (guess.argmax(-1) for guess in lessons.read(said))
    wanted = Layouts.of(scenes).classes.flatten(2).long()
    found = {"shapes": shapes == wanted[:, 0], "colours": colours == wanted[:, 1]}
    centres = [[row * CELLS + column for row, column in map(cell_of, scene.things)] for scene in scenes]
    right = {
        name: [bool(cells[places].all()) for cells, places in zip(is_right, centres, strict=True)]
        for name, is_right in found.items()
    }
    texts = [caption(scene, rng, layout=True) for scene in scenes]
    ours, theirs = (functional.normalize(t, dim=-1) for t in (said, lessons.captions(words_of(base, texts))))
    places = (ours @ theirs.T).argmax(1)
    right["backgrounds"] = (background == wanted[:, 2, 0]).tolist()
    right[f"caption first of {count}"] = [
        texts[place] == own for place, own in zip(places.tolist(), texts, strict=True)
    ]
    return {name: round(100 * float(np.mean(values)), 1) for name, values in right.items()}


def write(path: Path, lessons: Lessons) -> None:
    write_weights(path, weights_of(lessons.encoder), narrow=True)


def main() -> None:
    arguments = arguments_of(__doc__, minutes=13, rate=2e-3).parse_args()
    arguments.run.mkdir(parents=True, exist_ok=True)
    base, scenes = Base.load(arguments.base), dataset.load_scenes(arguments.data)
    pictures, layouts = dataset.load_pictures(arguments.data), Layouts.of(scenes)
    torch.manual_seed(arguments.seed)
    lessons = Lessons(VisionSizes(), base.text.config.hidden_size)

    def batch_loss(rng: np.random.Generator) -> Tensor:
        places = rng.integers(0, len(scenes), BATCH)
        pixels = pixels_of(pictures[places])
        words = words_of(base, [caption(scenes[place], rng) for place in places])
        with computing():
            said = lessons.said(pixels + torch.rand(BATCH, 1, 1, 1) * PIXEL_NOISE / 0.27 * torch.randn_like(pixels))
            contrast = lessons.contrast(said, words)
            layout = lessons.layout_error(said, layouts.at(torch.from_numpy(places), torch.device("cpu")))
        return CONTRAST * contrast + layout

    train("vision", lessons, batch_loss, Settings.of(arguments, hold=0.4))
    print(scores(lessons, base), flush=True)
    write(arguments.out / "clip_vision" / f"{NAME}.safetensors", lessons)


if __name__ == "__main__":
    main()
