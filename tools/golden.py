"""Do our results equal the expected ones? Runs the workflows of a golden folder in float32 on the CPU and compares.

    python tools/golden.py GOLDEN [NAME ...] [--weights FOLDER] [--table docs/fidelity.md]

GOLDEN holds make_weights.py, workflows/NAME.json, expected/NAME.safetensors and inputs/. The seeded weights that the
results were made with (3 GB) are written to FOLDER (build/golden) if they are not there yet. Prints the largest
relative error of every tensor, max |ours - expected| / max |expected|, and of pictures the largest difference in
8-bit steps beside it. `--table` writes them as a page. Exits with 1 if a tensor's error is above 1e-3, or a picture is
off by more than 1 step.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402
from safetensors import safe_open  # noqa: E402
from torch import Tensor  # noqa: E402

from engine.execution import LocalExecutor, RunRequest  # noqa: E402
from engine.execution.cache import NodeOutputs, ResultCache  # noqa: E402
from engine.execution.keys import ResultKey, result_keys  # noqa: E402
from engine.files.places import Places  # noqa: E402
from engine.graph import check_graph, order  # noqa: E402
from engine.graph.nodes import Graph, NodeId  # noqa: E402
from engine.options import ComputeOptions  # noqa: E402
from engine.wire.prompt import read_prompt  # noqa: E402
from engine.worker.equipment import equip  # noqa: E402
from engine.worker.setup import WorkerSetup  # noqa: E402

LARGEST_ERROR = 1e-3
LARGEST_STEP = 1  # of 255: pictures are cut to whole steps, where any error may tip one over
WEIGHTS = ("sd15_random.safetensors", "cn15_random.safetensors")


class KeepingCache:
    """A ResultCache that lets nothing go until it is told to, so that every node's outputs can be compared."""

    def __init__(self, inner: ResultCache) -> None:
        self._inner = inner
        self._kept: dict[ResultKey, NodeOutputs] = {}

    def get(self, key: ResultKey) -> NodeOutputs | None:
        return self._kept.get(key) or self._inner.get(key)

    def put(self, key: ResultKey, outputs: NodeOutputs, seconds: float = 0.0) -> None:
        self._kept[key] = outputs
        self._inner.put(key, outputs)

    def clear(self) -> None:
        self._kept.clear()
        self._inner.clear()

    def forget(self) -> None:
        self._kept.clear()


@dataclass(frozen=True)
class Comparison:
    """One tensor of ours beside the expected one."""

    name: str
    error: float
    step: int | None = None  # pictures: largest difference of 255

    @property
    def passes(self) -> bool:
        return self.step <= LARGEST_STEP if self.step is not None else self.error <= LARGEST_ERROR

    def __str__(self) -> str:
        mark = "" if self.passes else "  <-- too large"
        step = "" if self.step is None else f" ({self.step} of 255)"
        return f"{self.name} {self.error:.1e}{step}{mark}"


class GoldenRun:
    """Runs golden workflows through nodes and executor, as a worker does."""

    def __init__(self, golden: Path, weights: Path, scratch: Path) -> None:
        self._golden = golden
        roots = {"checkpoints": weights, "controlnet": weights, "loras": golden / "inputs"}
        roots["embeddings"] = golden / "inputs"
        self._places = Places(
            input=golden / "inputs",
            output=scratch / "output",
            temp=scratch / "temp",
            user=scratch / "user",
            model_roots={name: (folder,) for name, folder in roots.items()},
        )
        compute = ComputeOptions(cpu=True, all_type="fp32", preview_method="none")
        equipment = equip(WorkerSetup(self._places, compute))
        self._registry = equipment.registry
        assert equipment.cache is not None
        self._cache = KeepingCache(equipment.cache)
        self._executor = LocalExecutor(
            self._registry, self._places, equipment.resources, equipment.lifecycles, self._cache
        )

    def close(self) -> None:
        self._executor.close()

    def compare(self, name: str) -> list[Comparison]:
        """Run one workflow and compare everything that is expected of it.

        Raises:
            RuntimeError: the workflow is refused or fails.
        """
        self._cache.forget()  # loaders stay in the cache below; what is saved must be saved again
        prompt = json.loads((self._golden / "workflows" / f"{name}.json").read_text())
        graph, targets = self._checked(read_prompt(prompt), name)
        outcome = self._executor.run(RunRequest(name, graph, targets, prompt), lambda event: None)
        if outcome.error is not None:
            raise RuntimeError(f"{outcome.error.node_type}: {outcome.error.message}")
        outputs = self._outputs(graph, targets)
        return list(self._comparisons(name, graph, outputs, outcome.outputs))

    def _checked(self, graph: Graph, name: str) -> tuple[Graph, tuple[NodeId, ...]]:
        validation = check_graph(graph, self._registry, self._places)
        if validation.failure or validation.problems:
            raise RuntimeError(f"{name} is refused: {validation.failure} {dict(validation.problems)}")
        return validation.graph, validation.targets

    def _outputs(self, graph: Graph, targets: tuple[NodeId, ...]) -> dict[NodeId, NodeOutputs]:
        sorted_ids, _ = order(graph, targets)
        keys = result_keys(graph, sorted_ids, self._registry, self._places)
        found = ((node_id, self._cache.get(keys[node_id])) for node_id in sorted_ids)
        return {node_id: outputs for node_id, outputs in found if outputs is not None}

    def _comparisons(
        self, name: str, graph: Graph, outputs: dict[NodeId, NodeOutputs], shown: Any
    ) -> Iterator[Comparison]:
        with safe_open(self._golden / "expected" / f"{name}.safetensors", "pt") as expected:
            taken_from = json.loads(expected.metadata()["taken_from"])
            for key in sorted(expected.keys()):
                tag, _, part = key.partition(".")
                if key in ("latent", "png"):
                    ours = self._saved(graph, shown, "SaveLatent" if key == "latent" else "SaveImage")
                else:
                    node_id, output = taken_from[tag]
                    ours = part_of(outputs[NodeId(node_id)].values[output][0], part)
                yield compare(key, ours, expected.get_tensor(key))

    def _saved(self, graph: Graph, shown: Any, node_type: str) -> Tensor:
        """What the workflow's saving node wrote, read back from its files."""
        (node_id,) = (node_id for node_id in graph.nodes if graph[node_id].type == node_type)
        references = next(iter(shown[node_id].values()))
        paths = [self._places.output / file["subfolder"] / file["filename"] for file in references]
        if node_type == "SaveImage":
            return torch.stack([torch.from_numpy(np.array(Image.open(path).convert("RGB"))) for path in paths])
        with safe_open(paths[0], "pt") as file:
            return file.get_tensor("latent_tensor")


def part_of(value: Any, part: str) -> Tensor:
    """The tensor that a name in an expected file stands for: samples, cond0, pooled_output0, t."""
    if part == "samples":
        return value.samples
    if part.startswith("cond"):
        return value[int(part.removeprefix("cond"))].embedding
    if part.startswith("pooled_output"):
        return value[int(part.removeprefix("pooled_output"))].pooled
    return value


def compare(name: str, ours: Tensor, expected: Tensor) -> Comparison:
    """Compare two tensors; those of different shapes are infinitely far apart."""
    if ours.shape != expected.shape:
        print(f"  {name}: expected shape {tuple(expected.shape)}, found {tuple(ours.shape)}")
        return Comparison(name, float("inf"))
    difference = float((ours.double() - expected.double()).abs().max())
    error = difference / float(expected.double().abs().max())
    return Comparison(name, error, int(difference) if expected.dtype == torch.uint8 else None)


TABLE_HEAD = """# Fidelity

What Weft computes beside what the reference implementation of the ecosystem gave, for the same workflow on the same
seeded full-size weights of SD 1.5, in float32 on the CPU. The error is max |ours - expected| / max |expected| over the
latent; pictures are compared in steps of 255. At most {error:.0e} and {step} of 255 are allowed.

Written by `python tools/golden.py GOLDEN --table docs/fidelity.md` (torch {torch}).

| workflow | latent | picture | other tensors |
| --- | --- | --- | --- |
"""


def table(found: Mapping[str, Sequence[Comparison]]) -> str:
    """Write all comparisons as a page, one row a workflow."""
    page = TABLE_HEAD.format(error=LARGEST_ERROR, step=LARGEST_STEP, torch=torch.__version__.partition("+")[0])
    for name, comparisons in found.items():
        by_name = {comparison.name: comparison for comparison in comparisons}
        latent, picture = by_name.pop("latent", None), by_name.pop("png", None)
        others = max((other.error for other in by_name.values() if other.step is None), default=None)
        cells = (
            "" if latent is None else f"{latent.error:.1e}",
            "" if picture is None else f"{picture.step} of 255",
            "" if others is None else f"{others:.1e} ({len(by_name)})",
        )
        page += f"| {name} | {' | '.join(cells)} |\n"
    return page


def make_weights(golden: Path, weights: Path) -> None:
    """Write the seeded weights where they are missing."""
    if not all((weights / name).is_file() for name in WEIGHTS):
        print(f"Writing the seeded weights to {weights} ...", flush=True)
        subprocess.run([sys.executable, golden / "make_weights.py", weights], check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("golden", type=Path)
    parser.add_argument("names", nargs="*", help="workflows to run (default: all)")
    parser.add_argument("--weights", type=Path, default=REPOSITORY / "build" / "golden")
    parser.add_argument("--table", type=Path, help="write the errors as a page to this file")
    said = parser.parse_args()
    golden = said.golden.resolve()
    if not (golden / "workflows").is_dir():
        parser.error(f"{golden} holds no folder `workflows`: give the folder of the golden results.")
    names = said.names or sorted(path.stem for path in (golden / "workflows").glob("*.json"))
    make_weights(golden, said.weights.resolve())
    failures = []
    everything: dict[str, list[Comparison]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        run = GoldenRun(golden, said.weights.resolve(), Path(scratch))
        for name in names:
            start = time.perf_counter()
            try:
                found = run.compare(name)
            except RuntimeError as error:
                found = []
                print(f"{name:22} FAILED: {error}")
            if not found or not all(comparison.passes for comparison in found):
                failures.append(name)
            everything[name] = found
            largest = max((c.error for c in found if c.step is None), default=float("nan"))
            details = ", ".join(map(str, found))
            print(f"{name:22} {largest:8.1e}  {time.perf_counter() - start:5.1f} s  {details}", flush=True)
        run.close()
    if said.table is not None:
        said.table.write_text(table(everything), encoding="utf-8")
    print(f"{len(names) - len(failures)} of {len(names)} within {LARGEST_ERROR:.0e}")
    if failures:
        print(f"Too far off: {', '.join(failures)}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
