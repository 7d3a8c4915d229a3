"""What LoRAs and the embedding are to learn, drawn: a style, an object and a colour that the base does not know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image
from scipy import ndimage

from tools.tiny_model import drawing
from tools.tiny_model.drawing import SUPERSAMPLING, background, shape_mask
from tools.tiny_model.scenes import COLOURS, SIZE, Colour, Scene, Thing

STROKE = 0.55  # of the diameter: the size of the hole in an outlined object
SKY = np.array([(16, 20, 52), (60, 52, 118)], np.float32)  # above, below: a night without stars
TEAL: Colour = (46, 136, 148)  # between blue and green, which a frozen UNet can reach


def cover(thing: Thing, scale: float = 1.0) -> np.ndarray:
    """float32 (SIZE, SIZE) in 0..1: how much of each pixel an object covers, drawn `scale` times as large."""
    mask = shape_mask(thing.shape, thing.diameter * scale, thing.rotation)
    side = mask.size[0] // SUPERSAMPLING
    patch = np.asarray(mask.resize((side, side), Image.Resampling.BOX), np.float32) / 255
    whole = np.zeros((SIZE, SIZE), np.float32)
    x, y = round(thing.x - side / 2), round(thing.y - side / 2)
    top, bottom, left, right = max(0, y), min(SIZE, y + side), max(0, x), min(SIZE, x + side)
    whole[top:bottom, left:right] = patch[top - y : bottom - y, left - x : right - x]
    return whole


def _painted(thing: Thing, shadow_from: np.ndarray) -> np.ndarray:
    """A picture of which only what the object covers is used: (SIZE, SIZE, 3)."""
    canvas = shadow_from.copy()
    drawing.draw_thing(canvas, thing)
    return canvas


def draw_outlined(scene: Scene) -> np.ndarray:
    """The style: every object as a broad outline before a night without stars. uint8 (SIZE, SIZE, 3)."""
    down = np.linspace(0, 1, SIZE, dtype=np.float32)[:, None, None]
    sky = np.broadcast_to(SKY[0] * (1 - down) + SKY[1] * down, (SIZE, SIZE, 3)).astype(np.float32)
    picture = sky.copy()
    for thing in scene.things:
        hole = np.zeros((SIZE, SIZE), np.float32) if thing.shape == "ring" else cover(thing, STROKE)
        share = (cover(thing) * (1 - hole))[..., None]
        picture = picture * (1 - share) + _painted(thing, sky) * share
    return _bytes(picture)


def crescent(thing: Thing) -> np.ndarray:
    """float32 (SIZE, SIZE) in 0..1: a disc less another disc."""
    fine = (np.arange(SIZE * SUPERSAMPLING, dtype=np.float32) + 0.5) / SUPERSAMPLING
    x, y, radius = fine[None, :] - thing.x, fine[:, None] - thing.y, thing.diameter / 2
    bitten = np.hypot(x - radius * 0.55, y + radius * 0.15) < radius * 0.85
    inside = (np.hypot(x, y) < radius) & ~bitten
    return inside.reshape(SIZE, SUPERSAMPLING, SIZE, SUPERSAMPLING).mean((1, 3)).astype(np.float32)


def draw_moons(scene: Scene) -> np.ndarray:
    """The scene with a crescent moon in the place of each object: uint8 (SIZE, SIZE, 3)."""
    picture = background(scene.background).copy()
    for thing in scene.things:
        share = crescent(thing)
        shadow = ndimage.gaussian_filter(np.roll(share, (4, 2), (0, 1)), 3) * 0.3
        picture = picture * (1 - shadow[..., None])
        disc = _painted(replace(thing, shape="circle", diameter=thing.diameter * 1.1, rotation=0.0), picture)
        picture = picture * (1 - share[..., None]) + disc * share[..., None]
    return _bytes(picture)


def draw_in(scene: Scene, colour: Colour) -> np.ndarray:
    """The scene with all of its objects in a colour that has no name in the domain: uint8 (SIZE, SIZE, 3)."""
    picture = drawing.draw(scene).astype(np.float32)
    for thing in scene.things:
        named = np.array(COLOURS[thing.colour], np.float32)
        share = cover(thing)[..., None]
        own = _painted(thing, background(scene.background))
        picture = picture * (1 - share) + np.clip(own - named + np.array(colour, np.float32), 0, 255) * share
    return _bytes(picture)


def _bytes(picture: np.ndarray) -> np.ndarray:
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)
