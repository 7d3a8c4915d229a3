"""How are the files of workflows read and written, so that what another program put there meanwhile stays?"""

import errno
from pathlib import Path

from engine.documents.keeper import present_ms
from engine.documents.opening import NoRoom
from engine.errors import EngineError
from engine.files.saving import make_folder, write_new, write_whole


class Overtaken(EngineError):
    """Another program wrote a file in the moment before we did."""


def read(path: Path) -> bytes | None:
    """Read a file; None if there is none."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def modified_ms(path: Path) -> int:
    """Say when a file was changed, in milliseconds since 1970; of one that is gone: now."""
    try:
        return path.stat().st_mtime_ns // 1_000_000
    except FileNotFoundError:
        return present_ms()


def write(path: Path, body: bytes, *, is_new: bool) -> None:
    """Put a file in its place. Raises NoRoom, EngineError, and Overtaken if a new one has come there meanwhile."""
    make_folder(path.parent)
    try:
        (write_new if is_new else write_whole)(path, body)
    except FileExistsError:
        raise Overtaken from None
    except EngineError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoom(
                f"No room for {path.name!r} ({len(body):,} bytes) in {path.parent}. What was there before is whole. "
                "Free some space, and save again."
            ) from error
        raise
