"""Imported by every Python process that finds it in PYTHONPATH: no word to another host, and every attempt noted."""

import ipaddress
import os
import sys
import traceback
from typing import Any

LOOKUPS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
TALKS = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}


def _is_near(host: Any) -> bool:
    if host in (None, "", b"", "localhost", b"localhost", "0.0.0.0", "::"):
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host)).is_loopback
    except ValueError:
        return False


def _target(event: str, arguments: tuple[Any, ...]) -> Any:
    """Give the host that an event is about, or None if it is about none."""
    if event in LOOKUPS or event == "http.client.connect":
        return arguments[0] if event in LOOKUPS else arguments[1]
    if event in TALKS:
        address = arguments[TALKS[event]]
        return address[0] if isinstance(address, tuple) else None  # a Unix socket has no host
    return None


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not event.startswith(("socket.", "http.client.", "urllib.", "ftplib.", "smtplib.")):
        return
    target = arguments[0] if event == "urllib.Request" else _target(event, arguments)
    if target is None or (event != "urllib.Request" and _is_near(target)):
        return
    where = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_stack()[-6:-1])
    with open(os.environ["WATCHED_TO"], "a", encoding="utf-8") as file:  # noqa: PTH123 - pathlib is not loaded yet
        file.write(f"{event} {target!r} {where}\n")
    raise PermissionError(f"{event} {target!r}: this test lets nobody speak to another host.")


if "WATCHED_TO" in os.environ:
    sys.addaudithook(_watch)
    with open(os.environ["WATCHED_TO"].replace(".txt", ".watching"), "a", encoding="utf-8") as _file:  # noqa: PTH123
        _file.write(f"{os.getpid()}\n")
