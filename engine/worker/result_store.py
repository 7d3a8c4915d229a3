"""How are costly results kept on disk, within bounds, for other workers and after a restart?

One safetensors file per result, named by its key and by what else decides it (`origin`). Files are written by a
thread of their own under another name and then renamed, so that a reader never meets half of one; the time of the last
change is the time of the last use; the files used longest ago go first. Any number of processes may share the folder.
"""

import contextlib
import hashlib
import logging
import os
import queue
import shutil
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from engine.errors import BadFile
from engine.execution.cache import NodeOutputs
from engine.execution.keys import ResultKey
from engine.execution.shown_files import shown_files
from engine.files.places import Places
from engine.files.safetensors_header import read_header
from engine.worker.stored_values import NotWritable, Reader, Writer

FORMAT = "weft result 1"
SUFFIX = ".safetensors"
UNFINISHED = ".part"
UNFINISHED_FOR_S = 3600  # older ones were left by a process that died
MOST_WAITING_BYTES = 512 * 2**20  # what may wait to be written; beyond it, results stay in memory only
LEAVE_FREE_BYTES = 2 * 2**30  # of the disk
ROOM_AFTER_CLEARING = 0.9  # of the budget, so that not every file that is written makes one go
LOOK_AFTER_SHARE = 1 / 16  # of the budget written since the folder was last looked at: others write too
UNREADABLE = (BadFile, SafetensorError, ValueError, KeyError, TypeError, IndexError, RuntimeError)

log = logging.getLogger(__name__)


class DiskStore:
    """Results in a folder; a `ResultStore`."""

    def __init__(
        self, folder: Path, budget_bytes: int, places: Places, origin: str, classes: Sequence[type] = ()
    ) -> None:
        """Use a folder, which is created when the first result is written.

        Args:
            origin: what decides a result beside its key: the code, the number types, the device.
            classes: frozen data classes that results may hold.
        """
        self._folder = folder
        self._budget_bytes = budget_bytes
        self._places = places
        self._origin = origin
        self._classes = tuple(classes)
        self._lock = threading.Lock()  # guards the two below
        self._waiting_bytes = 0
        self._thread: threading.Thread | None = None
        self._orders: queue.Queue[Callable[[], None]] = queue.Queue()
        self._unseen_bytes: float = float("inf")  # written since the folder was looked at, by the writing thread only
        self._seen_bytes = 0
        self._given_up = False

    def get(self, key: ResultKey) -> NodeOutputs | None:
        path = self._path(key)
        if not path.exists():
            return None
        try:
            outputs = self._read(path, key)
        except FileNotFoundError:
            return None  # another process needed the room
        except OSError as error:
            log.warning("The result in %s cannot be read, and is computed again: %s", path, error)
            return None
        except UNREADABLE as error:
            log.warning("The result in %s is broken; it is removed, and computed again: %s", path, error)
            outputs = None
        if outputs is None:
            _remove(path)
        return outputs

    def put(self, key: ResultKey, outputs: NodeOutputs) -> None:
        writer = Writer(self._classes)
        try:
            text = writer.write([outputs.values, outputs.ui])
        except (NotWritable, ValueError):  # ValueError: a number of more digits than Python writes
            return
        size = sum(tensor.nbytes for tensor in writer.tensors.values()) + len(text)
        files = {str(path): _state(path) for path in shown_files(outputs.ui, self._places)}
        with self._lock:
            if self._given_up or self._waiting_bytes + size > min(MOST_WAITING_BYTES, self._budget_bytes):
                return
            self._waiting_bytes += size
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="result store", daemon=True)
                self._thread.start()
        meta = {"format": FORMAT, "key": key, "value": text, "files": repr(sorted(files.items()))}
        self._orders.put(lambda: self._keep(key, writer.tensors, meta, size))

    def flush(self) -> None:
        """Wait until all that was put is written."""
        self._orders.join()

    def _path(self, key: ResultKey) -> Path:
        return self._folder / (hashlib.sha256(f"{self._origin}\n{key}".encode()).hexdigest()[:48] + SUFFIX)

    # Reading

    def _read(self, path: Path, key: ResultKey) -> NodeOutputs | None:
        """Give the result in a file; None if what it shows has changed. Raises OSError or one of UNREADABLE."""
        with contextlib.suppress(OSError):  # a folder that may only be read
            os.utime(path)
        meta = read_header(path).metadata
        if meta.get("format") != FORMAT or meta.get("key") != key:
            raise BadFile("it holds something else")
        tensors = load(path.read_bytes())
        if meta["checksum"] != _checksum(tensors, meta):
            raise BadFile("its checksum is wrong")
        values, ui = Reader(self._classes, tensors).read(meta["value"])
        files = {str(shown): _state(shown) for shown in shown_files(ui, self._places)}
        return NodeOutputs(values, ui) if repr(sorted(files.items())) == meta["files"] else None

    # Writing, in a thread of its own

    def _work(self) -> None:
        while True:
            order = self._orders.get()
            try:
                order()
            finally:
                self._orders.task_done()

    def _keep(self, key: ResultKey, tensors: Mapping[str, torch.Tensor], meta: Mapping[str, Any], size: int) -> None:
        try:
            if not self._given_up:
                self._write(self._path(key), tensors, {**meta, "checksum": _checksum(tensors, meta)})
        except (OSError, SafetensorError) as error:
            self._given_up = True
            log.warning("Results are no longer kept on disk in %s, only in memory: %s", self._folder, error)
        finally:
            with self._lock:
                self._waiting_bytes -= size

    def _write(self, path: Path, tensors: Mapping[str, torch.Tensor], meta: dict[str, str]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        data = save(dict(tensors), meta)
        if len(data) > self._budget_bytes or shutil.disk_usage(self._folder).free < len(data) + LEAVE_FREE_BYTES:
            return
        unfinished = self._folder / f"{path.stem}.{uuid.uuid4().hex}{UNFINISHED}"
        try:
            unfinished.write_bytes(data)
            unfinished.replace(path)
        except PermissionError:
            if not path.exists():  # on Windows, a file that another process reads cannot be replaced
                raise
        finally:
            _remove(unfinished)
        self._unseen_bytes += len(data)
        full = self._seen_bytes + self._unseen_bytes > self._budget_bytes
        if full or self._unseen_bytes > LOOK_AFTER_SHARE * self._budget_bytes:
            self._make_room()

    def _make_room(self) -> None:
        """Look at what is there, from whichever process, and remove what was used longest ago."""
        found = sorted(self._files(), key=lambda file: file[0])
        total = sum(size for _, size, _ in found)
        enough = self._budget_bytes if total <= self._budget_bytes else ROOM_AFTER_CLEARING * self._budget_bytes
        for _, size, path in found:
            if total <= enough:
                break
            _remove(path)
            total -= size
        self._seen_bytes, self._unseen_bytes = total, 0

    def _files(self) -> list[tuple[float, int, Path]]:
        """List (time of the last use, bytes, path) of every result; what a dead process left is removed."""
        found = []
        for entry in os.scandir(self._folder):
            with contextlib.suppress(FileNotFoundError):  # another process was quicker
                state = entry.stat()
                if entry.name.endswith(SUFFIX):
                    found.append((state.st_mtime, state.st_size, Path(entry.path)))
                elif entry.name.endswith(UNFINISHED) and time.time() - state.st_mtime > UNFINISHED_FOR_S:
                    _remove(Path(entry.path))
        return found


def _checksum(tensors: Mapping[str, torch.Tensor], meta: Mapping[str, Any]) -> str:
    """CRC-32 of the tensors' bytes and of what stands beside them."""
    found = zlib.crc32("\n".join((meta["key"], meta["value"], meta["files"])).encode())
    for name in sorted(tensors):
        if tensors[name].numel():
            found = zlib.crc32(memoryview(tensors[name].reshape(-1).view(torch.uint8).numpy()), found)
    return f"{found:08x}"


def _state(path: Path) -> tuple[int, int] | None:
    """Say which file this is: another one may get the same name later."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):  # gone already, or open in another process on Windows
        path.unlink(missing_ok=True)
