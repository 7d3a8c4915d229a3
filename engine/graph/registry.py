"""Which node types are there?"""

from collections.abc import Iterable, Iterator, Mapping

from engine.errors import EngineError
from engine.graph.definition import NodeDefinition


class Registry(Mapping[str, NodeDefinition]):
    """Node types by name. A later definition of a name replaces an earlier one, as packs expect."""

    def __init__(self, definitions: Iterable[NodeDefinition] = ()) -> None:
        self._by_type: dict[str, NodeDefinition] = {}
        for definition in definitions:
            self.add(definition)

    def add(self, definition: NodeDefinition) -> None:
        if not definition.type:
            raise EngineError(f"A node type in {definition.module} has an empty name: give it one.")
        self._by_type[definition.type] = definition

    def __getitem__(self, node_type: str) -> NodeDefinition:
        return self._by_type[node_type]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_type)

    def __len__(self) -> int:
        return len(self._by_type)
