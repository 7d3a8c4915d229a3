"""Fuzzes one target, or all: python -m tests.fuzz.run [TARGET] [--runs N] [--seed N]

With atheris installed (requirements-fuzz.txt) its coverage leads the way; else bytes are changed at random.
"""

import argparse
import importlib.util
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

from tests.fuzz.targets import TARGETS, seeds

ODD = [b"\0", b"\xff", b'"', b"{", b"[", b"]", b"}", b"-1", b"1e999", b"9" * 40, b"\\ud800", b"null", b"true", b"\r\n",
       b"\xf0\x9f\x98\x80", b"__class__", b"../", b"%00", b"--b", b";", b"\x80\x04", b"\x7f\xff\xff\xff"]  # fmt: skip


READERS = ("engine.wire.", "engine.files.", "engine.graph.validate", "engine.worker.link")


def mutations(name: str, count: int, seed: int) -> Iterator[bytes]:
    """Yield the seeds of a target, then as many changed ones."""
    chance = random.Random(f"{name} {seed}")
    known = list(seeds(name))
    yield from known
    for _ in range(count):
        data = bytearray(chance.choice(known))
        for _ in range(chance.randint(1, 6)):
            _change(data, chance)
        if chance.random() < 0.02 and len(known) < 200:
            known.append(bytes(data))
        yield bytes(data)


def _change(data: bytearray, chance: random.Random) -> None:
    at = chance.randint(0, len(data))
    end = min(len(data), at + chance.choice((1, 2, 4, 8, 40)))
    match chance.randrange(6):
        case 0:
            data[at:end] = chance.choice(ODD)
        case 1:
            data[at:at] = chance.choice(ODD)
        case 2:
            del data[at:end]
        case 3:
            data[at:end] = chance.randbytes(end - at)
        case 4:
            data[at:at] = data[at:end] * chance.randint(1, 4)
        case 5 if at < len(data):
            data[at] ^= 1 << chance.randrange(8)


def run(name: str, count: int, seed: int) -> None:
    """Try a target; what it raises is raised on, with the bytes that did it."""
    for data in mutations(name, count, seed):
        try:
            TARGETS[name](data)
        except Exception as error:
            raise AssertionError(f"{name} fails on {data!r}: {error!r}") from error


def _with_atheris(name: str, count: int) -> None:
    import atheris

    with tempfile.TemporaryDirectory() as corpus:
        for number, data in enumerate(seeds(name)):
            (Path(corpus) / str(number)).write_bytes(data)
        for function in _ours():
            atheris.instrument_func(function)
        atheris.Setup([sys.argv[0], f"-runs={count}", "-max_len=4096", "-timeout=20", corpus], TARGETS[name])
        atheris.Fuzz()


def _ours() -> Iterator[FunctionType]:
    """Yield the functions whose coverage leads the way: those that read what strangers send."""
    for name, module in list(sys.modules.items()):
        if name.startswith(READERS):
            owners = [module, *(each for each in vars(module).values() if isinstance(each, type))]
            found = (part for owner in owners for part in vars(owner).values() if isinstance(part, FunctionType))
            yield from (function for function in found if function.__module__ == name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="?", choices=sorted(TARGETS))
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    said = parser.parse_args()
    if said.target is not None and importlib.util.find_spec("atheris") is not None:
        _with_atheris(said.target, said.runs)
        return 0
    for name in [said.target] if said.target else sorted(TARGETS):
        print(name, flush=True)
        if said.target is None and importlib.util.find_spec("atheris") is not None:  # it ends its process
            subprocess.run([sys.executable, "-m", "tests.fuzz.run", name, "--runs", str(said.runs)], check=True)
        run(name, said.runs, said.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
