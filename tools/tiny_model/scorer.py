"""Does a picture show what its caption asks? Finds objects without a network: the scenes are procedural.

    python -m tools.tiny_model.scorer --pictures 800      # the scorer's own accuracy, and a control with wrong scenes

Background model from the picture's frame -> components -> colour by vote -> shape by overlap with rotated templates.
"""

from __future__ import annotations

import argparse
import functools
from collections import Counter
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from tools.tiny_model.drawing import draw, shape_mask
from tools.tiny_model.scenes import COLOURS, SHAPES, SIZE, Relation, Scene, sample_scene

TEMPLATE_SIDE = 40
FOREGROUND_THRESHOLD = 34.0  # opponent-colour distance from the background
MINIMAL_AREA = 110  # pixels: less is a speck (a star of the night sky)
MAXIMAL_SHARE = 0.6  # of the picture: more is no object, the background itself is odd
MINIMAL_OVERLAP = 0.72  # intersection over union with the best template: less is no known shape


@dataclass(frozen=True)
class Found:
    """One object in a picture: `x`, `y` in pixels, `overlap` 0..1 with the template of `shape`."""

    shape: str
    colour: str
    x: float
    y: float
    area: int
    overlap: float


@dataclass(frozen=True)
class Score:
    """What of a scene its picture shows. `relation` is None for scenes without one."""

    kind: str
    objects: bool  # every shape asked for is there
    colours: bool  # every colour asked for is there, whatever the shape
    attributes: bool  # every shape is there in its colour
    relation: bool | None  # VISOR (arXiv:2212.10015): attributes right and the relation holds
    clean: bool  # as many objects as asked for, none else


def _opponent(rgb: np.ndarray) -> np.ndarray:
    """A cheap opponent colour space: (..., 3) RGB 0..255 -> (lightness, red-green, yellow-blue)."""
    r, g, b = np.moveaxis(np.asarray(rgb, np.float32), -1, 0)
    return np.stack([(r + g + b) / 3 * 0.8, r - g, (r + g) / 2 - b], -1)


def normalized(mask: np.ndarray) -> np.ndarray:
    """Fit a mask's bounding box into a TEMPLATE_SIDE square, aspect kept, centred."""
    ys, xs = np.nonzero(mask)
    box = mask[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    height, width = box.shape
    side = max(height, width)
    square = np.zeros((side, side), np.float32)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = box
    fitted = Image.fromarray(square).resize((TEMPLATE_SIDE, TEMPLATE_SIDE), Image.Resampling.BILINEAR)
    return np.asarray(fitted)


@functools.cache
def templates() -> tuple[tuple[str, ...], np.ndarray]:
    names, masks = [], []
    for shape in SHAPES:
        for rotation in (-6, -3, 0, 3, 6):
            names.append(shape)
            masks.append(normalized(np.asarray(shape_mask(shape, 48, rotation)) > 127))
    return tuple(names), np.stack(masks)


@functools.cache
def _colour_anchors() -> tuple[tuple[str, ...], np.ndarray]:
    """Each colour as it looks in light, in shade and under the gloss."""
    names, anchors = [], []
    for name, rgb in COLOURS.items():
        base = np.array(rgb, np.float32)
        for tone in (base, base * 0.93, np.minimum(base * 1.08 + 10, 255)):
            names.append(name)
            anchors.append(_opponent(tone))
    return tuple(names), np.stack(anchors)


def _frame_tones(picture: np.ndarray, clusters: int = 6, rounds: int = 5) -> np.ndarray:
    """The main colours of the picture's frame by k-means."""
    edges = (picture[:3], picture[-3:], picture[:, :3], picture[:, -3:])
    pixels = np.concatenate([edge.reshape(-1, 3) for edge in edges])
    centres = pixels[np.random.default_rng(0).integers(0, len(pixels), clusters)]
    for _ in range(rounds):
        nearest = ((pixels[:, None] - centres[None]) ** 2).sum(-1).argmin(1)
        members = [pixels[nearest == i] for i in range(clusters)]
        centres = np.stack([m.mean(0) if len(m) else c for m, c in zip(members, centres, strict=True)])
    counts = np.bincount(nearest, minlength=clusters)
    return centres[counts > len(pixels) * 0.06]


def _strangeness(picture: np.ndarray) -> np.ndarray:
    """Distance of each pixel from what the frame explains; darker background (a shadow) counts as background."""
    pixels = picture.astype(np.float32)
    sides = [np.median(part, 1) for part in (pixels[:, :4], pixels[:, -4:])]
    left, right = (ndimage.uniform_filter1d(side, 3, axis=0)[:, None] for side in sides)
    across = np.linspace(0, 1, pixels.shape[1], dtype=np.float32)[None, :, None]
    rows = left * (1 - across) + right * across
    models = [rows, *(np.roll(rows, shift, 0) for shift in (-6, -3, 3, 6))]  # a horizon is not level
    models += list(_frame_tones(pixels))
    own = _opponent(pixels)
    best = np.full(pixels.shape[:2], np.inf, np.float32)
    for model in map(_opponent, models):
        for shade in (1.0, 0.9, 0.8, 0.72):  # the colour space is linear: a shadow scales it
            best = np.minimum(best, np.abs(own - shade * model).sum(-1) + (1 - shade) * 30)
    return best


def _colour_of(pixels: np.ndarray) -> str:
    names, anchors = _colour_anchors()
    distances = np.abs(_opponent(pixels)[:, None] - anchors[None]).sum(-1)
    return Counter(names[i] for i in distances.argmin(1)).most_common(1)[0][0]


def _without_specks(mask: np.ndarray) -> np.ndarray:
    """Fill holes far smaller than a ring's."""
    filled = ndimage.binary_fill_holes(mask)
    labels, count = ndimage.label(filled & ~mask)
    sizes = ndimage.sum(labels > 0, labels, range(1, count + 1))
    small = [i for i, size in enumerate(sizes, 1) if size < 0.04 * filled.sum()]
    return mask | np.isin(labels, small)


def foreground(picture: np.ndarray) -> np.ndarray:
    """Where a uint8 (H, W, 3) picture shows something before its background: bool (H, W)."""
    mask: np.ndarray = ndimage.binary_opening(_strangeness(picture) > FOREGROUND_THRESHOLD, iterations=1)
    return mask


def detect(picture: np.ndarray) -> list[Found]:
    """Find the objects of a uint8 (S, S, 3) picture; places are in pixels of a SIZE x SIZE one."""
    if picture.shape[0] != SIZE:
        picture = np.asarray(Image.fromarray(picture).resize((SIZE, SIZE), Image.Resampling.BOX))
    mask = foreground(picture)
    labels, _ = ndimage.label(mask)
    names, masks = templates()
    found = []
    for index, box in enumerate(ndimage.find_objects(labels), 1):
        part = labels[box] == index
        if not MINIMAL_AREA <= part.sum() <= MAXIMAL_SHARE * mask.size:
            continue
        part = ndimage.binary_closing(np.pad(part, 4), iterations=2)[4:-4, 4:-4]
        part = _without_specks(part)
        core = part & ndimage.binary_erosion(part, iterations=2)
        colour = _colour_of(picture[box][core if core.sum() >= 20 else part])
        own = normalized(part)[None]
        overlaps = np.minimum(own, masks).sum((1, 2)) / np.maximum(own, masks).sum((1, 2))
        best = int(overlaps.argmax())
        ys, xs = np.nonzero(part)
        x, y = float(xs.mean()) + box[1].start, float(ys.mean()) + box[0].start
        found.append(Found(names[best], colour, x, y, int(part.sum()), float(overlaps[best])))
    return found


def _holds(relation: Relation, first: list[Found], second: list[Found]) -> bool:
    (x1, y1), (x2, y2) = (np.mean([(f.x, f.y) for f in group], 0) for group in (first, second))
    dx, dy = x1 - x2, y1 - y2
    if relation in ("left", "right"):
        return bool(abs(dx) > max(6, abs(dy)) and (dx < 0) == (relation == "left"))
    return bool(abs(dy) > max(6, abs(dx)) and (dy < 0) == (relation == "above"))


def score(picture: np.ndarray, scene: Scene) -> Score:
    """Compare a uint8 (H, W, 3) picture with the scene asked for."""
    every = detect(picture)
    known = [found for found in every if found.overlap >= MINIMAL_OVERLAP]
    wanted = Counter((thing.shape, thing.colour) for thing in scene.things)
    present = Counter((found.shape, found.colour) for found in known)
    shapes, colours = Counter(f.shape for f in known), Counter(f.colour for f in every)
    attributes = present >= wanted
    relation = None
    if scene.relation:
        groups = [[f for f in known if (f.shape, f.colour) == (t.shape, t.colour)] for t in scene.things]
        relation = attributes and _holds(scene.relation, groups[0], groups[1])
    return Score(
        kind=scene.kind,
        objects=shapes >= Counter(thing.shape for thing in scene.things),
        colours=colours >= Counter(thing.colour for thing in scene.things),
        attributes=attributes,
        relation=relation,
        clean=len(every) == len(scene.things),
    )


def summary(scores: list[Score]) -> dict[str, float]:
    """Percentages over pictures, in all and by kind of scene."""
    out: dict[str, float] = {"n": len(scores)}
    for field in ("objects", "colours", "attributes", "relation", "clean"):
        for kind in ("", "one", "two"):
            values = [getattr(s, field) for s in scores if kind in ("", s.kind)]
            values = [value for value in values if value is not None]
            if values:
                out[f"{field} {kind}".strip()] = round(100 * float(np.mean(values)), 1)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=800)
    parser.add_argument("--seed", type=int, default=99)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    scenes = [sample_scene(rng) for _ in range(arguments.pictures)]
    pictures = [draw(scene) for scene in scenes]
    print("true scenes ", summary([score(p, s) for p, s in zip(pictures, scenes, strict=True)]))
    wrong = scenes[1:] + scenes[:1]
    print("wrong scenes", summary([score(p, s) for p, s in zip(pictures, wrong, strict=True)]))


if __name__ == "__main__":
    main()
