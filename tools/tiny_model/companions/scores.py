"""How well does each companion do what it is for? Measured on unseen scenes, drawn through the engine's nodes.

    python -m tools.tiny_model.companions.scores edges segments --count 60 --sheets OUT
    python -m tools.tiny_model.companions.scores instruct --companions OUT/models      # files that are not shipped yet

Prints one line of figures for each; with --sheets lays pictures out as OUT/NAME.png.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import ndimage

from tools.tiny_model.companions.bench import Bench
from tools.tiny_model.companions.controlnet import class_map, outline_picture, segment_picture
from tools.tiny_model.companions.edits import KINDS, Edit, sample_edit
from tools.tiny_model.companions.judging import (
    SEED,
    SHOWN,
    Figures,
    Rows,
    background_of,
    components,
    percent,
    unseen,
    words_of,
)
from tools.tiny_model.companions.looks import TEAL, crescent, draw_outlined
from tools.tiny_model.companions.lora import WORD, moon_scene
from tools.tiny_model.companions.scores_unclip import unclip_scores
from tools.tiny_model.companions.scores_upscale import upscale_scores
from tools.tiny_model.drawing import contact_sheet, draw
from tools.tiny_model.scenes import BACKGROUNDS, COLOURS, SHAPES, SIZE, TOO_CLOSE, Scene, Thing
from tools.tiny_model.scorer import Score, foreground, normalized, score, summary, templates

KNOWN_COLOURS = np.array(list(COLOURS.values()), np.float32)


def agreement(picture: np.ndarray, scene: Scene) -> float:
    """Intersection over union of the objects in a picture with those of the scene."""
    found, wanted = foreground(picture), class_map(scene) > 0
    return float((found & wanted).sum() / max(1, (found | wanted).sum()))


def control_scores(bench: Bench, count: int, kind: str) -> tuple[Figures, Rows]:
    """Outline agreement, and what is right of the caption, with the control network and without."""
    hint_of = {"edges": outline_picture, "segments": segment_picture}[kind]
    scenes = unseen(count)
    hints = [hint_of(scene) for scene in scenes]
    words = [words_of(scene, place) for place, scene in enumerate(scenes)]
    with_map = [
        bench.controlled(f"weft-tiny-{kind}", h, w, seed=i) for i, (h, w) in enumerate(zip(hints, words, strict=True))
    ]
    without = [bench.draw(bench.say(w), seed=i) for i, w in enumerate(words)]
    figures = {}
    for name, pictures in (("with", with_map), ("without", without)):
        pairs = list(zip(pictures, scenes, strict=True))
        figures[f"overlap {name}"] = round(100 * float(np.mean([agreement(p, s) for p, s in pairs])), 1)
        right = summary([score(p, s) for p, s in pairs])
        figures |= {f"{key} {name}": right[key] for key in ("attributes", "relation") if key in right}
    return figures, [hints[:SHOWN], with_map[:SHOWN], without[:SHOWN]]


def hole_share(mask: np.ndarray) -> float:
    filled = ndimage.binary_fill_holes(mask)
    return float((filled & ~mask).sum() / filled.sum())


def is_outlined(picture: np.ndarray) -> bool:
    """Whether there are objects and every one of them is hollow."""
    parts = components(picture)
    return bool(parts) and all(hole_share(part) > 0.08 for part in parts)


def style_scores(bench: Bench, count: int) -> tuple[Figures, Rows]:
    """Share of pictures whose objects are hollow, with the LoRA and without; and whose colours are right with it."""
    scenes = [s for s in unseen(4 * count) if all(thing.shape != "ring" for thing in s.things)][:count]
    words = [words_of(scene, place) for place, scene in enumerate(scenes)]
    model, clip = bench.with_lora("weft-tiny-style")
    styled = [bench.draw(bench.say(w, clip), bench.say("", clip), seed=i, model=model) for i, w in enumerate(words)]
    plain = [bench.draw(bench.say(w), seed=i) for i, w in enumerate(words)]
    truth = [draw_outlined(scene) for scene in scenes]
    figures = {
        "outlined with": percent([is_outlined(p) for p in styled]),
        "outlined without": percent([is_outlined(p) for p in plain]),
        "outlined truth": percent([is_outlined(p) for p in truth]),
        "colours with": summary([score(p, s) for p, s in zip(styled, scenes, strict=True)])["colours"],
    }
    return figures, [plain[:SHOWN], styled[:SHOWN]]


def is_moon(mask: np.ndarray) -> bool:
    """Whether an object looks more like the crescent than like any shape of the domain."""
    own = normalized(mask)
    moon = normalized(crescent(Thing("circle", "red", 64, 64, 64, 0)) > 0.5)
    overlaps = [np.minimum(own, t).sum() / np.maximum(own, t).sum() for t in (moon, *templates()[1])]
    return overlaps[0] > 0.6 and overlaps[0] == max(overlaps)


def object_scores(bench: Bench, count: int) -> tuple[Figures, Rows]:
    """Share of captions with the word whose picture shows one crescent in its colour; and what else became of it."""
    rng, scenes = np.random.default_rng(SEED), []
    while len(scenes) < count:
        name = BACKGROUNDS[int(rng.integers(len(BACKGROUNDS)))]
        fitting = [c for c in COLOURS if c not in TOO_CLOSE[name]]
        scenes.append(moon_scene(fitting[int(rng.integers(len(fitting)))], name, 64, 64, 64))
    words = [words_of(scene, i).replace("circle", WORD).replace("ball", WORD) for i, scene in enumerate(scenes)]
    model, clip = bench.with_lora("weft-tiny-object")
    nothing = bench.say("", clip)
    moons = [bench.draw(bench.say(w, clip), nothing, seed=i, model=model) for i, w in enumerate(words)]
    before = [bench.draw(bench.say(w), seed=i) for i, w in enumerate(words)]
    others = unseen(count // 2)
    kept = [bench.draw(bench.say(words_of(s, i), clip), nothing, seed=i, model=model) for i, s in enumerate(others)]
    figures: Figures = {}
    for name, pictures in (("with", moons), ("without", before)):
        shown = [components(p) for p in pictures]
        figures[f"moons {name}"] = percent([len(parts) == 1 and is_moon(parts[0]) for parts in shown])
        figures[f"colours {name}"] = summary([score(p, s) for p, s in zip(pictures, scenes, strict=True)])["colours"]
    figures["other objects"] = summary([score(p, s) for p, s in zip(kept, others, strict=True)])["attributes"]
    return figures, [before[:SHOWN], moons[:SHOWN], kept[:SHOWN]]


def nearest_is_teal(picture: np.ndarray) -> bool:
    """Whether the mean colour of the largest object is nearer to TEAL than to every colour that has a name."""
    parts = components(picture)
    if not parts:
        return False
    core = ndimage.binary_erosion(max(parts, key=lambda part: part.sum()), iterations=3)
    mean = picture[core].mean(0)
    named = np.abs(KNOWN_COLOURS - mean).sum(-1).min()
    return bool(np.abs(np.array(TEAL) - mean).sum() < named)


def embedding_scores(bench: Bench, count: int) -> tuple[Figures, Rows]:
    """Share of pictures in the new colour by "embedding:...", and by the two words that it began as."""
    fitting = [s for s in unseen(9 * count, ("one",)) if s.background not in ("blue", "green", "meadow")][:count]
    scenes = [replace(s, things=(replace(s.things[0], colour="red"),)) for s in fitting]
    words = [words_of(scene, place) for place, scene in enumerate(scenes)]
    asked = [w.replace(" a red ", " an red ").replace("red", "embedding:weft-tiny-word") for w in words]
    teal = [bench.draw(bench.say(w), seed=i) for i, w in enumerate(asked)]
    plain = [bench.draw(bench.say(w.replace("red", "blue green")), seed=i) for i, w in enumerate(words)]
    shapes = summary([score(p, s) for p, s in zip(teal, scenes, strict=True)])["objects"]
    figures = {
        "new colour": percent([nearest_is_teal(p) for p in teal]),
        "by words": percent([nearest_is_teal(p) for p in plain]),
        "shapes": shapes,
    }
    return figures, [plain[:SHOWN], teal[:SHOWN]]


def replaced(scene: Scene, rng: np.random.Generator) -> tuple[Scene, np.ndarray]:
    """The scene with one object exchanged for another, and the mask that covers it: float32 (SIZE, SIZE)."""
    place = int(rng.integers(len(scene.things)))
    thing, taken = scene.things[place], {(t.shape, t.colour) for t in scene.things}
    colours = [c for c in COLOURS if c not in TOO_CLOSE[scene.background] and c not in {t.colour for t in scene.things}]
    shapes = [s for s in SHAPES if s not in {t.shape for t in scene.things}]
    new = replace(thing, shape=shapes[int(rng.integers(len(shapes)))], colour=colours[int(rng.integers(len(colours)))])
    assert (new.shape, new.colour) not in taken
    ys, xs = np.mgrid[0:SIZE, 0:SIZE] + 0.5
    room = thing.diameter / 2 + 5
    mask = (np.maximum(np.abs(ys - thing.y), np.abs(xs - thing.x)) < room).astype(np.float32)
    return replace(scene, things=tuple(new if i == place else t for i, t in enumerate(scene.things))), mask


def seam(picture: np.ndarray, mask: np.ndarray) -> float:
    """Mean step of brightness (0..255) between neighbouring pixels on either side of a mask's border."""
    grey, inside = picture.astype(np.float32).mean(-1), mask > 0.5
    steps = [np.abs(np.diff(grey, axis=axis))[np.diff(inside, axis=axis)] for axis in (0, 1)]
    return float(np.concatenate(steps).mean())


def inpaint_scores(bench: Bench, count: int) -> tuple[Figures, Rows]:
    """What is right where one object was exchanged, and seams: the variant against the base with a mask."""
    rng = np.random.default_rng(SEED)
    scenes = unseen(count)
    pairs = [replaced(scene, rng) for scene in scenes]
    words = [words_of(after, place) for place, (after, _) in enumerate(pairs)]
    pictures, model = [draw(scene) for scene in scenes], bench.variant("weft-tiny-inpaint")
    ours = [
        bench.inpainted(model, p, m, w, seed=i)
        for i, (p, (_, m), w) in enumerate(zip(pictures, pairs, words, strict=True))
    ]
    theirs = [
        bench.masked(p, m, w, seed=i) for i, (p, (_, m), w) in enumerate(zip(pictures, pairs, words, strict=True))
    ]
    figures: Figures = {"seam truth": round(float(np.mean([seam(draw(s), m) for s, m in pairs])), 2)}
    for name, made in (("variant", ours), ("base", theirs)):
        right = summary([score(p, s) for p, (s, _) in zip(made, pairs, strict=True)])
        figures[f"content {name}"], figures[f"clean {name}"] = right["attributes"], right["clean"]
        figures[f"seam {name}"] = round(float(np.mean([seam(p, m) for p, (_, m) in zip(made, pairs, strict=True)])), 2)
    holes = [np.where(m[..., None] > 0.5, 128, p).astype(np.uint8) for p, (_, m) in zip(pictures, pairs, strict=True)]
    return figures, [pictures[:SHOWN], holes[:SHOWN], ours[:SHOWN], theirs[:SHOWN]]


def is_edit_right(picture: np.ndarray, edit: Edit) -> bool:
    """Whether a picture shows what the scene after the edit shows: its objects in their colours, nothing else, its
    background."""
    found: Score = score(picture, edit.after)
    return found.attributes and found.clean and background_of(picture) == edit.after.background


def is_rest_unchanged(picture: np.ndarray, original: np.ndarray, edit: Edit) -> bool:
    """Whether what the edit is not about differs by less than 12 of 255 on average from what the VAE keeps of it."""
    ys, xs = np.mgrid[0:SIZE, 0:SIZE] + 0.5
    if edit.kind == "background":
        rest = ndimage.binary_erosion(class_map(edit.before) > 0, iterations=3)
    else:
        rest = np.ones((SIZE, SIZE), bool)
        for thing in edit.touched:
            rest &= np.hypot(ys - thing.y, xs - thing.x) > thing.diameter * 0.72 + 6
    return float(np.abs(picture.astype(np.float32) - original)[rest].mean()) < 12


def instruct_scores(bench: Bench, count: int) -> tuple[Figures, Rows]:
    """By kind of edit and in all: the edit is right, the rest unchanged."""
    rng, edits = np.random.default_rng(SEED), []
    for scene in unseen(40 * count, ("two",)):
        kind = KINDS[len(edits) % len(KINDS)]
        if kind in ("recolour", "reshape", "background") and rng.random() < 0.5:
            scene = replace(scene, things=(scene.things[0],), relation=None)
            scene = replace(scene, things=(replace(scene.things[0], x=64.0, y=64.0, diameter=66.0),))
        edit = sample_edit(scene, rng, kind)
        if edit is not None and len(edits) < count:
            edits.append(edit)
    model, before = bench.variant("weft-tiny-instruct"), [draw(edit.before) for edit in edits]
    made = [bench.edited(model, p, e.instruction, seed=i) for i, (p, e) in enumerate(zip(before, edits, strict=True))]
    right = [is_edit_right(p, e) for p, e in zip(made, edits, strict=True)]
    kept = [is_rest_unchanged(p, bench.rebuilt(b), e) for p, b, e in zip(made, before, edits, strict=True)]
    figures = {"edit right": percent(right), "rest unchanged": percent(kept)}
    for kind in KINDS:
        own = [i for i, edit in enumerate(edits) if edit.kind == kind]
        figures[f"{kind}"] = percent([right[i] for i in own])
        figures[f"rest, {kind}"] = percent([kept[i] for i in own])
    for i in range(SHOWN * 2):
        print(f"  {i}: {edits[i].instruction!r}" if i < len(edits) else "")
    return figures, [before[:SHOWN], made[:SHOWN], before[SHOWN : 2 * SHOWN], made[SHOWN : 2 * SHOWN]]


SCORES: dict[str, Callable[[Bench, int], tuple[Figures, Rows]]] = {
    "edges": lambda bench, count: control_scores(bench, count, "edges"),
    "segments": lambda bench, count: control_scores(bench, count, "segments"),
    "style": style_scores,
    "object": object_scores,
    "embedding": embedding_scores,
    "inpaint": inpaint_scores,
    "instruct": instruct_scores,
    "unclip": unclip_scores,
    "upscale": upscale_scores,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(SCORES))
    parser.add_argument("--root", type=Path, default=Path(), help="the folder that holds `models`")
    parser.add_argument("--companions", type=Path, help="a folder named `models` that is searched first")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--sheets", type=Path)
    arguments = parser.parse_args()
    bench = Bench(arguments.root, arguments.companions)
    for name in arguments.names:
        figures, rows = SCORES[name](bench, arguments.count)
        print(json.dumps({"companion": name, "pictures": arguments.count, **figures}), flush=True)
        if arguments.sheets:
            arguments.sheets.mkdir(parents=True, exist_ok=True)
            shown = [picture for row in rows for picture in row]
            contact_sheet(shown, columns=len(rows[0])).save(arguments.sheets / f"{name}.png")


if __name__ == "__main__":
    main()
