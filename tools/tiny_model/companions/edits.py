"""Edits that can be said in a few words, with the scenes before and after: what an editing model learns from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from tools.tiny_model.dataset import held_out_pairs
from tools.tiny_model.scenes import BACKGROUNDS, COLOURS, PLAIN_BACKGROUNDS, SHAPES, TOO_CLOSE, Scene, Thing

EditKind = Literal["recolour", "reshape", "background", "add", "remove"]
KINDS: tuple[EditKind, ...] = ("recolour", "reshape", "background", "add", "remove")
ALONE: tuple[EditKind, ...] = ("recolour", "reshape", "background")  # of pictures with one object
SCENIC_WORDS = {"meadow": "put it in a meadow", "night": "make it night", "sunset": "put it at sunset"}


@dataclass(frozen=True)
class Edit:
    """One pair. `touched`: the things of `before` and `after` that the edit is about; none: the background."""

    kind: EditKind
    instruction: str
    before: Scene
    after: Scene
    touched: tuple[Thing, ...]


def _pick(rng: np.random.Generator, options: list[str]) -> str:
    return options[int(rng.integers(len(options)))]


def _article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _named(thing: Thing, scene: Scene, rng: np.random.Generator) -> str:
    """ "the star", or "the red star" where there are several stars, and now and then elsewhere."""
    alone = sum(other.shape == thing.shape for other in scene.things) == 1
    return f"the {thing.shape}" if alone and rng.random() < 0.6 else f"the {thing.colour} {thing.shape}"


def _with_thing(scene: Scene, place: int, thing: Thing) -> Scene:
    return replace(scene, things=tuple(thing if i == place else other for i, other in enumerate(scene.things)))


def _recolour(scene: Scene, place: int, rng: np.random.Generator) -> Edit | None:
    taken = {thing.colour for thing in scene.things} | set(TOO_CLOSE[scene.background])
    colour, thing = _pick(rng, [c for c in COLOURS if c not in taken]), scene.things[place]
    after = replace(thing, colour=colour)
    words = f"{_pick(rng, ['make', 'turn'])} {_named(thing, scene, rng)} {colour}"
    return Edit("recolour", words, scene, _with_thing(scene, place, after), (thing, after))


def _reshape(scene: Scene, place: int, rng: np.random.Generator) -> Edit | None:
    taken = {thing.shape for thing in scene.things}
    shape, thing = _pick(rng, [s for s in SHAPES if s not in taken]), scene.things[place]
    after = replace(thing, shape=shape)
    words = f"turn {_named(thing, scene, rng)} into {_article(shape)}"
    return Edit("reshape", words, scene, _with_thing(scene, place, after), (thing, after))


def _background(scene: Scene, place: int, rng: np.random.Generator) -> Edit | None:
    fitting = [b for b in BACKGROUNDS if b != scene.background and not _hidden(scene, b)]
    if not fitting:
        return None
    name = _pick(rng, fitting)
    words = f"make the background {name}" if name in PLAIN_BACKGROUNDS else SCENIC_WORDS[name]
    return Edit("background", words, scene, replace(scene, background=name), ())


def _hidden(scene: Scene, background: str) -> bool:
    return any(thing.colour in TOO_CLOSE[background] for thing in scene.things)


def _remove(scene: Scene, place: int, rng: np.random.Generator) -> Edit | None:
    thing = scene.things[place]
    after = Scene(scene.background, (scene.things[1 - place],), None)
    return Edit("remove", f"remove {_named(thing, scene, rng)}", scene, after, (thing,))


def _add(scene: Scene, place: int, rng: np.random.Generator) -> Edit | None:
    thing = scene.things[place]
    before = Scene(scene.background, (scene.things[1 - place],), None)
    return Edit("add", f"add {_article(f'{thing.colour} {thing.shape}')}", before, scene, (thing,))


MAKERS = {"recolour": _recolour, "reshape": _reshape, "background": _background, "add": _add, "remove": _remove}


def sample_edit(scene: Scene, rng: np.random.Generator, kind: EditKind | None = None) -> Edit | None:
    """An edit of a picture with one object or two unlike ones; None where this one allows none.

    Args:
        kind: any where None.
    """
    kinds = ALONE if scene.kind == "one" else KINDS
    kind = kind or kinds[int(rng.integers(len(kinds)))]
    return MAKERS[kind](scene, int(rng.integers(len(scene.things))), rng) if kind in kinds else None


def edits_of(scenes: list[Scene], seed: int) -> Iterator[tuple[int, Edit]]:
    """(place of the scene, an edit of it) for training: none whose result shows a pair that is held out."""
    rng, held = np.random.default_rng(seed), held_out_pairs()
    for place, scene in enumerate(scenes):
        edit = None if scene.kind == "alike" else sample_edit(scene, rng)
        if edit is not None and edit.after.combination not in held and edit.before.combination not in held:
            yield place, edit
