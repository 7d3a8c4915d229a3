"""What do packs get for names of their host that Weft knows, but whose behaviour is missing?

Importing them works, as do subclassing and annotating, so that a pack's other nodes are there. Using them raises
`NotOffered`, which names what is missing; replacing them, as some packs do, is logged, since it would change nothing.
"""

import importlib
import importlib.util
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from engine.packs.offering import NotOffered

log = logging.getLogger("engine.packs")
SURFACE = Path(__file__).with_name("surface.txt")
NODE_MODULES = "comfy_extras"  # its modules hold node classes, of which many are native here


@cache
def surface() -> Mapping[str, Sequence[str]]:
    """Give the modules that packs import of their host, each with its names."""
    found: dict[str, list[str]] = {}
    module = ""
    for line in SURFACE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        if not line.startswith(" "):
            module, _, line = line.partition(":")
            found[module] = []
        found[module] += line.split()
    return found


def refuse(name: str) -> NoReturn:
    """Say that something is not offered. Raises NotOffered, always."""
    raise NotOffered(
        f"This pack uses {name}, which can be imported in Weft but does nothing here yet. The rest of the pack may "
        "work; docs/packs.md says what is offered to packs."
    )


class _AbsentType(type):
    """Makes classes that can be subclassed and named in annotations, and raise when anything is done with them."""

    _absent: str

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        refuse(cls._absent)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        refuse(f"{cls._absent}.{name}")

    def __setattr__(cls, name: str, value: Any) -> None:
        if "_absent" in cls.__dict__ and not name.startswith("_"):
            log.warning("A pack replaces %s.%s, which has no effect in Weft.", cls._absent, name)
        super().__setattr__(name, value)


def absent_class(module: str, name: str) -> type:
    """Make a class that stands for one that is missing."""
    return _AbsentType(name, (), {"_absent": f"{module}.{name}", "__module__": module})


def absent_function(module: str, name: str) -> Callable[..., Any]:
    """Make a function that stands for one that is missing."""

    def call(*args: Any, **kwargs: Any) -> Any:
        refuse(f"{module}.{name}")

    call.__name__ = call.__qualname__ = name
    call.__module__ = module
    call.__weft_absent__ = True  # type: ignore[attr-defined]
    return call


class _AbsentValue:
    """Stands for a value that is missing."""

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        refuse(self._name)

    def _refuse(self, *args: Any) -> Any:
        refuse(self._name)

    __iter__ = __len__ = __getitem__ = __setitem__ = __contains__ = __bool__ = __setattr__ = _refuse


def absent(module: str, name: str) -> Any:
    """Make what stands for a name that is missing, of the kind that its spelling says."""
    if name.isupper() and len(name) > 4:
        return _AbsentValue(f"{module}.{name}")
    return absent_class(module, name) if name[:1].isupper() else absent_function(module, name)


def is_absent(value: Any) -> bool:
    """Say whether something only stands for what is missing."""
    return isinstance(value, (_AbsentType, _AbsentValue)) or getattr(value, "__weft_absent__", False) is True


class HostModule(ModuleType):
    """A module of the host: names that are missing are made when they are asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        below = f"{self.__name__}.{name}"
        if hasattr(self, "__path__") and (below in sys.modules or importlib.util.find_spec(below) is not None):
            return importlib.import_module(below)
        if name in surface().get(self.__name__, ()):
            made = _native_node(name) if self.__name__.startswith(NODE_MODULES) else None
            made = absent(self.__name__, name) if made is None else made
            self.__dict__[name] = made
            return made
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if is_absent(self.__dict__.get(name)) or (
            name in surface().get(self.__name__, ()) and name not in self.__dict__ and not isinstance(value, ModuleType)
        ):
            log.warning("A pack replaces %s.%s, which has no effect in Weft.", self.__name__, name)
        super().__setattr__(name, value)


def complete(module: str) -> None:
    """Have a module of ours that is being imported offer the missing names, too."""
    sys.modules[module].__class__ = HostModule


class HostFinder(MetaPathFinder, Loader):
    """Finds modules of the host of which Weft has none of its own: all of their names are missing."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        below = any(name.startswith(f"{fullname}.") for name in surface())
        if fullname not in surface() and not below:
            return None
        return ModuleSpec(fullname, self, is_package=below)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return HostModule(spec.name, "A module of the ecosystem's host of which Weft offers names only.")

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to do: names are made when they are asked for."""


def install_finder() -> None:
    """Look for missing modules of the host, behind all others; once per process."""
    if not any(isinstance(finder, HostFinder) for finder in sys.meta_path):
        sys.meta_path.append(HostFinder())


def _native_node(name: str) -> Any:
    native = sys.modules.get("nodes")
    return getattr(native, "NODE_CLASS_MAPPINGS", {}).get(name)
