"""Which native node types are there?

Every function in a module of this package that is declared with `@node` is one; a new module needs no entry
anywhere. Declaring is free of torch: the server knows all node types without it.
"""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from engine.graph import NodeDefinition, declared_in


def definitions() -> Iterator[NodeDefinition]:
    """Yield the definitions of all native nodes: modules by name, functions as they are written."""
    for name in sorted(module.name for module in iter_modules(__path__)):
        yield from declared_in(import_module(f"{__name__}.{name}"))
