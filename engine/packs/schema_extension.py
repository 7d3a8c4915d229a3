"""Which node classes does a pack of the schema style bring (`comfy_entrypoint`)?"""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from engine.errors import EngineError


def extension_classes(entrypoint: Callable[[], Any]) -> tuple[dict[str, type[Any]], list[Exception]]:
    """Ask a pack's entry point, which may be async, for its extension, and the extension for its node classes.

    Returns:
        (node type -> class, in the pack's order; why some classes are not among them).

    Raises:
        EngineError: the entry point gives no extension, or the extension no list.
        Exception: whatever the pack's own code raises.
    """
    classes: dict[str, type[Any]] = {}
    errors: list[Exception] = []
    for cls in asyncio.run(_node_list(entrypoint)):
        try:
            node_type = _node_type(cls)
            if node_type in classes:
                raise EngineError(
                    f"Two node classes, {classes[node_type].__name__} and {cls.__name__}, have the node_id "
                    f"{node_type!r}; the first one is used. Rename one."
                )
            classes[node_type] = cls
        except Exception as error:  # noqa: BLE001 (define_schema may raise anything; it becomes a report)
            errors.append(error)
    return classes, errors


async def _node_list(entrypoint: Callable[[], Any]) -> list[Any]:
    extension = await _awaited(entrypoint())
    if not callable(getattr(extension, "get_node_list", None)):
        raise EngineError(
            f"comfy_entrypoint returned {type(extension).__name__}; expected a ComfyExtension, an object with "
            "`async def get_node_list(self)`."
        )
    if callable(getattr(extension, "on_load", None)):
        await _awaited(extension.on_load())
    classes = await _awaited(extension.get_node_list())
    if not isinstance(classes, (list, tuple)):
        raise EngineError(
            f"get_node_list of {type(extension).__name__} returned {type(classes).__name__}; expected a list of "
            "node classes."
        )
    return list(classes)


def _node_type(cls: Any) -> str:
    if not isinstance(cls, type) or not callable(getattr(cls, "GET_SCHEMA", None)):
        raise EngineError(f"get_node_list gave {cls!r}; expected a class that inherits from io.ComfyNode.")
    try:
        node_type = cls.GET_SCHEMA().node_id
    except Exception as error:
        raise EngineError(f"The schema of the node class {cls.__name__} cannot be read: {error}") from error
    if not isinstance(node_type, str) or not node_type:
        raise EngineError(f"The node class {cls.__name__} has the node_id {node_type!r}; expected a text.")
    return node_type


async def _awaited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value
