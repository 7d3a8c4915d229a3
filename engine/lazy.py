"""How does a package offer names from heavy modules without importing them?

PEP 562: a package's `__init__.py` holds a table of names, and a name's module is imported when the
name is first used, so that `from engine import diffusion` costs nothing and needs no torch.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def facade(package: str, names: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Make `(__getattr__, __dir__, __all__)` for a package that exports `names`.

    Args:
        package: the package's `__name__`.
        names: exported name -> submodule (relative to the package) that defines it. A name may not
            equal a submodule's, or importing the submodule would hide it.
    """
    clash = set(names) & {module.split(".")[0] for module in names.values()}
    if clash:
        raise ImportError(f"{package} exports {sorted(clash)}, which are also its submodules: rename one of each.")

    def get(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{names[name]}"), name)

    def listing() -> list[str]:
        return sorted(names)

    return get, listing, sorted(names)
