"""How do weights get from a file into modules, without a second copy in memory?"""

from __future__ import annotations

import math
import mmap
import pickle
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import BadFile
from engine.files.safetensors_header import CheckpointHeader, TensorInfo, read_header
from engine.models.scaled_weights import unscaled
from engine.models.weight_names import Places, WeightPlace, as_place

TORCH_DTYPES: Mapping[str, torch.dtype] = {
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "U16": torch.uint16,
    "I16": torch.int16,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "U32": torch.uint32,
    "I32": torch.int32,
    "F32": torch.float32,
    "U64": torch.uint64,
    "I64": torch.int64,
    "F64": torch.float64,
}
FORMAT_NAMES: Mapping[torch.dtype, str] = {dtype: name for name, dtype in TORCH_DTYPES.items()}
# What unpickling bytes that are no pickle has been seen to raise, UnpicklingError aside.
UNREADABLE = (
    OSError, RuntimeError, ValueError, EOFError, LookupError, AttributeError, TypeError, AssertionError, struct.error,
)  # fmt: skip
PICKLE_SUFFIXES = frozenset({".ckpt", ".pt", ".pt2", ".pth", ".bin", ".pkl"})


class WeightFile(Mapping[str, Tensor]):
    """The weights of one file by name. They stay on disk, as they are there, until their values are read.

    A tensor got from here may be read only: on most systems it is the file itself.
    """

    def __init__(self, header: CheckpointHeader, get: Callable[[str], Tensor], forget: Callable[[str], None]) -> None:
        self.header = header
        self._get, self._forget = get, forget

    def __getitem__(self, name: str) -> Tensor:
        if name not in self.header.tensors:
            raise KeyError(name)
        return self._get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.header.tensors)

    def __len__(self) -> int:
        return len(self.header.tensors)

    def __contains__(self, name: object) -> bool:
        return name in self.header.tensors  # without reading it

    def forget(self, name: str) -> None:
        """Let go of the memory that reading this weight took; it can be read again."""
        self._forget(name)

    def read_as(self, header: CheckpointHeader, get: Callable[[str], Tensor]) -> WeightFile:
        """The same file, its weights, which `header` names, read in another way."""
        return WeightFile(header, get, self._forget)


def open_weights(path: Path) -> WeightFile:
    """Open a weight file: safetensors by memory map, pickles (.ckpt, .pt, ...) without running code in them.

    8-bit weights that have a factor are read as their product with it.

    Raises:
        BadFile: the file is missing, damaged or hostile.
    """
    path = Path(path)
    return unscaled(_open_pickle(path) if path.suffix.lower() in PICKLE_SUFFIXES else _open_safetensors(path))


def _open_safetensors(path: Path) -> WeightFile:
    header = read_header(path)
    try:
        with path.open("rb") as file:
            # A private copy-on-write map: torch wants writable memory, the file stays as it is.
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except (OSError, ValueError) as error:
        raise BadFile(f"{path} cannot be mapped into memory: {error}.") from error
    return WeightFile(
        header,
        lambda name: _view(mapped, header.tensors[name]),
        lambda name: _drop_pages(mapped, header.tensors[name]),
    )


def _view(mapped: mmap.mmap, info: TensorInfo) -> Tensor:
    dtype = TORCH_DTYPES[info.dtype]
    if info.nbytes == 0:
        return torch.empty(info.shape, dtype=dtype)
    data = torch.frombuffer(mapped, dtype=torch.uint8, count=info.nbytes, offset=info.start)
    if info.start % dtype.itemsize:  # headers need not keep the bytes aligned
        data = data.clone()
    return data.view(dtype).reshape(info.shape)


def _drop_pages(mapped: mmap.mmap, info: TensorInfo) -> None:
    """Give back the pages that hold only this weight, where the system can."""
    first = -(-info.start // mmap.PAGESIZE) * mmap.PAGESIZE
    last = info.end // mmap.PAGESIZE * mmap.PAGESIZE
    if last > first and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED, first, last - first)


def _open_pickle(path: Path) -> WeightFile:
    return weights_of(path, _tensors_in(read_pickle(path)))


def weights_of(path: Path, tensors: Mapping[str, Tensor]) -> WeightFile:
    """Tensors that were read from a file, by names of the reader's choice, as a file of weights.

    Raises:
        BadFile: there are none.
    """
    if not tensors:
        raise BadFile(f"{path} holds no weights.")
    infos = {
        name: TensorInfo(FORMAT_NAMES.get(t.dtype, str(t.dtype)), tuple(t.shape), 0, t.nbytes)
        for name, t in tensors.items()
    }
    return WeightFile(CheckpointHeader(path, infos), tensors.__getitem__, lambda name: None)


def read_pickle(path: Path) -> object:
    """What a pickle holds, without running code in it.

    Raises:
        BadFile: the file is missing, damaged, hostile, or of another kind by its name.
    """
    if path.suffix.lower() not in PICKLE_SUFFIXES:
        known = ", ".join(sorted(PICKLE_SUFFIXES))
        raise BadFile(f"{path} is read as a pickle, which its name does not say it is: expected one of {known}.")
    try:
        return _unpickle(path)
    except FileNotFoundError as error:
        raise BadFile(f"{path} does not exist.") from error
    except pickle.UnpicklingError as error:
        raise BadFile(
            f"{path} holds more than weights: it would run code when loaded ({_first_line(error)}). "
            "It was not loaded. Get a .safetensors version of it, or convert it where you trust it."
        ) from error
    except UNREADABLE as error:
        raise BadFile(f"{path} cannot be read as weights: {_first_line(error)}.") from error


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]


def _unpickle(path: Path) -> object:
    """Weights only; mapped where the file is of the newer, zipped kind."""
    with torch.serialization.safe_globals([nn.ParameterDict]):  # the first embeddings were kept in one
        try:
            return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except RuntimeError as error:
            if "mmap" not in str(error):
                raise
            return torch.load(path, map_location="cpu", weights_only=True)


def _tensors_in(content: object) -> dict[str, Tensor]:
    """The named tensors of a checkpoint, also where they lie a level deeper in it; what is no tensor is left.

    Where several things lie deeper, as in embeddings, names are both levels': "string_to_param.*".
    """
    if not isinstance(content, dict):
        return {}
    inner = (content.get(key) for key in ("state_dict", "params_ema", "params"))
    named = next((found for found in inner if isinstance(found, dict)), content)
    tensors = _named_tensors(named)
    if tensors:
        return tensors
    deeper = {name: part for name, part in content.items() if isinstance(part, dict | nn.ParameterDict)}
    return {f"{outer}.{name}": t for outer, part in deeper.items() for name, t in _named_tensors(part).items()}


def _named_tensors(content: dict[Any, Any] | nn.ParameterDict) -> dict[str, Tensor]:
    return {name: t.detach() for name, t in content.items() if isinstance(name, str) and isinstance(t, Tensor)}


class Weights(Mapping[str, Tensor]):
    """The weights of one module, by the module's own names, wherever they lie."""

    def __init__(self, file: WeightFile, places: Places) -> None:
        """places: the module's name of each weight -> where the file keeps it."""
        self._found = {own: (file, as_place(place)) for own, place in places.items()}

    @classmethod
    def joined(cls, parts: Mapping[str, Weights]) -> Weights:
        """The weights of a module of several parts, maybe of several files: names begin with their part's."""
        whole = cls.__new__(cls)
        whole._found = {f"{part}.{own}": at for part, weights in parts.items() for own, at in weights._found.items()}
        return whole

    def __getitem__(self, name: str) -> Tensor:
        file, place = self._found[name]
        weight = file[place.name]
        if place.is_transposed:
            weight = weight.T
        return weight if place.parts == 1 else weight.chunk(place.parts)[place.part]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, name: object) -> bool:
        return name in self._found  # without reading it

    def shape(self, name: str) -> tuple[int, ...]:
        file, place = self._found[name]
        return place.shape(file.header.tensors[place.name].shape)

    def file_name(self, name: str) -> str:
        """What the file calls this weight."""
        return self._found[name][1].name

    def as_stored(self, value: Callable[[str], Tensor]) -> Iterator[tuple[str, Tensor]]:
        """Yield what a file of this layout holds, by the file's names, of the weights' values by our names."""
        kept: dict[str, list[tuple[int, str, WeightPlace]]] = {}
        for own, (_, place) in self._found.items():
            kept.setdefault(place.name, []).append((place.part, own, place))
        for name, parts in kept.items():
            values = [value(own) for _, own, _ in sorted(parts, key=lambda part: part[0])]
            whole = values[0] if len(values) == 1 else torch.cat(values)
            yield name, whole.T if parts[0][2].is_transposed else whole

    def marks(self, most_numbers: int = 16) -> dict[str, Tensor]:
        """The small tensors beside the weights, by which trainers tell what they did."""
        used = {place.name for _, place in self._found.values()}
        files = {id(file): file for file, _ in self._found.values()}.values()
        return {
            name: file[name].clone()
            for file in files
            for name, info in file.header.tensors.items()
            if name not in used and name.count(".") < 2 and math.prod(info.shape) <= most_numbers
        }

    def forget(self, name: str) -> None:
        """Let go of the memory that reading this weight took."""
        file, place = self._found[name]
        file.forget(place.name)

    @property
    def file_names(self) -> str:
        """The files that the weights lie in, for messages."""
        return ", ".join(dict.fromkeys(file.header.path.name for file, _ in self._found.values()))


def check_weights(module: nn.Module, weights: Weights, part: str) -> None:
    """Check that a file has exactly the weights that a module (on the meta device) needs, in their shapes.

    Raises:
        BadFile: names what is missing, unexpected, or of another shape.
    """
    wanted = {name: tuple(t.shape) for name, t in module.state_dict().items()}
    missing, unexpected = sorted(wanted.keys() - weights.keys()), sorted(weights.keys() - wanted.keys())
    wrong = [
        f"{name} is {list(weights.shape(name))}, expected {list(shape)}"
        for name, shape in wanted.items()
        if name in weights and weights.shape(name) != shape
    ]
    problems = [
        f"{len(names)} {what}: {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}"
        for what, names in (("missing", missing), ("unexpected", unexpected), ("of another shape", wrong))
        if names
    ]
    if problems:
        raise BadFile(f"{weights.file_names}: the weights of its {part} do not fit. {'; '.join(problems)}.")
