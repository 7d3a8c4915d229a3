"""Which pictures exist: the words of the domain and the random layout of a scene."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

SIZE = 128  # pixels; every coordinate below is in pixels of a SIZE x SIZE picture
Relation = Literal["left", "right", "above", "below"]
RELATIONS: tuple[Relation, ...] = ("left", "right", "above", "below")
MIRRORED: dict[Relation, Relation] = {"left": "right", "right": "left", "above": "below", "below": "above"}

SHAPES = ("circle", "square", "triangle", "star", "heart", "ring")
Colour = tuple[int, int, int]  # 8-bit sRGB
COLOURS: dict[str, Colour] = {
    "red": (222, 50, 52),
    "orange": (246, 140, 34),
    "yellow": (252, 212, 54),
    "green": (52, 160, 74),
    "blue": (46, 100, 216),
    "purple": (132, 68, 190),
    "pink": (246, 132, 178),
    "white": (248, 246, 240),
}
PLAIN_BACKGROUNDS: dict[str, Colour] = {
    "white": (244, 242, 238),
    "yellow": (250, 230, 150),
    "green": (150, 204, 140),
    "blue": (134, 178, 232),
    "pink": (250, 204, 214),
}
SCENIC_BACKGROUNDS = ("meadow", "night", "sunset")
BACKGROUNDS = (*PLAIN_BACKGROUNDS, *SCENIC_BACKGROUNDS)
# Object colours that would not stand out on a background.
TOO_CLOSE: dict[str, tuple[str, ...]] = {
    "white": ("white", "yellow"),
    "yellow": ("yellow", "white"),
    "green": ("green",),
    "blue": ("blue",),
    "pink": ("pink", "white"),
    "meadow": ("green", "blue"),
    "night": (),
    "sunset": ("orange", "pink", "purple", "red"),
}
SMALL, LARGE = (45.0, 51.0), (62.0, 70.0)  # diameters, pixels
PAIR_DIAMETERS = (44.0, 49.0)


@dataclass(frozen=True)
class Thing:
    """One object: `diameter`, `x`, `y` in pixels, `rotation` in degrees."""

    shape: str
    colour: str
    diameter: float
    x: float
    y: float
    rotation: float

    @property
    def is_large(self) -> bool:
        return self.diameter >= LARGE[0]


@dataclass(frozen=True)
class Scene:
    """One picture. `relation` says where things[0] lies, seen from things[1]; None for one object or two alike."""

    background: str
    things: tuple[Thing, ...]
    relation: Relation | None

    @property
    def kind(self) -> Literal["one", "two", "alike"]:
        if len(self.things) == 1:
            return "one"
        return "two" if self.relation else "alike"

    @property
    def groups(self) -> tuple[tuple[Thing, ...], ...]:
        """Things that one phrase of the caption names together."""
        return (self.things,) if self.kind == "alike" else tuple((thing,) for thing in self.things)

    @property
    def combination(self) -> tuple[tuple[str, str], ...]:
        return tuple(sorted((thing.shape, thing.colour) for thing in self.things))


def _pick(rng: np.random.Generator, options: tuple[str, ...] | list[str]) -> str:
    return options[int(rng.integers(len(options)))]


def _thing(rng: np.random.Generator, background: str, diameters: tuple[float, float]) -> Thing:
    colours = [colour for colour in COLOURS if colour not in TOO_CLOSE[background]]
    return Thing(
        shape=_pick(rng, SHAPES),
        colour=_pick(rng, colours),
        diameter=float(rng.uniform(*diameters)),
        x=SIZE / 2,
        y=SIZE / 2,
        rotation=float(rng.uniform(-4, 4)),
    )


def _one(rng: np.random.Generator, background: str) -> Scene:
    thing = _thing(rng, background, LARGE if rng.random() < 0.65 else SMALL)
    dx, dy = rng.uniform(-6, 6, 2)
    return Scene(background, (replace(thing, x=thing.x + float(dx), y=thing.y + float(dy)),), None)


def _pair(rng: np.random.Generator, background: str, alike: bool) -> Scene:
    """Two objects beside or above one another: unlike in shape or colour (with a relation), or alike."""
    first = _thing(rng, background, PAIR_DIAMETERS)
    second = _thing(rng, background, PAIR_DIAMETERS)
    while not alike and (second.colour == first.colour or (second.shape == first.shape and rng.random() < 0.5)):
        second = _thing(rng, background, PAIR_DIAMETERS)
    if alike:
        second = replace(first, rotation=second.rotation)
    relation = RELATIONS[int(rng.integers(2 if alike else 4))]
    apart = (first.diameter + second.diameter) / 2 + float(rng.uniform(7, 11))
    along = apart / 2 * (-1 if relation in ("left", "above") else 1)
    cx, cy = SIZE / 2 + rng.uniform(-3, 3, 2)
    sway = rng.uniform(-3, 3, 2)
    placed = []
    for thing, offset, drift in ((first, along, sway[0]), (second, -along, sway[1])):
        horizontal = relation in ("left", "right")
        x, y = (cx + offset, cy + drift) if horizontal else (cx + drift, cy + offset)
        placed.append(replace(thing, x=float(x), y=float(y)))
    return Scene(background, (placed[0], placed[1]), None if alike else relation)


def sample_scene(rng: np.random.Generator) -> Scene:
    """Draw a scene: one object (50 %), two unlike with a relation (43 %) or two alike (7 %)."""
    background = _pick(rng, BACKGROUNDS)
    share = rng.random()
    if share < 0.50:
        return _one(rng, background)
    return _pair(rng, background, alike=share > 0.93)


def cell_weights(scene: Scene, cells: int = 16) -> np.ndarray:
    """Share (0..1) of how much each latent cell matters: 1 on and around objects, 0 elsewhere. Shape (cells, cells)."""
    side = SIZE / cells
    centres = (np.arange(cells) + 0.5) * side
    weights = np.zeros((cells, cells), np.float32)
    for thing in scene.things:
        radius = thing.diameter / 2 * 1.1 + side / 2
        far = np.maximum(np.abs(centres[None, :] - thing.x), np.abs(centres[:, None] - thing.y))
        weights[far <= math.ceil(radius)] = 1.0
    return weights
