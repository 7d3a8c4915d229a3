"""How much main memory does this machine have, and how much of it does this process use?"""

import os
import sys
from pathlib import Path


def main_memory() -> tuple[int, int]:
    """Give (total, free) bytes of main memory; 0 where the system does not say."""
    if sys.platform == "win32":
        return _windows()
    total = _pages("SC_PHYS_PAGES")
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return total, int(line.split()[1]) * 1024
    return total, _pages("SC_AVPHYS_PAGES")


def resident_memory(process_id: int | None = None) -> int:
    """Give the bytes of main memory that a process occupies now, this one if none is said.

    0 where the system does not say, or there is no such process.
    """
    try:
        pages = Path(f"/proc/{process_id or 'self'}/statm").read_text().split()[1]
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _pages(name: str) -> int:
    if name not in os.sysconf_names:
        return 0
    return os.sysconf(name) * os.sysconf("SC_PAGE_SIZE")


def _windows() -> tuple[int, int]:
    import ctypes

    class MemoryStatus(ctypes.Structure):
        """MEMORYSTATUSEX of the Windows API."""

        _fields_ = [
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "free", "pages", "pages_free", "room", "room_free")),
            ("extended", ctypes.c_ulonglong),
        ]

    status = MemoryStatus(length=ctypes.sizeof(MemoryStatus))
    api = getattr(ctypes, "windll")  # noqa: B009 (absent from the type stubs elsewhere)
    api.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return int(status.total), int(status.free)
