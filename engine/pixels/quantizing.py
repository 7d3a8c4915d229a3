"""How is a picture painted with few colours?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def quantize(images: Tensor, colours: int, dither: str) -> Tensor:
    """(B, H, W, C) in 0..1 -> the same in at most `colours` (1..256) colours, found for each picture by median cut.

    Args:
        dither: "none", "floyd-steinberg" (1976), or "bayer-N": Bayer's ordered pattern (1973) of N x N pixels.
    """
    return torch.stack([_quantize_one(image[..., :3], colours, dither) for image in images])


def _quantize_one(image: Tensor, colours: int, dither: str) -> Tensor:
    import numpy as np
    from PIL import Image

    picture = Image.fromarray((image.cpu() * 255).clamp(0, 255).to(torch.uint8).numpy())
    palette = picture.quantize(colours)
    if dither.startswith("bayer-"):
        picture = Image.fromarray(_with_pattern(np.asarray(picture, np.float32), int(dither[6:]), colours))
    diffuses = dither == "floyd-steinberg"
    painted = picture.quantize(
        colours, palette=palette, dither=Image.Dither.FLOYDSTEINBERG if diffuses else Image.Dither.NONE
    )
    return torch.from_numpy(np.array(painted.convert("RGB"))).to(image) / 255


def _with_pattern(values: NDArray[np.float32], order: int, colours: int) -> NDArray[np.uint8]:
    import numpy as np

    height, width = values.shape[:2]
    spread = 2 * 256 / colours
    pattern = np.tile(spread * bayer_pattern(order) + 0.5, (-(-height // order), -(-width // order)))
    return np.clip(values + pattern[:height, :width, None], 0, 255).astype(np.uint8)


def bayer_pattern(order: int) -> NDArray[np.float32]:
    """Bayer's thresholds, centred on 0 within -1/2..1/2, for a square of `order` (a power of 2) pixels a side."""
    import numpy as np

    pattern = np.zeros((1, 1), np.float32)
    while len(pattern) < order:
        thresholds = 4 * pattern.size
        steps = ((-1.5, 0.5), (1.5, -0.5))
        pattern = np.block([[pattern + step / thresholds for step in row] for row in steps])
    return pattern
