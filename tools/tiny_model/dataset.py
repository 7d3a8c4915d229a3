"""The picture set on disk: shards of pictures with their scenes, and captions held out for scoring.

    python -m tools.tiny_model.dataset --out DATA --pictures 24000 --seed 1

writes DATA/pictures_000.npy (uint8, N x 128 x 128 x 3), DATA/scenes_000.jsonl, ... and DATA/held_out.jsonl.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from tools.tiny_model.captions import caption
from tools.tiny_model.drawing import draw
from tools.tiny_model.networks import PRESETS, add_preset
from tools.tiny_model.scenes import SIZE, Scene, Thing, sample_scene

SHARD = 2000  # pictures in a file
HELD_OUT_SEED = 777
HELD_OUT_PAIRS = 40  # pairs of (shape, colour) that never occur together in training


@dataclass(frozen=True)
class Example:
    """A caption never trained on, with the scene that it describes."""

    caption: str
    scene: Scene


def scene_to_json(scene: Scene) -> str:
    return json.dumps(asdict(scene))


def scene_from_json(line: str) -> Scene:
    data = json.loads(line)
    return Scene(data["background"], tuple(Thing(**thing) for thing in data["things"]), data["relation"])


def held_out_pairs() -> set[tuple[tuple[str, str], ...]]:
    """The combinations of two objects that training never sees together."""
    rng = np.random.default_rng(HELD_OUT_SEED)
    pairs: set[tuple[tuple[str, str], ...]] = set()
    while len(pairs) < HELD_OUT_PAIRS:
        scene = sample_scene(rng)
        if scene.kind == "two":
            pairs.add(scene.combination)
    return pairs


def held_out(count: int, seed: int = HELD_OUT_SEED + 1, single: float = 0.5) -> list[Example]:
    """Draw captions for scoring: a share `single` of one object, the rest of two objects in held-out pairs."""
    rng = np.random.default_rng(seed)
    pairs = held_out_pairs()
    singles = round(count * single)
    ones: list[Example] = []
    twos: list[Example] = []
    while len(ones) < singles or len(twos) < count - singles:
        scene = sample_scene(rng)
        example = Example(caption(scene, rng, layout=True, plain=True), scene)
        if scene.kind == "one" and len(ones) < singles:
            ones.append(example)
        elif scene.combination in pairs and len(twos) < count - singles:
            twos.append(example)
    return ones + twos


def training_scenes(count: int, seed: int) -> Iterator[Scene]:
    rng = np.random.default_rng(seed)
    pairs = held_out_pairs()
    made = 0
    while made < count:
        scene = sample_scene(rng)
        if scene.combination not in pairs:
            made += 1
            yield scene


def write_shard(out: Path, index: int, count: int, seed: int, side: int = SIZE) -> None:
    scenes = list(training_scenes(count, seed * 100_003 + index))
    pictures = np.empty((count, side, side, 3), np.uint8)
    for place, scene in enumerate(scenes):
        pictures[place] = draw(scene, side)
    (out / f"scenes_{index:03}.jsonl").write_text("".join(scene_to_json(scene) + "\n" for scene in scenes))
    partial = out / f"partial_{index:03}.npy"
    np.save(partial, pictures)
    partial.rename(out / f"pictures_{index:03}.npy")  # a shard is whole or absent


def _shards(data: Path, pattern: str, limit: int | None) -> list[Path]:
    shards = sorted(data.glob(pattern))[: None if limit is None else -(-limit // SHARD)]
    if not shards:
        raise FileNotFoundError(f"no {pattern} in {data}: run `python -m tools.tiny_model.dataset --out {data}`")
    return shards


def load_scenes(data: Path, limit: int | None = None) -> list[Scene]:
    """Read the scenes of the first `limit` pictures."""
    shards = _shards(data, "scenes_*.jsonl", limit)
    return [scene_from_json(line) for shard in shards for line in shard.read_text().splitlines()][:limit]


def load_pictures(data: Path, limit: int | None = None) -> np.ndarray:
    """Read the first `limit` pictures: uint8 (N, side, side, 3)."""
    return np.concatenate([np.load(shard) for shard in _shards(data, "pictures_*.npy", limit)])[:limit]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=24_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", default="0/1", help="i/n: make every n-th shard from the i-th on, to share the work")
    add_preset(parser)
    arguments = parser.parse_args()
    side = PRESETS[arguments.preset].side
    arguments.out.mkdir(parents=True, exist_ok=True)
    part, parts = map(int, arguments.part.split("/"))
    if part == 0:
        lines = [json.dumps({"caption": e.caption, "scene": asdict(e.scene)}) + "\n" for e in held_out(300)]
        (arguments.out / "held_out.jsonl").write_text("".join(lines))
    for index in range(part, -(-arguments.pictures // SHARD), parts):
        if not (arguments.out / f"pictures_{index:03}.npy").exists():
            write_shard(arguments.out, index, min(SHARD, arguments.pictures - index * SHARD), arguments.seed, side)
            print(f"shard {index}", flush=True)


if __name__ == "__main__":
    main()
