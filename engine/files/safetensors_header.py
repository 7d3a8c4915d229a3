"""What does a safetensors file hold? Its header, checked before a single byte of it is mapped.

The format: https://huggingface.co/docs/safetensors (8 bytes header length, a JSON object, the tensors' bytes).
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from engine.errors import BadFile

LENGTH_BYTES = 8
MAX_HEADER_BYTES = 100_000_000  # the format's own limit
MAX_NAME_CHARACTERS = 1024
MAX_DIMENSIONS = 16

DTYPE_BYTES: Mapping[str, int] = {
    "BOOL": 1,
    "U8": 1,
    "I8": 1,
    "F8_E4M3": 1,
    "F8_E5M2": 1,
    "U16": 2,
    "I16": 2,
    "F16": 2,
    "BF16": 2,
    "U32": 4,
    "I32": 4,
    "F32": 4,
    "U64": 8,
    "I64": 8,
    "F64": 8,
}


@dataclass(frozen=True)
class TensorInfo:
    """One tensor: its type as the format names it, its shape, and its bytes `start` to `end` of the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def nbytes(self) -> int:
        return self.end - self.start


@dataclass(frozen=True)
class CheckpointHeader:
    """Names, shapes and places of a weight file's tensors, without their values."""

    path: Path
    tensors: Mapping[str, TensorInfo]
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors together."""
        return sum(info.nbytes for info in self.tensors.values())

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor that must be there.

        Raises:
            BadFile: it is not.
        """
        if name not in self.tensors:
            raise BadFile(f"{self.path.name} has no weight {name!r}, which its layout needs. Is the file complete?")
        return self.tensors[name].shape


def read_header(path: Path, largest: int = MAX_HEADER_BYTES) -> CheckpointHeader:
    """Read and check the header of a safetensors file.

    Args:
        largest: bytes of a header that are read.

    Raises:
        BadFile: the file is missing, truncated, not safetensors, or its header contradicts itself, or is too large.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            text, data_start = _header_text(file, size, path, largest)
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror or error}.") from error
    entries = _parse(text, path)
    metadata = _metadata(entries.pop("__metadata__", {}), path)
    tensors = {name: _tensor(name, entry, data_start, size, path) for name, entry in entries.items()}
    _check_layout(tensors, data_start, size, path)
    return CheckpointHeader(path, tensors, metadata)


def _header_text(file: BinaryIO, size: int, path: Path, largest: int) -> tuple[bytes, int]:
    """The header's JSON and where the tensors' bytes begin."""
    if size < LENGTH_BYTES:
        raise BadFile(f"{path} has {size} bytes, too few for a safetensors file. Download it again.")
    length = int.from_bytes(file.read(LENGTH_BYTES), "little")
    if length > MAX_HEADER_BYTES:
        raise BadFile(
            f"{path} is no safetensors file: its first 8 bytes announce a header of {length} bytes, "
            f"more than the {MAX_HEADER_BYTES} that the format allows."
        )
    if length > largest:
        raise BadFile(f"{path} has a header of {length} bytes; here, headers of up to {largest} bytes are read.")
    if length > size - LENGTH_BYTES:
        raise BadFile(f"{path} is truncated: {size} bytes long with a header of {length} bytes. Download it again.")
    return file.read(length), LENGTH_BYTES + length


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise ValueError("a name appears twice")
    return entries


def _parse(text: bytes, path: Path) -> dict[str, object]:
    try:
        entries = json.loads(text.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise BadFile(f"{path} is no safetensors file: its header is not valid JSON ({reason}).") from error
    if not isinstance(entries, dict):
        raise BadFile(f"{path} is no safetensors file: its header is not a JSON object.")
    return entries


def _metadata(entry: object, path: Path) -> dict[str, str]:
    if not isinstance(entry, dict) or not all(isinstance(value, str) for value in entry.values()):
        raise BadFile(f"{path}: __metadata__ of a safetensors file must map names to text.")
    return entry


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**62


def _tensor(name: str, entry: object, data_start: int, size: int, path: Path) -> TensorInfo:
    shown = repr(name[:80])
    if not name or len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise BadFile(f"{path}: {shown} cannot be the name of a weight.")
    if not isinstance(entry, dict):
        raise BadFile(f"{path}: the header's entry for {shown} is not an object.")
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if not isinstance(dtype, str) or dtype not in DTYPE_BYTES:
        raise BadFile(f"{path}: {shown} has the type {str(dtype)[:40]!r}; known are {', '.join(DTYPE_BYTES)}.")
    if not isinstance(shape, list) or len(shape) > MAX_DIMENSIONS or not all(_is_count(n) for n in shape):
        raise BadFile(f"{path}: {shown} has the shape {str(shape)[:80]}, which is not a list of sizes.")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(_is_count(n) for n in offsets):
        raise BadFile(f"{path}: {shown} has the offsets {str(offsets)[:80]}, which are not two positions.")
    start, end = data_start + offsets[0], data_start + offsets[1]
    if end < start or end > size:
        raise BadFile(
            f"{path} is truncated or damaged: {shown} lies at bytes {start} to {end} of {size}. Download it again."
        )
    needed = math.prod(shape) * DTYPE_BYTES[dtype]
    if end - start != needed:
        raise BadFile(f"{path}: {shown}, {dtype} of shape {shape}, takes {needed} bytes, but has {end - start}.")
    return TensorInfo(dtype, tuple(shape), start, end)


def _check_layout(tensors: Mapping[str, TensorInfo], data_start: int, size: int, path: Path) -> None:
    """The tensors must lie one behind the other and fill the file: no overlap, no gap, nothing behind them."""
    position, before = data_start, "the header"
    for name, info in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].end)):
        if info.start != position:
            what = "overlaps" if info.start < position else "leaves a gap behind"
            raise BadFile(f"{path} is damaged: {name[:80]!r} {what} {before}.")
        position, before = info.end, repr(name[:80])
    if position != size:
        raise BadFile(f"{path} is damaged: {size - position} bytes follow its last weight. Download it again.")
