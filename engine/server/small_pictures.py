"""How is a result shown small in a list of thousands? As WebP, made once and kept. Slow: call it in a thread."""

import contextlib
import hashlib
import os
import threading
from pathlib import Path

from engine.errors import BadFile
from engine.files.images import recode_image
from engine.files.saving import write_whole

LONGER_SIDE = 256  # pixels
QUALITY = 80
LARGEST_FILE_BYTES = 256 * 2**20
MOST_BYTES = 256 * 2**20  # of all that are kept in one folder
LEFT_SHARE = 0.8  # of that, after the oldest were removed
COUNTED_EVERY = 100  # pictures that are made


class SmallPictures:
    """Makes and keeps them. Any thread may ask."""

    def __init__(self, most_bytes: int = MOST_BYTES, counted_every: int = COUNTED_EVERY) -> None:
        self._most_bytes = most_bytes
        self._counted_every = counted_every
        self._lock = threading.Lock()  # guards the one below
        self._made = 0

    @staticmethod
    def mark(path: Path) -> str:
        """Name the present content of a file by its path, time and size.

        Raises:
            BadFile: there is no such file, or it is too large to be looked at.
        """
        try:
            found = path.stat()
        except OSError as error:
            raise BadFile(f"{path.name} cannot be read: {error.strerror}.") from None
        if found.st_size > LARGEST_FILE_BYTES:
            raise BadFile(
                f"{path.name} has {found.st_size} bytes; pictures are shown small up to {LARGEST_FILE_BYTES}."
            )
        told = f"{path}\n{found.st_mtime_ns}\n{found.st_size}\n{LONGER_SIDE}\n{QUALITY}"
        return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:40]

    def get(self, path: Path, mark: str, folder: Path) -> bytes:
        """Give a picture small, as WebP; from the folder if it was made before.

        Raises:
            BadFile: it is no picture, or has too many pixels.
        """
        kept = folder / f"{mark}.webp"
        with contextlib.suppress(OSError):
            data = kept.read_bytes()
            os.utime(kept)  # what was looked at last goes last
            return data
        data = recode_image(path, "webp", quality=QUALITY, max_side=LONGER_SIDE)
        with contextlib.suppress(OSError):  # a full disk, say: it is made again the next time
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(kept, data)
            self._shorten(folder)
        return data

    def _shorten(self, folder: Path) -> None:
        """Remove the oldest now and then, if there are too many."""
        with self._lock:
            self._made += 1
            if self._made % self._counted_every:
                return
            files = []
            for entry in os.scandir(folder):
                with contextlib.suppress(OSError):
                    found = entry.stat(follow_symlinks=False)
                    files.append((found.st_mtime_ns, found.st_size, entry.path))
            size = sum(entry[1] for entry in files)
            if size <= self._most_bytes:
                return
            for _, bytes_of_it, name in sorted(files):
                with contextlib.suppress(OSError):
                    Path(name).unlink()
                size -= bytes_of_it
                if size <= self._most_bytes * LEFT_SHARE:
                    return
