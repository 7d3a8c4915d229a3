"""How well do the unCLIP variant and its vision encoder do? Variations of unseen scenes, and ways from one to another.

python -m tools.tiny_model.companions.scores unclip --count 40 --sheets OUT
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np
from scipy import ndimage

from tools.tiny_model.companions.bench import Bench
from tools.tiny_model.companions.judging import (
    SHOWN,
    Figures,
    Rows,
    background_of,
    components,
    frame_of,
    percent,
    unseen,
    words_of,
)
from tools.tiny_model.drawing import draw
from tools.tiny_model.scenes import Scene
from tools.tiny_model.scorer import detect, score, summary

NOISES = (0.0, 0.3)  # noise_augmentation of the variations
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)  # of the last picture, along a way
MIDDLE = (0.4, 0.6)
BETWEEN, ASIDE = (0.2, 0.8), 0.35  # where between two colours, and how far off the line, in shares of their distance

Trait = tuple[str, str]


def kept(pictures: Sequence[np.ndarray], scenes: Sequence[Scene]) -> Figures:
    """In %: all shapes, all colours, each shape in its colour, their relation, nothing else, the background."""
    pairs = list(zip(pictures, scenes, strict=True))
    right = summary([score(picture, scene) for picture, scene in pairs])
    figures = {key: right[key] for key in ("objects", "colours", "attributes", "relation", "clean") if key in right}
    return figures | {"background": percent([background_of(picture) == scene.background for picture, scene in pairs])}


def ways(count: int) -> list[tuple[Scene, Scene]]:
    """Pairs of unseen scenes of one object that have neither shape nor colour nor background in common."""
    scenes, pairs = unseen(8 * count, ("one",)), []
    while len(pairs) < count:
        first = scenes.pop(0)
        last = next(scene for scene in scenes if not traits_of(first) & traits_of(scene))
        scenes.remove(last)
        pairs.append((first, last))
    return pairs


def traits_of(scene: Scene) -> set[Trait]:
    things = {trait for thing in scene.things for trait in (("shape", thing.shape), ("colour", thing.colour))}
    return things | {("background", scene.background)}


def shown_traits(picture: np.ndarray) -> set[Trait]:
    found = {trait for thing in detect(picture) for trait in (("shape", thing.shape), ("colour", thing.colour))}
    return found | {("background", background_of(picture))}


def is_between(colours: np.ndarray, first: np.ndarray, last: np.ndarray) -> bool:
    """Whether colours, (3,) or of many pixels at once, lie about between two others, of which neither is near."""
    way = (last - first).ravel().astype(np.float64)
    gone = (colours - first).ravel().astype(np.float64)
    share = float(gone @ way / (way @ way))
    return BETWEEN[0] < share < BETWEEN[1] and bool(np.linalg.norm(gone - share * way) < ASIDE * np.linalg.norm(way))


def object_colour(picture: np.ndarray) -> np.ndarray | None:
    """Mean (3,) of the largest object without its border; None where there is none."""
    largest = max(components(picture), key=lambda part: int(part.sum()), default=None)
    if largest is None:
        return None
    core = ndimage.binary_erosion(largest, iterations=3)
    mean: np.ndarray = picture[core if core.any() else largest].mean(0)
    return mean


def shows_both(picture: np.ndarray, first: Scene, last: Scene) -> bool:
    """Whether a picture has a trait of each of two scenes, or an object or a background of a colour between theirs."""
    shown, ends = shown_traits(picture), (draw(first), draw(last))
    if shown & traits_of(first) and shown & traits_of(last):
        return True
    own, (one, other) = object_colour(picture), map(object_colour, ends)
    between = own is not None and one is not None and other is not None and is_between(own, one, other)
    return between or is_between(frame_of(picture), *map(frame_of, ends))


def unclip_scores(bench: Bench, count: int) -> tuple[Figures, Rows]:
    """What variations keep, by noise; what words alone give; how many pictures half-way show something of both."""
    model, scenes = bench.variant("weft-tiny-unclip"), unseen(count)
    pictures = [draw(scene) for scene in scenes]
    figures: Figures = {
        f"{name} VAE": value for name, value in kept(list(map(bench.rebuilt, pictures)), scenes).items()
    }
    rows = [pictures[:SHOWN]]
    for noise in NOISES:
        made = [bench.varied(model, [(p, 1.0)], seed=i, noise=noise) for i, p in enumerate(pictures)]
        figures |= {f"{name} {noise}": value for name, value in kept(made, scenes).items()}
        rows.append(made[:SHOWN])
    by_words = [bench.draw(bench.say(words_of(scene, i)), seed=i, model=model) for i, scene in enumerate(scenes)]
    figures["attributes by words"] = kept(by_words, scenes)["attributes"]
    pairs, halfway, through, chance, ends = ways(count // 2), [], [], [], []
    for i, (first, last) in enumerate(pairs):
        one, other = draw(first), draw(last)
        strangers = (scene for scene in unseen(200) if not traits_of(scene) & (traits_of(first) | traits_of(last)))
        chance += [shows_both(draw(stranger), first, last) for stranger in islice(strangers, len(MIDDLE))]
        way = {s: bench.varied(model, [(one, 1 - s), (other, s)], seed=i) for s in SHARES}
        mixed = {share: shows_both(picture, first, last) for share, picture in way.items() if 0 < share < 1}
        halfway += [mixed[share] for share in MIDDLE]
        through.append(any(mixed.values()))
        ends += [score(way[0.0], first).attributes, score(way[1.0], last).attributes]
        rows.append([one, *way.values(), other])
    figures |= {"middle shows both": percent(halfway), "pictures of neither show both": percent(chance)}
    figures |= {"ways through a mixture": percent(through), "ends are the ends": percent(ends)}
    return figures, rows[: 3 + SHOWN]
