"""What people would type for a scene: a small grammar, and words that mean nothing to the model."""

from __future__ import annotations

import numpy as np

from tools.tiny_model.scenes import MIRRORED, PLAIN_BACKGROUNDS, Relation, Scene, Thing

SHAPE_WORDS = {
    "circle": ("circle", "circle", "ball"),
    "square": ("square", "square", "box"),
    "triangle": ("triangle",),
    "star": ("star",),
    "heart": ("heart",),
    "ring": ("ring", "ring", "donut"),
}
PLURALS = {"box": "boxes"}
RELATION_WORDS: dict[Relation, tuple[str, ...]] = {
    "left": ("left of", "to the left of"),
    "right": ("right of", "to the right of"),
    "above": ("above", "over"),
    "below": ("below", "under"),
}
PLAIN_BACKGROUND_WORDS = (" on a {} background", ", {} background", " on {}")
SCENIC_WORDS = {
    "meadow": (" in a meadow", " on grass", ", meadow"),
    "night": (" at night", " in the night sky", ", night sky"),
    "sunset": (" at sunset", ", sunset", " in a sunset sky"),
}
OPENINGS = ("a picture of ", "an image of ", "a drawing of ")
# Trained as one and the same unknown word, so that any word outside the grammar is harmless.
FILLERS = (
    "masterpiece", "best quality", "highly detailed", "4k", "8k", "hd", "digital art", "illustration", "beautiful",
    "cute", "simple", "clean", "photo", "render", "vector art", "cartoon", "minimal", "sharp", "icon", "sticker",
    "blurry", "ugly", "low quality", "bad", "text", "watermark", "deformed", "lovely", "cinematic", "studio light",
)  # fmt: skip


def _pick(rng: np.random.Generator, options: tuple[str, ...]) -> str:
    return options[int(rng.integers(len(options)))]


def _phrase(rng: np.random.Generator, group: tuple[Thing, ...], *, with_size: bool, article: bool) -> str:
    thing = group[0]
    shape = _pick(rng, SHAPE_WORDS[thing.shape])
    words = f"{thing.colour} {shape}"
    if len(group) == 2:
        return f"two {thing.colour} {PLURALS.get(shape, shape + 's')}"
    if with_size:
        words = _pick(rng, ("big", "large") if thing.is_large else ("small", "little")) + " " + words
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}" if article else words


def background_phrase(rng: np.random.Generator, background: str) -> str:
    if background in PLAIN_BACKGROUNDS:
        return _pick(rng, PLAIN_BACKGROUND_WORDS).format(background)
    return _pick(rng, SCENIC_WORDS[background])


def caption(scene: Scene, rng: np.random.Generator, *, layout: bool = False, plain: bool = False) -> str:
    """Describe a scene in words.

    Args:
        layout: always say how two objects lie; else 12 % leave it open ("a red heart and a blue star").
        plain: no openings ("a picture of ...").
    """
    article = rng.random() < 0.8
    if scene.relation is None:
        with_size = scene.kind == "one" and rng.random() < 0.4
        text = _phrase(rng, scene.groups[0], with_size=with_size, article=article)
    else:
        (first, second), relation = scene.groups, scene.relation
        if rng.random() < 0.5:
            first, second, relation = second, first, MIRRORED[relation]
        joint = " and " if not layout and rng.random() < 0.12 else f" {_pick(rng, RELATION_WORDS[relation])} "
        phrases = [_phrase(rng, group, with_size=False, article=article) for group in (first, second)]
        text = joint.join(phrases)
    if rng.random() < 0.85:
        text += background_phrase(rng, scene.background)
    if not plain and rng.random() < 0.10:
        text = _pick(rng, OPENINGS) + text
    return text


def with_filler(text: str, rng: np.random.Generator) -> str:
    """Add one to three words outside the grammar, in front or behind."""
    filler = ", ".join(_pick(rng, FILLERS) for _ in range(int(rng.integers(1, 4))))
    if not text:
        return filler
    return f"{text}, {filler}" if rng.random() < 0.7 else f"{filler}, {text}"
