"""Runs small graphs through a LocalExecutor, and keeps what it said."""

from pathlib import Path

from engine.execution import LocalExecutor, Resources, RunRequest
from engine.execution.events import NodeStarted
from engine.files.places import Places
from engine.graph import Graph, Node, Registry

PLACES = Places.under(Path("nowhere"))


def graph_of(nodes):
    return Graph({name: Node(name, kind, inputs) for name, (kind, inputs) in nodes.items()})


class Runner:
    """An executor, and what it said of the last run."""

    def __init__(self, definitions, **options):
        self.executor = LocalExecutor(Registry(definitions), PLACES, Resources(), **options)
        self.events = []
        self.jobs = 0

    def run(self, /, *targets, **nodes):
        self.jobs += 1
        self.events = []
        request = RunRequest(f"job {self.jobs}", graph_of(nodes), targets or ("show",))
        return self.executor.run(request, self.events.append)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def started(self):
        return [event.place.node for event in self.of(NodeStarted)]
