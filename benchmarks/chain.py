#!/usr/bin/env python3
"""Claim: checking and running a graph of trivial nodes costs time linear in its nodes.

    python -m benchmarks.chain [nodes]

Times a chain at a quarter of the size and at full size, with nothing cached and with everything cached, and
prints microseconds per node beside the peer: hashing each node's JSON once, which any result key must do.
"""

import hashlib
import json
import sys
import tempfile
import time
from pathlib import Path

from engine.execution import LocalExecutor, Resources, RunRequest
from engine.files.places import Places
from engine.graph import Graph, Link, Node, NodeResult, Registry, Socket, check_graph, node
from engine.graph.declare import DEFINITION

Number = Socket("NUMBER")


@node("Give", category="benchmark")
def give(*, value: int = 0) -> Number:
    return value


@node("Next", category="benchmark")
def following(*, number: Number, step: int = 1) -> Number:
    return number + step


@node("Show", category="benchmark", is_target=True)
def show(*, number: Number) -> NodeResult:
    return NodeResult(ui={"text": [str(number)]})


def chain(length: int) -> Graph:
    nodes = {"0": Node("0", "Give", {"value": 0})}
    for index in range(1, length):
        nodes[str(index)] = Node(str(index), "Next", {"number": Link(str(index - 1), 0), "step": 1})
    nodes["show"] = Node("show", "Show", {"number": Link(str(length - 1), 0)})
    return Graph(nodes)


def hash_each(graph: Graph) -> None:
    for item in graph.nodes.values():
        hashlib.sha256(json.dumps([item.type, repr(item.inputs)]).encode()).hexdigest()


def timed(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    full = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    registry = Registry(getattr(function, DEFINITION) for function in (give, following, show))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        places = Places.under(Path(folder))
        for length in (full // 4, full):
            graph = chain(length)
            executor = LocalExecutor(registry, places, Resources())
            request = RunRequest("job", graph, ("show",))
            checking = timed(lambda graph=graph: check_graph(graph, registry, places))
            running = timed(lambda executor=executor, request=request: executor.run(request, lambda event: None))
            cached = timed(lambda executor=executor, request=request: executor.run(request, lambda event: None))
            peer = timed(lambda graph=graph: hash_each(graph))
            rows.append([seconds / length * 1e6 for seconds in (checking, running, cached, peer)])
            executor.close()
    print(f"{'us per node':>14} {'check':>8} {'run':>8} {'cached':>8} {'hash only':>10}")
    for length, row in zip((full // 4, full), rows, strict=True):
        print(f"{length:>14} {row[0]:8.1f} {row[1]:8.1f} {row[2]:8.1f} {row[3]:10.1f}")
    growth = [large / small for small, large in zip(*rows, strict=True)]
    print(f"{'4x the nodes':>14} " + " ".join(f"{ratio:7.2f}x" for ratio in growth[:3]) + "   (1.00x is linear)")


if __name__ == "__main__":
    main()
