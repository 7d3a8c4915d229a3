"""`execution`: small things that packs import from the executor's module."""

from engine.packs.absent import complete


def full_type_name(klass: type) -> str:
    """Name a class with its module; built-in ones without."""
    module = klass.__module__
    return klass.__qualname__ if module == "builtins" else f"{module}.{klass.__qualname__}"


complete(__name__)
