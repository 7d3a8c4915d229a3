"""Small stand-ins for tests: nodes without torch, and the equipment of a worker that runs them."""

import asyncio
import ctypes
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, NamedTuple

from engine.execution.context import NodeContext, Resources
from engine.execution.events import PreviewImage
from engine.files.places import Places
from engine.graph.declare import Choice, Range, Text, declared_in, node
from engine.graph.definition import NodeDefinition, NodeResult, Runs
from engine.graph.registry import Registry
from engine.graph.sockets import Socket
from engine.graph.widgets import ModelFiles
from engine.worker.setup import WorkerSetup
from engine.worker.workshop import Equipment

Number = Socket("NUMBER")
TINY_JPEG = b"\xff\xd8\xff\xe0 not quite a picture"


class SumAndCount(NamedTuple):
    number: Number  # type: ignore[valid-type]
    count: Number  # type: ignore[valid-type]


@node("Constant", category="test", runs=Runs.FREELY)
def constant(*, value: Annotated[int, Range(-100, 100)] = 1) -> Number:  # type: ignore[valid-type]
    """Give a number.

    Args:
        value: the number.
    """
    return value


@node("Add", category="test")
def add(*, a: Number, b: Annotated[int, Range()] = 1) -> Number:  # type: ignore[valid-type]
    """Add to a number."""
    return a + b  # type: ignore[operator]


@node("Both", category="test", display_name="Sum and count")
def both(*, a: Number, b: Number | None = None) -> SumAndCount:  # type: ignore[valid-type]
    """Give a sum, and how many numbers went into it."""
    return SumAndCount(a + (b or 0), 1 if b is None else 2)


@node("Show", category="test", is_target=True)
def show(*, value: Number) -> NodeResult:  # type: ignore[valid-type]
    """Show a number."""
    return NodeResult((), {"text": [str(value)]})


@node("SaveText", category="test", is_target=True)
def save_text(
    *,
    value: Number,
    name: str = "note",
    text: Annotated[str, Text(multiline=True)] = "",
    context: NodeContext,  # type: ignore[valid-type]
) -> NodeResult:
    """Write a text file into the output folder."""
    file = context.places.output / f"{name}.txt"
    file.write_text(f"{text}{value}", encoding="utf-8")
    return NodeResult((), {"images": [{"filename": file.name, "subfolder": "", "type": "output"}]})


@node("Append", category="test", is_target=True)
def append(
    *,
    value: Number,
    line: str = "",
    to: str = "lines",
    context: NodeContext,  # type: ignore[valid-type]
) -> NodeResult:
    """Write a line behind those that are in a file, so that whatever runs twice is seen."""
    file = context.places.output / f"{to}.txt"
    with file.open("a", encoding="utf-8") as lines:
        lines.write(f"{line}\n")
    return NodeResult((), {"images": [{"filename": file.name, "subfolder": "", "type": "output"}]})


@node("ShowProgress", category="test")
def show_progress(
    *,
    value: Number,
    steps: int = 3,
    step_ms: int = 0,
    context: NodeContext,  # type: ignore[valid-type]
) -> Number:  # type: ignore[valid-type]
    """Report steps with previews."""
    for step in range(steps):
        time.sleep(step_ms / 1000)
        context.progress(step + 1, steps, PreviewImage("JPEG", TINY_JPEG))
    return value


@node("Sleep", category="test")
def sleep(*, seconds: float = 0.1, salt: int = 0, context: NodeContext) -> Number:  # type: ignore[valid-type]
    """Wait in small steps, so that a cancel is heard."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        context.check_cancelled()
        time.sleep(0.01)
    return salt


@node("Doze", category="test")
def doze(*, seconds: float = 0.1) -> Number:  # type: ignore[valid-type]
    """Wait in one call that hears nothing."""
    time.sleep(seconds)
    return 0


@node("HoldInterpreter", category="test")
def hold_interpreter(*, seconds: float = 0.1) -> Number:  # type: ignore[valid-type]
    """Stay in one C call that lets no other Python thread run."""
    if sys.platform != "win32":
        ctypes.PyDLL(None).usleep(int(seconds * 1e6))
    return 0


@node("Fail", category="test")
def fail(*, value: Number, text: str = "it went wrong") -> Number:  # type: ignore[valid-type]
    """Raise an error."""
    raise ValueError(text)


@node("Crash", category="test")
def crash(*, status: int = 3) -> Number:  # type: ignore[valid-type]
    """End the whole process."""
    print("these are my last words", file=sys.stderr, flush=True)
    os._exit(status)


@node("Speak", category="test")
def speak(*, text: str = "hello") -> Number:  # type: ignore[valid-type]
    """Print to standard output, as nodes of strangers do."""
    print(text, flush=True)
    return 1


@node("ReturnText", category="test")
def return_text(*, text: str = "hello") -> str:
    """Give a text."""
    return text


@node("ProcessId", category="test")
def process_id(*, salt: int = 0) -> Number:  # type: ignore[valid-type]
    """Give the id of the process that runs the node."""
    return os.getpid()


@node("ChooseModel", category="test", is_target=True)
def choose_model(
    *, name: Annotated[str, Choice(ModelFiles("checkpoints"))], mode: Annotated[str, Choice(("a", "b"))] = "b"
) -> None:
    """Name a model file."""


def definitions() -> Iterable[NodeDefinition]:
    """Give the node types of this file."""
    return declared_in(sys.modules[__name__])


def equip(setup: WorkerSetup, importing: Callable[[str], None]) -> Equipment:
    """Equip a worker with the node types of this file."""
    return Equipment(Registry(definitions()), Resources(), torch_version="none")


def equip_with_packs(setup: WorkerSetup, importing: Callable[[str], None]) -> Equipment:
    """Equip a worker with the node types of this file and of the packs in its folders."""
    from types import ModuleType

    from engine.packs import bring_packs

    registry = Registry(definitions())
    native = ModuleType("nodes")
    supplies = bring_packs(
        setup.places, setup.compute, registry, native, setup.only_packs, left_out=setup.left_out, importing=importing
    )
    supplies.open()
    return Equipment(
        registry,
        Resources(),
        added=supplies.definitions,
        torch_version="none",
        brought=supplies.brought,
        said_by_packs=supplies.pass_on,
        begins=supplies.begins,
        read_again=supplies.read_again,
    )


def equip_badly(setup: WorkerSetup, importing: Callable[[str], None]) -> Equipment:
    """Fail, as a worker does whose packages are broken."""
    raise RuntimeError("a package is broken")


def setup_in(folder: Path) -> WorkerSetup:
    """Set up a worker with the node types of this file, and folders below `folder`."""
    places = Places.under(folder)
    places.make()
    return WorkerSetup(places, equipment="tests.doubles:equip")


def entry(node_type: str, **inputs: object) -> dict[str, object]:
    """Write a node as it stands in a prompt, with the defaults of what is not given."""
    definition = Registry(definitions())[node_type]
    options = {spec.name: spec.widget.options() for spec in definition.inputs if spec.widget is not None}
    defaults = {name: found["default"] for name, found in options.items() if "default" in found}
    return {"class_type": node_type, "inputs": {**defaults, **inputs}}


async def eventually(condition: Callable[[], bool], timeout_s: float = 10) -> None:
    """Wait until a condition holds that nothing announces."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
