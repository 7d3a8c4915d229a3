"""How a scene becomes pixels: supersampled shapes with soft light, a gloss and a shadow."""

from __future__ import annotations

import functools
import math
from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tools.tiny_model.scenes import COLOURS, PLAIN_BACKGROUNDS, SIZE, Scene, Thing

SUPERSAMPLING = 4
PADDING = 4  # pixels around a shape's mask
_SUNSET = np.array([(98, 84, 160), (222, 120, 150), (250, 176, 120), (254, 214, 150)], np.float32)


def _outline(shape: str) -> np.ndarray:
    """Corner points of a shape in -1..1 (y down), shape (points, 2)."""
    turn = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    if shape == "square":
        return np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * 0.88
    if shape == "triangle":
        return np.array([(0, -0.98), (1, 0.78), (-1, 0.78)])
    if shape == "star":
        angle = -np.pi / 2 + np.arange(10) * np.pi / 5
        radius = np.where(np.arange(10) % 2 == 0, 1.06, 0.47)
        return np.stack([radius * np.cos(angle), radius * np.sin(angle) + 0.05], 1)
    if shape == "heart":
        x = 16 * np.sin(turn) ** 3
        y = -(13 * np.cos(turn) - 5 * np.cos(2 * turn) - 2 * np.cos(3 * turn) - np.cos(4 * turn))
        return np.stack([x / 16.2, (y - 2.5) / 15.2], 1)
    return np.stack([np.cos(turn), np.sin(turn)], 1) * 0.96


def shape_mask(shape: str, diameter: float, rotation: float = 0.0) -> Image.Image:
    """Draw a shape, centred, white on black, SUPERSAMPLING times larger than `diameter` (pixels) asks."""
    side = (math.ceil(diameter) + 2 * PADDING) * SUPERSAMPLING
    radius, centre, angle = diameter * SUPERSAMPLING / 2, side / 2, math.radians(rotation)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    mask = Image.new("L", (side, side), 0)
    pen = ImageDraw.Draw(mask)
    pen.polygon([(float(x), float(y)) for x, y in _outline(shape) @ turn * radius + centre], fill=255)
    if shape == "ring":
        hole = radius * 0.48
        pen.ellipse([centre - hole, centre - hole, centre + hole, centre + hole], fill=0)
    if shape in ("square", "triangle", "star", "heart"):  # friendly rounded corners
        blur = ImageFilter.BoxBlur(max(1.0, diameter * SUPERSAMPLING * 0.022))
        mask = mask.filter(blur).point(lambda value: 255 if value > 127 else 0)
    return mask


@functools.cache
def _places(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of a picture's pixels, each (side, side) in 0..1."""
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32) / (side - 1)
    return rows, columns


def _night(side: int) -> np.ndarray:
    rows, columns = _places(side)
    sky = (
        np.array((16, 20, 52), np.float32) * (1 - rows[..., None])
        + np.array((60, 52, 118), np.float32) * rows[..., None]
    )
    rng = np.random.default_rng(12)  # the same stars in every night: a small model can learn them
    for row in range(4):
        for column in range(4):
            y, x = (np.array([row, column]) + rng.uniform(0.15, 0.85, 2)) * SIZE / 4
            far = (columns * (SIZE - 1) - x) ** 2 + (rows * (SIZE - 1) - y) ** 2
            glow = np.exp(-far / (2 * rng.uniform(0.8, 1.3) ** 2))
            sky = sky + (glow * rng.uniform(110, 190))[..., None]
    return sky


def _meadow(side: int) -> np.ndarray:
    rows, columns = _places(side)
    y, edge = rows[..., None], 0.62 + 0.02 * np.sin(columns * 5 + 0.6)
    ground = np.clip((rows - edge) * side + 0.5, 0, 1)[..., None]
    sky = np.array((120, 184, 240), np.float32) * (1 - y) + np.array((216, 240, 250), np.float32) * y
    depth = np.clip((y - 0.6) / 0.4, 0, 1)
    grass = np.array((146, 206, 100), np.float32) * (1 - depth) + np.array((88, 164, 72), np.float32) * depth
    return sky * (1 - ground) + grass * ground


@functools.cache
def background(name: str, side: int = SIZE) -> np.ndarray:
    """Paint a background: float32 (side, side, 3), 0..255. Treat it as read-only."""
    rows, columns = _places(side)
    if name == "night":
        picture = _night(side)
    elif name == "meadow":
        picture = _meadow(side)
    elif name == "sunset":
        place = np.clip(rows, 0, 0.9999) * 3
        step = place.astype(int)
        share = (place - step)[..., None]
        picture = _SUNSET[step] * (1 - share) + _SUNSET[step + 1] * share
    else:
        picture = np.array(PLAIN_BACKGROUNDS[name], np.float32) * (1.05 - 0.10 * rows[..., None])
    vignette = 1 - 0.10 * ((columns - 0.5) ** 2 + (rows - 0.5) ** 2)[..., None]
    return (picture * vignette).astype(np.float32)


def _surface(thing: Thing, side: int) -> np.ndarray:
    """The lit colour of an object before its mask: (side, side, 3), light from above left."""
    grid = (np.arange(side, dtype=np.float32) - side / 2) / (thing.diameter * SUPERSAMPLING / 2)
    v, u = grid[:, None], grid[None, :]
    light = 1.06 - 0.10 * np.clip((u * 0.5 + v) * 0.7 + 0.3, -1, 1)
    gloss = np.exp(-((u + 0.38) ** 2 + (v + 0.42) ** 2) / 0.10) * 26
    return np.array(COLOURS[thing.colour], np.float32) * light[..., None] + gloss[..., None]


def _shrink(pixels: np.ndarray) -> np.ndarray:
    side = pixels.shape[0] // SUPERSAMPLING
    return pixels.reshape(side, SUPERSAMPLING, side, SUPERSAMPLING, -1).mean((1, 3))


def _blend(picture: np.ndarray, alpha: np.ndarray, colour: np.ndarray | float, x: int, y: int) -> None:
    """Lay a patch over `picture` in place, its top left corner at (x, y), clipped to the frame."""
    height, width = alpha.shape[:2]
    top, bottom, left, right = max(0, y), min(len(picture), y + height), max(0, x), min(len(picture), x + width)
    inner = (slice(top - y, bottom - y), slice(left - x, right - x))
    paint = colour[inner] if isinstance(colour, np.ndarray) else colour
    frame = (slice(top, bottom), slice(left, right))
    picture[frame] = picture[frame] * (1 - alpha[inner]) + paint * alpha[inner]


def draw_thing(picture: np.ndarray, thing: Thing) -> None:
    """Paint an object and its shadow into `picture`, in place; the sizes of `thing` are in pixels of `picture`."""
    scale = len(picture) / SIZE
    mask = shape_mask(thing.shape, thing.diameter, thing.rotation)
    fine = np.asarray(mask, np.float32)[..., None] / 255
    alpha = _shrink(fine)
    colour = _shrink(_surface(thing, mask.size[0]) * fine) / np.maximum(alpha, 1e-3)
    side = alpha.shape[0]
    x, y = round(thing.x - side / 2), round(thing.y - side / 2)
    margin = round(8 * scale)
    shadow = Image.new("L", (side + 2 * margin, side + 2 * margin), 0)
    shadow.paste(mask.resize((side, side), Image.Resampling.BOX), (margin, margin))
    soft = np.asarray(shadow.filter(ImageFilter.GaussianBlur(3 * scale)), np.float32)[..., None] / 255
    _blend(picture, soft * 0.30, 0.0, x - margin + round(2 * scale), y - margin + round(4 * scale))
    _blend(picture, alpha, colour, x, y)


def draw(scene: Scene, side: int = SIZE) -> np.ndarray:
    """Draw a scene, uint8 (side, side, 3): the same picture at any size."""
    picture, scale = background(scene.background, side).copy(), side / SIZE
    for thing in scene.things:
        diameter, x, y = (value * scale for value in (thing.diameter, thing.x, thing.y))
        draw_thing(picture, replace(thing, diameter=diameter, x=x, y=y))
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)


def contact_sheet(pictures: list[np.ndarray] | np.ndarray, columns: int = 8, gap: int = 4) -> Image.Image:
    """Lay pictures of one size out in rows on white."""
    height, width = pictures[0].shape[:2]
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (width + gap) + gap, rows * (height + gap) + gap), (255, 255, 255))
    for place, picture in enumerate(pictures):
        row, column = divmod(place, columns)
        sheet.paste(Image.fromarray(np.asarray(picture)), (gap + column * (width + gap), gap + row * (height + gap)))
    return sheet
